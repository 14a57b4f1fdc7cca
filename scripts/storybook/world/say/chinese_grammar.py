"""How Chinese captions join places, hours, weathers and counts."""

PLACE_SUFFIXES = {
    "beach": ("上", ), "ocean": ("上", "中"), "forest": ("里", "中"), "mountains": ("前", "中"),
    "snowy mountains": ("前", "中"), "city": ("里", "中"), "castle": ("前", "旁", "里"), "desert":
    ("里", "中"), "snow": ("上", "里"), "garden": ("里", "中"), "village": ("里", ), "lake":
    ("边", ), "space": ("中", "里"), "underwater": ("", ), "room": ("里", ), "meadow": ("上", ),
    "river": ("边", ), "waterfall": ("前", "旁"), "island": ("上", ), "farm": ("里", "上"), "sky":
    ("中", "上"), "volcano": ("前", "旁"),
}  # fmt: skip
LOCATED = (
    "海边", "海上", "林间", "街上", "湖边", "湖畔", "海底", "水下", "水底", "屋里", "室内",
    "河边", "云端", "云上", "空中", "海底世界",
)  # fmt: skip
TIME_BEFORE = {
    "黎明": "黎明的", "日出": "日出时的", "清晨": "清晨的", "早晨": "早晨的", "白天": "白天的",
    "中午": "中午的", "日间": "日间的", "阳光下": "阳光下的", "日落": "日落时的", "夕阳":
    "夕阳下的", "傍晚": "傍晚的", "晚霞": "晚霞中的", "黄昏": "黄昏的", "暮色": "暮色中的",
    "薄暮": "薄暮的", "夜晚": "夜晚的", "夜里": "夜里的", "晚上": "晚上的", "月夜": "月夜的",
    "午夜": "午夜的",
}  # fmt: skip
WEATHER_BEFORE = {
    "晴朗": "晴朗的", "晴天": "晴天的", "多云": "多云的", "阴天": "阴天的", "云": "有云的", "雨":
    "雨中的", "下雨": "下雨的", "雨天": "雨天的", "雨中": "雨中的", "下雪": "下雪的", "飘雪":
    "飘雪的", "雪天": "雪天的", "大雪": "大雪中的", "雾": "雾中的", "大雾": "大雾中的", "薄雾":
    "薄雾中的", "雾气": "雾气中的", "暴风雨": "暴风雨中的", "雷雨": "雷雨中的", "闪电":
    "有闪电的", "雷电": "有雷电的",
}  # fmt: skip
MEASURES = {
    "horse": "匹", "unicorn": "匹", "cow": "头", "elephant": "头", "lion": "头", "fish": "条",
    "dragon": "条", "whale": "头", "robot": "个", "hot-air balloon": "个", "umbrella": "把",
    "kite": "只", "tree": "棵", "pine": "棵", "palm": "棵", "blossom tree": "棵", "house": "座",
    "lighthouse": "座", "windmill": "座", "boat": "艘", "sailboat": "艘", "flowers": "朵",
    "sunflower": "朵", "bench": "把", "lamp": "盏", "lantern": "盏", "star": "颗", "moon": "轮",
    "sun": "轮", "cloud": "朵", "bridge": "座", "tent": "顶", "campfire": "堆", "rainbow": "道",
    "cactus": "棵", "bicycle": "辆", "car": "辆", "train": "列", "rocket": "枚", "airplane": "架",
    "planet": "颗", "book": "本", "mushroom": "朵", "rock": "块", "crystal": "块", "sandcastle":
    "座", "chair": "把", "bed": "张", "table": "张",
}  # fmt: skip
NUMBERS = {1: ("一",), 2: ("两", "两", "2"), 3: ("三", "三", "3")}
UNDER = (
    "tree",
    "pine",
    "palm",
    "blossom tree",
    "umbrella",
    "rainbow",
    "moon",
    "star",
    "sun",
    "cloud",
)
SIDES = {"left": ("在左边", "在左侧", "左边"), "right": ("在右边", "在右侧", "右边")}
