"""Words that captions use around the values: how places, hours and weathers join a sentence."""

PLACE_PREPOSITIONS = {
    "beach": ("on a", "on the", "at the", "by the"),
    "ocean": ("on the", "on the", "in the", "at"),
    "forest": ("in a", "in the"),
    "mountains": ("in the", "in front of", "before the"),
    "snowy mountains": ("in the", "in front of", "before the"),
    "city": ("in a", "in the", "on a"),
    "castle": ("in front of a", "at a", "near a", "by a", "in a", "before the"),
    "desert": ("in a", "in the"),
    "snow": ("in the", "on a"),
    "garden": ("in a", "in the"),
    "village": ("in a", "in the"),
    "lake": ("by a", "at a", "at the", "beside a"),
    "space": ("in",),
    "underwater": ("on the", "at the"),
    "room": ("in a", "in the", "inside a"),
    "meadow": ("in a", "on a", "on the"),
    "river": ("by a", "by the", "beside a"),
    "waterfall": ("by a", "in front of a", "near a"),
    "island": ("on an", "on the"),
    "farm": ("on a", "on the", "at a"),
    "sky": ("in the",),
    "volcano": ("near a", "in front of a", "by a"),
}
AS_IS = ("underwater", "under the sea", "above the clouds", "in the clouds")
NO_ARTICLE = (
    "mountains", "snowy mountains", "snow-capped mountains", "snow mountains", "hills", "woods",
    "snow", "space", "outer space", "sand dunes", "downtown",
)  # fmt: skip
TIME_PHRASES = {
    "dawn": "at dawn", "sunrise": "at sunrise", "early morning": "in the early morning",
    "daybreak": "at daybreak", "day": "during the day", "daytime": "in the daytime", "noon":
    "at noon", "in daylight": "in daylight", "sunny day": "on a sunny day", "sunset": "at sunset",
    "golden hour": "at golden hour", "sundown": "at sundown", "evening glow":
    "in the evening glow", "dusk": "at dusk", "twilight": "at twilight", "nightfall":
    "at nightfall", "night": "at night", "midnight": "at midnight", "moonlight":
    "in the moonlight", "nighttime": "in the nighttime",
}  # fmt: skip
TIME_ADJECTIVES = {
    "dawn": ("dawn", "sunrise"), "day": ("daytime", ), "sunset": ("sunset", ), "dusk":
    ("twilight", "dusk"), "night": ("night", "moonlight"),
}  # fmt: skip
WEATHER_PHRASES = {
    "clear": "on a clear day", "clear sky": "under a clear sky", "clear weather":
    "in clear weather", "cloudy": "under a cloudy sky", "overcast": "under an overcast sky",
    "clouds": "with clouds", "rain": "in the rain", "rainy": "in rainy weather", "raining":
    "while it is raining", "snowing": "while it is snowing", "snowfall": "in the snowfall",
    "snowy weather": "in snowy weather", "falling snow": "in falling snow", "fog": "in the fog",
    "foggy": "in foggy weather", "mist": "in the mist", "misty": "in misty weather", "storm":
    "in a storm", "thunderstorm": "in a thunderstorm", "lightning": "with lightning", "stormy":
    "in stormy weather",
}  # fmt: skip
WEATHER_ADJECTIVES = {
    "clear": ("clear", ), "cloudy": ("cloudy", "overcast"), "rain": ("rainy", ), "snow": ("snowy",
    ), "fog": ("foggy", "misty"), "storm": ("stormy", ),
}  # fmt: skip
PLACE_COLOURS = {
    "ocean": ("blue", "蓝色"), "lake": ("blue", "蓝色"), "forest": ("green", "绿色"), "meadow":
    ("green", "绿色"), "beach": ("golden", "金色"), "desert": ("golden", "金色"), "snow":
    ("white", "白色"), "sky": ("blue", "蓝色"),
}  # fmt: skip
ADJECTIVES_EN = (
    "beautiful",
    "cute",
    "lovely",
    "pretty",
    "happy",
    "smiling",
    "charming",
    "friendly",
)
SCENIC_EN = ("beautiful", "peaceful", "quiet", "lovely", "wonderful", "calm")
ADJECTIVES_ZH = ("漂亮", "可爱", "美丽", "快乐", "开心", "微笑")
SCENIC_ZH = ("美丽", "宁静", "安静", "漂亮", "迷人", "壮丽")
OPENINGS_EN = (
    "a picture of", "an illustration of", "a drawing of", "draw", "paint", "create", "generate",
    "design", "a painting of", "an image of", "a storybook illustration of", "please draw",
    "show me", "a scene with",
)  # fmt: skip
LANDSCAPES_EN = (
    "a landscape of",
    "a landscape painting of",
    "scenery of",
    "a view of",
    "a seascape of",
)
VERBS_ZH = ("绘制", "画", "创造", "设计", "创建", "生成", "请画", "帮我画", "制作")
LANDSCAPES_ZH = ("风景画", "风景", "景色", "风景图")
SUN_EN = {"dawn": "sunrise", "sunset": "sunset"}
SUN_ZH = {"dawn": "日出", "sunset": "日落"}
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
IN_SKY = (
    "balloon",
    "hot-air balloon",
    "kite",
    "star",
    "moon",
    "sun",
    "cloud",
    "rainbow",
    "rocket",
    "airplane",
    "planet",
)
OTHER_EN = (
    "a an the two three 2 3 pair of and with to for wearing holding dressed haired "
    "long-haired short-haired curly-haired in on at by next beside near "
    "under over above left right side far away distance close up new product launch "
    "advertising poster travel "
    "style illustration picture t-shirt design print background elements full magic wide draw"
)
OTHER_ZH = (
    "的 着 在 是 有 和 与 一 两 三 个 位 只 一幅 一张 一个 一款 穿着 穿 身穿 戴着 戴 拿着 留着 "
    "扎着 梳着 带着 旁边 背景 左边 左侧 右边 右侧 远处 远景 近处 特写 上空 天上 天空中 下 发 色 "
    "风格 具有 元素 充满 由 组成 宣传 新产品 发布 新品 新款 新 旅行 设计 画 插画 图片"
)
