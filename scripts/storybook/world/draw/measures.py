"""How large things are and where they belong; sizes are shares of the height of the picture."""

POSITION = {"left": 0.27, "center": 0.5, "right": 0.73}
TALL = {"girl": 0.84, "boy": 0.84, "baby": 0.62}
WIDE = {
    "horse": 124, "unicorn": 124, "cow": 120, "sheep": 108, "deer": 118, "elephant": 156,
    "dragon": 144, "fish": 126, "whale": 176, "butterfly": 108, "bird": 116, "duck": 118,
    "turtle": 150, "fox": 108, "cat": 100, "dog": 100,
}  # fmt: skip
SKY = {
    "balloon": 0.3, "hot-air balloon": 0.38, "kite": 0.3, "star": 0.22, "moon": 0.24, "sun": 0.26,
    "cloud": 0.2, "rainbow": 0.48, "rocket": 0.36, "airplane": 0.26, "planet": 0.27,
}  # fmt: skip
WATER = {"boat": 0.3, "sailboat": 0.36}
GROUND = {
    "tree": 0.72, "pine": 0.72, "palm": 0.75, "blossom tree": 0.72, "house": 0.55,
    "lighthouse": 0.66, "windmill": 0.64, "bridge": 0.4, "tent": 0.38, "lamp": 0.66,
    "cactus": 0.5, "bicycle": 0.34, "car": 0.34, "train": 0.4, "bench": 0.3, "snowman": 0.5,
    "sunflower": 0.46, "bed": 0.4, "chair": 0.36, "table": 0.32, "campfire": 0.27,
    "flowers": 0.3, "umbrella": 0.42, "crystal": 0.3, "rock": 0.42,
}  # fmt: skip
SMALL = 0.27
BEHIND = (
    "tree",
    "pine",
    "palm",
    "blossom tree",
    "house",
    "lighthouse",
    "windmill",
    "bridge",
    "tent",
    "lamp",
    "rainbow",
    "train",
)
