"""How likely each thing is, and what fits where."""

from world import vocabulary
from world.scene import NONE

PLACES = {
    "beach": 1.7, "ocean": 1.5, "forest": 1.3, "mountains": 1, "snowy mountains": 1.2, "city":
    1.2, "castle": 1.7, "desert": 1, "snow": 1, "garden": 1.3, "village": 1, "lake": 1, "space":
    1, "underwater": 1, "room": 1, "meadow": 1.2, "river": 0.8, "waterfall": 0.7, "island": 0.8,
    "farm": 0.8, "sky": 0.8, "volcano": 0.6,
}  # fmt: skip


TIMES = {"dawn": 0.17, "day": 0.26, "sunset": 0.22, "dusk": 0.14, "night": 0.21}


WEATHERS = {"clear": 0.5, "cloudy": 0.12, "rain": 0.13, "snow": 0.1, "fog": 0.08, "storm": 0.07}


STYLES = {"flat": 0.3, "watercolour": 0.2, "ink": 0.16, "pastel": 0.17, "retro": 0.17}


SEASONS = {
    "forest": {NONE: 0.72, "autumn": 0.17, "spring": 0.11},
    "snow": {NONE: 0.7, "winter": 0.3},
    "snowy mountains": {NONE: 0.8, "winter": 0.2},
    "beach": {NONE: 0.88, "summer": 0.12},
    "island": {NONE: 0.88, "summer": 0.12},
    "ocean": {NONE: 0.93, "summer": 0.07},
}
GREEN = ("garden", "village", "lake", "meadow", "river", "farm", "city", "castle", "mountains")
GREEN_SEASONS = {NONE: 0.78, "autumn": 0.11, "spring": 0.07, "summer": 0.04}
INSIDE = ("space", "underwater", "room")


NO_WEATHER = (*INSIDE, "sky")


SKY_OBJECTS = (
    "balloon",
    "hot-air balloon",
    "kite",
    "star",
    "moon",
    "sun",
    "cloud",
    "rainbow",
    "airplane",
)


FITTING: dict[str, tuple[str, ...]] = {
    "beach": ("umbrella", "palm", "sandcastle", "ball", "sailboat", "lighthouse", "boat", "kite",
    "balloon"), "ocean": ("sailboat", "boat", "sailboat", "moon", "sun", "cloud", "rainbow",
    "hot-air balloon"), "forest": ("tree", "mushroom", "pine", "tent", "campfire", "house",
    "flowers", "rock", "lantern"), "mountains": ("tent", "pine", "house", "campfire",
    "hot-air balloon", "balloon", "windmill", "train"), "snowy mountains": ("balloon", "pine",
    "snowman", "house", "hot-air balloon", "train", "tent"), "city": ("lamp", "bench", "car",
    "bicycle", "tree", "balloon", "umbrella", "airplane", "clock"), "castle": ("tree", "crystal",
    "flowers", "rainbow", "moon", "star", "blossom tree", "lantern"), "desert": ("cactus",
    "cactus", "tent", "rock", "hot-air balloon", "palm", "sun", "car"), "snow": ("snowman",
    "pine", "house", "lantern", "gift", "campfire", "balloon"), "garden": ("flowers", "sunflower",
    "bench", "umbrella", "blossom tree", "table", "lantern", "tree", "apple"), "village":
    ("house", "windmill", "tree", "bicycle", "pumpkin", "lamp", "flowers", "bridge"), "lake":
    ("boat", "sailboat", "bridge", "tent", "bench", "tree", "campfire"), "space": ("rocket",
    "planet", "star", "moon", "rocket", "planet"), "underwater": ("rock", "crystal", "star",
    "book", "gift", "clock"), "room": ("chair", "bed", "table", "book", "lantern", "clock",
    "teapot", "cake", "gift", "ball", "balloon"), "meadow": ("flowers", "tree", "kite", "balloon",
    "sunflower", "bicycle", "rainbow", "mushroom", "windmill"), "river": ("bridge", "boat",
    "tree", "rock", "house", "flowers"), "waterfall": ("rock", "rainbow", "flowers", "tree",
    "tent"), "island": ("palm", "boat", "sailboat", "tent", "gift", "hot-air balloon",
    "lighthouse"), "farm": ("pumpkin", "apple", "sunflower", "windmill", "tree", "car",
    "flowers"), "sky": ("hot-air balloon", "airplane", "balloon", "kite", "star", "moon",
    "rainbow", "rocket", "house"), "volcano": ("rock", "palm", "tent", "crystal", "airplane"),
}  # fmt: skip


HELD = ("balloon", "balloon", "umbrella", "kite", "flowers", "lantern", "book", "gift", "apple")


CLOTHES = {
    "female": {"dress": 0.42, "shirt": 0.12, "coat": 0.12, "sweater": 0.1, "skirt": 0.1,
    "overalls": 0.07, "robe": 0.07}, "male": {"shirt": 0.32, "coat": 0.2, "sweater": 0.15, "suit":
    0.14, "overalls": 0.1, "robe": 0.09},
}  # fmt: skip


FIXED_CLOTHES = {
    "princess": "dress",
    "prince": "suit",
    "knight": "armour",
    "wizard": "robe",
    "astronaut": "space suit",
}


FEMALE = ("girl", "woman", "old woman", "princess")


PRODUCTS = tuple(vocabulary.PRODUCTS)


FREE_OBJECTS = tuple(
    name for name in vocabulary.OBJECTS if name not in ("bed", "boat", "sailboat", "bridge")
)
