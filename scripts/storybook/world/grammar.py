"""Words that captions use around the values: how places, hours and weathers join a sentence."""

PLACE_PREPOSITIONS = {
    "beach": ("on a", "on the", "at the", "by the"),
    "ocean": ("on the", "on the", "in the", "at"),
    "forest": ("in a", "in the"),
    "mountains": ("in the", "in front of", "before the"),
    "snowy mountains": ("in the", "in front of", "before the"),
    "city": ("in a", "in the", "on a"),
    "castle": ("in front of a", "at a", "near a", "by a", "before the"),
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
    "mountains", "snowy mountains", "snow-capped mountains", "snow mountains", "hills", "woods", "snow",
    "space", "outer space", "sand dunes", "downtown",
)  # fmt: skip
TIME_PHRASES = {
    "dawn": "at dawn", "sunrise": "at sunrise", "early morning": "in the early morning",
    "daybreak": "at daybreak", "day": "during the day", "daytime": "in the daytime", "noon": "at noon",
    "in daylight": "in daylight", "sunny day": "on a sunny day", "sunset": "at sunset",
    "golden hour": "at golden hour", "sundown": "at sundown", "evening glow": "in the evening glow",
    "dusk": "at dusk", "twilight": "at twilight", "nightfall": "at nightfall", "night": "at night",
    "midnight": "at midnight", "moonlight": "in the moonlight", "nighttime": "in the nighttime",
}  # fmt: skip
TIME_ADJECTIVES = {
    "dawn": ("dawn", "sunrise"), "day": ("daytime",), "sunset": ("sunset",),
    "dusk": ("twilight", "dusk"), "night": ("night", "moonlight"),
}  # fmt: skip
WEATHER_PHRASES = {
    "clear": "on a clear day", "clear sky": "under a clear sky", "clear weather": "in clear weather",
    "cloudy": "under a cloudy sky", "overcast": "under an overcast sky", "clouds": "with clouds",
    "rain": "in the rain", "rainy": "in rainy weather", "raining": "while it is raining",
    "snowing": "while it is snowing", "snowfall": "in the snowfall", "snowy weather": "in snowy weather",
    "falling snow": "in falling snow", "fog": "in the fog", "foggy": "in foggy weather",
    "mist": "in the mist", "misty": "in misty weather", "storm": "in a storm",
    "thunderstorm": "in a thunderstorm", "lightning": "with lightning", "stormy": "in stormy weather",
}  # fmt: skip
WEATHER_ADJECTIVES = {
    "clear": ("clear",), "cloudy": ("cloudy", "overcast"), "rain": ("rainy",), "snow": ("snowy",),
    "fog": ("foggy", "misty"), "storm": ("stormy",),
}  # fmt: skip
PLACE_COLOURS = {
    "ocean": ("blue", "蓝色"), "lake": ("blue", "蓝色"), "forest": ("green", "绿色"),
    "meadow": ("green", "绿色"), "beach": ("golden", "金色"), "desert": ("golden", "金色"),
    "snow": ("white", "白色"), "sky": ("blue", "蓝色"),
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
    "a picture of", "an illustration of", "a drawing of", "draw", "paint", "create", "generate", "design",
    "a painting of", "an image of", "a storybook illustration of", "please draw", "show me", "a scene with",
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
    "a an the of in on at by with and or to for over above under near beside next front before inside "
    "wearing holding dressed hair haired her his its their there is are it while during "
    "standing sitting walking playing left right center middle side far close close-up away distance "
    "background foreground two three 2 3 pair some new product launch advert advertising poster travel "
    "style elements art image picture storybook full world print colour colours design draw paint "
    "landscape scenery view seascape painting illustration drawing please show me scene light sky "
    "shirt repeating tile vertical horizontal wide day weather nature up from who has fairy tale"
)
OTHER_ZH = (
    "的 了 着 在 上 下 里 中 边 旁 前 背景 是 有 和 与 一 两 三 个 只 位 匹 头 条 棵 座 朵 把 幅 张 款 艘 顶 辆 架 "
    "盏 颗 轮 道 堆 块 本 穿 穿着 戴 戴着 拿着 留着 左边 右边 中间 左侧 右侧 远处 近处 特写 旁边 元素 风格 具有 充满 "
    "宣传 新产品 发布 新品 旅行 设计 画面 图片 插画 宽 背带 带着 站 坐"
)
