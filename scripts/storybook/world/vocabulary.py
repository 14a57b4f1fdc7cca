"""The words of every value, English and Chinese. The first of a list is the plainest.

English nouns are singular; :func:`plural` makes the others. What a word list does not hold, no
caption says, so the words that the model knows are derived from here.
"""

Words = dict[str, list[str]]


def _w(en: str, zh: str) -> Words:
    return {"en": en.split("|"), "zh": zh.split("|")}


PEOPLE = {
    "girl": _w("girl|little girl|young girl", "女孩|小女孩|女孩子|小姑娘"),
    "boy": _w("boy|little boy|young boy", "男孩|小男孩|男孩子"),
    "woman": _w("woman|lady|young woman", "女人|女士|女子|年轻女人"),
    "man": _w("man|gentleman|young man", "男人|男士|男子|年轻男人"),
    "old woman": _w("old woman|grandmother|old lady|grandma", "老奶奶|奶奶|老妇人|老太太"),
    "old man": _w("old man|grandfather|grandpa|elderly man", "老爷爷|爷爷|老人|老头"),
    "baby": _w("baby|toddler|infant", "婴儿|宝宝|小宝宝"),
    "princess": _w("princess|queen", "公主|女王"),
    "prince": _w("prince|king", "王子|国王"),
    "knight": _w("knight|soldier in armour", "骑士|武士"),
    "wizard": _w("wizard|magician|sorcerer", "巫师|魔法师"),
    "astronaut": _w("astronaut|spaceman", "宇航员|太空人"),
}
ANIMALS = {
    "cat": _w("cat|kitten|kitty", "猫|小猫|猫咪"),
    "dog": _w("dog|puppy", "狗|小狗|狗狗"),
    "rabbit": _w("rabbit|bunny", "兔子|小兔子|白兔|兔"),
    "bear": _w("bear|teddy bear", "熊|小熊"),
    "panda": _w("panda", "熊猫|大熊猫"),
    "fox": _w("fox", "狐狸|小狐狸"),
    "mouse": _w("mouse", "老鼠|小老鼠"),
    "lion": _w("lion", "狮子"),
    "owl": _w("owl", "猫头鹰"),
    "penguin": _w("penguin", "企鹅"),
    "bird": _w("bird|little bird", "鸟|小鸟|鸟儿"),
    "duck": _w("duck|duckling", "鸭子|小鸭子"),
    "horse": _w("horse|pony", "马|小马|骏马"),
    "unicorn": _w("unicorn", "独角兽"),
    "cow": _w("cow", "奶牛|牛"),
    "sheep": _w("sheep|lamb", "羊|绵羊|小羊"),
    "deer": _w("deer|fawn", "鹿|小鹿"),
    "elephant": _w("elephant", "大象|象|小象"),
    "frog": _w("frog", "青蛙"),
    "turtle": _w("turtle|tortoise", "乌龟|海龟"),
    "fish": _w("fish", "鱼|小鱼"),
    "whale": _w("whale", "鲸鱼|鲸"),
    "butterfly": _w("butterfly", "蝴蝶"),
    "dragon": _w("dragon", "龙|飞龙|巨龙"),
    "robot": _w("robot|android", "机器人"),
}
PLACES = {
    "beach": _w("beach|seaside|sandy shore", "海滩|沙滩|海边"),
    "ocean": _w("ocean|sea|seascape", "海洋|大海|海上|海景"),
    "forest": _w("forest|woods|woodland", "森林|树林|林间"),
    "mountains": _w(
        "mountains|mountain range|mountain landscape|hills|mountain", "山|群山|高山|山脉"
    ),
    "snowy mountains": _w("snowy mountains|snow-capped mountains|snow mountains", "雪山|雪峰"),
    "city": _w("city street|city|street|town|downtown", "城市|街道|城市街道|街上|都市"),
    "castle": _w("castle|medieval castle|palace|fortress", "城堡|中世纪城堡|宫殿|中世纪的城堡"),
    "desert": _w("desert|sand dunes", "沙漠|沙丘"),
    "snow": _w("snow field|snowy field|snow|snowy landscape", "雪地|雪原|雪景"),
    "garden": _w("garden|flower garden", "花园|庭院"),
    "village": _w("village|small village|hamlet", "村庄|乡村|村子|小村庄"),
    "lake": _w("lake|lakeside|pond", "湖|湖泊|湖边|湖畔"),
    "space": _w("space|outer space|universe|galaxy", "太空|宇宙|星空|银河"),
    "underwater": _w("underwater|under the sea|sea floor|coral reef", "海底|水下|海底世界|水底"),
    "room": _w("room|living room|bedroom", "房间|屋里|室内|客厅"),
    "meadow": _w("meadow|grassland|field|grassy field", "草地|草原|田野|草坪"),
    "river": _w("river|stream|riverside", "河|小河|河流|河边"),
    "waterfall": _w("waterfall", "瀑布"),
    "island": _w("island|tropical island|desert island", "岛|小岛|海岛"),
    "farm": _w("farm|farmyard", "农场"),
    "sky": _w("sky|above the clouds|in the clouds", "天空|云端|云上|空中"),
    "volcano": _w("volcano", "火山"),
}
TIMES = {
    "dawn": _w("dawn|sunrise|early morning|daybreak", "黎明|日出|清晨|早晨"),
    "day": _w("day|daytime|noon|in daylight|sunny day", "白天|中午|日间|阳光下"),
    "sunset": _w("sunset|golden hour|sundown|evening glow", "日落|夕阳|傍晚|晚霞"),
    "dusk": _w("dusk|twilight|nightfall", "黄昏|暮色|薄暮"),
    "night": _w("night|midnight|moonlight|nighttime", "夜晚|夜里|晚上|月夜|午夜"),
}
WEATHERS = {
    "clear": _w("clear|clear sky|clear weather", "晴朗|晴天"),
    "cloudy": _w("cloudy|overcast|clouds", "多云|阴天|云"),
    "rain": _w("rain|rainy|raining", "雨|下雨|雨天|雨中"),
    "snow": _w("snowing|snowfall|snowy weather|falling snow", "下雪|飘雪|雪天|大雪"),
    "fog": _w("fog|foggy|mist|misty", "雾|大雾|薄雾|雾气"),
    "storm": _w("storm|thunderstorm|lightning|stormy", "暴风雨|雷雨|闪电|雷电"),
}
STYLES = {
    "flat": _w("flat|flat illustration|flat colours|vector", "扁平|扁平风格|扁平插画|矢量"),
    "watercolour": _w("watercolour|watercolor|watercolour painting", "水彩|水彩画|水彩风格"),
    "ink": _w("ink line|ink drawing|line art|ink", "线描|墨线|钢笔画|线条画"),
    "pastel": _w("pastel|pastel colours|soft pastel", "粉彩|柔和|粉彩画|柔和色彩"),
    "retro": _w("retro|retro print|vintage|vintage print", "复古|复古风格|怀旧|复古印刷"),
}
COLOURS = {
    "red": _w("red|scarlet|crimson", "红|红色|大红"),
    "orange": _w("orange", "橙|橙色|橘色"),
    "yellow": _w("yellow|golden", "黄|黄色|金色"),
    "green": _w("green|emerald", "绿|绿色|翠绿"),
    "blue": _w("blue", "蓝|蓝色"),
    "purple": _w("purple|violet", "紫|紫色"),
    "pink": _w("pink|rose", "粉|粉色|粉红色"),
    "brown": _w("brown", "棕|棕色|褐色"),
    "black": _w("black", "黑|黑色"),
    "white": _w("white", "白|白色"),
    "grey": _w("grey|gray", "灰|灰色"),
}
CLOTHING = {
    "dress": _w("dress|gown", "连衣裙|裙子|长裙"),
    "shirt": _w("shirt|t-shirt", "衬衫|T恤|上衣"),
    "coat": _w("coat|jacket|raincoat", "外套|大衣|风衣"),
    "robe": _w("robe|cloak", "长袍|袍子|斗篷"),
    "sweater": _w("sweater|jumper", "毛衣|针织衫"),
    "overalls": _w("overalls|dungarees", "背带裤|工装裤"),
    "skirt": _w("skirt", "短裙|半身裙"),
    "suit": _w("suit", "西装|套装"),
    "armour": _w("armour|armor", "盔甲|铠甲"),
    "space suit": _w("space suit|spacesuit", "宇航服|太空服"),
}
HAIR_COLOURS = {
    "black": _w("black hair|dark hair", "黑发|黑头发|黑色头发"),
    "brown": _w("brown hair|brunette hair", "棕发|棕色头发"),
    "blond": _w("blond hair|blonde hair|golden hair", "金发|金色头发"),
    "red": _w("red hair|ginger hair", "红发|红头发"),
    "grey": _w("grey hair|gray hair", "灰发|灰白头发"),
    "white": _w("white hair", "白发|白头发"),
}
HAIR_STYLES = {
    "long": _w("long", "长"),
    "short": _w("short", "短"),
    "ponytail": _w("a ponytail", "马尾辫|马尾"),
    "pigtails": _w("pigtails|braids", "双马尾|辫子"),
    "bun": _w("a hair bun|a bun", "发髻|丸子头"),
    "curly": _w("curly", "卷"),
    "bald": _w("a bald head", "光头"),
}
ACCESSORIES = {
    "hat": _w("hat|sun hat|straw hat", "帽子|草帽"),
    "crown": _w("crown|golden crown", "王冠|皇冠"),
    "scarf": _w("scarf", "围巾"),
    "glasses": _w("glasses|spectacles", "眼镜"),
}
OBJECTS = {
    "balloon": _w("balloon", "气球"),
    "hot-air balloon": _w("hot-air balloon|hot air balloon", "热气球"),
    "kite": _w("kite", "风筝"),
    "umbrella": _w("umbrella|parasol", "雨伞|伞"),
    "tree": _w("tree", "树|大树"),
    "pine": _w("pine|pine tree|fir tree", "松树"),
    "palm": _w("palm|palm tree", "棕榈树|椰子树"),
    "blossom tree": _w("cherry tree|blossoming tree|cherry blossom tree", "樱花树|桃花树"),
    "house": _w("house|cottage|cabin", "房子|小屋|小房子"),
    "lighthouse": _w("lighthouse", "灯塔"),
    "windmill": _w("windmill", "风车"),
    "boat": _w("boat|rowboat", "小船|船"),
    "sailboat": _w("sailboat|sailing boat|ship", "帆船"),
    "flowers": _w("flowers|blossoms", "花|花朵|鲜花"),
    "sunflower": _w("sunflower", "向日葵"),
    "bench": _w("bench", "长椅|长凳"),
    "lamp": _w("lamp|street lamp|lamp post", "路灯|灯"),
    "lantern": _w("lantern", "灯笼|提灯"),
    "star": _w("star", "星星|星"),
    "moon": _w("moon|full moon|crescent moon", "月亮|月"),
    "sun": _w("sun", "太阳"),
    "cloud": _w("cloud", "云朵|白云"),
    "bridge": _w("bridge", "桥|小桥"),
    "tent": _w("tent", "帐篷"),
    "campfire": _w("campfire|fire|bonfire", "篝火|火堆"),
    "rainbow": _w("rainbow", "彩虹"),
    "cactus": _w("cactus", "仙人掌"),
    "bicycle": _w("bicycle|bike", "自行车|单车"),
    "car": _w("car", "汽车|小汽车|车"),
    "train": _w("train", "火车"),
    "rocket": _w("rocket|spaceship", "火箭|飞船"),
    "airplane": _w("airplane|plane", "飞机"),
    "planet": _w("planet", "行星|星球"),
    "book": _w("book", "书|书本"),
    "cake": _w("cake|birthday cake", "蛋糕|生日蛋糕"),
    "gift": _w("gift|present|gift box", "礼物|礼盒"),
    "ball": _w("ball", "球|皮球"),
    "mushroom": _w("mushroom|toadstool", "蘑菇"),
    "pumpkin": _w("pumpkin", "南瓜"),
    "snowman": _w("snowman", "雪人"),
    "apple": _w("apple", "苹果"),
    "rock": _w("rock|stone", "石头|岩石"),
    "crystal": _w("crystal|magic crystal", "水晶"),
    "sandcastle": _w("sandcastle", "沙堡"),
    "chair": _w("chair|armchair", "椅子|扶手椅"),
    "bed": _w("bed", "床"),
    "table": _w("table", "桌子"),
    "clock": _w("clock", "时钟|钟"),
    "teapot": _w("teapot", "茶壶"),
}
PRODUCTS = {
    "phone": _w("phone|smartphone|mobile phone", "手机|智能手机"),
    "bottle": _w("bottle|perfume|perfume bottle", "香水|瓶子"),
    "headphones": _w("headphones", "耳机"),
    "watch": _w("watch|smartwatch", "手表"),
    "shoe": _w("shoe|sneaker", "运动鞋|鞋子"),
    "coffee": _w("coffee|coffee cup|cup", "咖啡|咖啡杯|杯子"),
    "camera": _w("camera", "相机|照相机"),
    "laptop": _w("laptop|computer", "电脑|笔记本电脑"),
}
EMBLEMS = {
    "sun": _w("sun|rising sun", "太阳"),
    "palms": _w("palm trees|palms", "棕榈树|椰子树"),
    "wave": _w("wave|surfing wave", "海浪|波浪"),
    "peaks": _w("mountains|peaks", "山峰|山"),
    "cat": _w("cat", "猫|猫咪"),
    "bear": _w("bear", "熊"),
    "fox": _w("fox", "狐狸"),
    "car": _w("car|vintage car", "汽车|老爷车"),
    "rocket": _w("rocket", "火箭"),
    "sailboat": _w("sailboat|ship", "帆船"),
}
PATTERN_THINGS = {
    "flowers": _w("flower|flowers|floral", "花朵|花|花卉"),
    "stars": _w("star|stars", "星星"),
    "leaves": _w("leaf|leaves", "树叶|叶子"),
    "hearts": _w("heart|hearts", "爱心|心形"),
    "fish": _w("fish", "鱼|小鱼"),
    "cats": _w("cat|cats", "猫|猫咪"),
    "mushrooms": _w("mushroom|mushrooms", "蘑菇"),
    "clouds": _w("cloud|clouds", "云朵"),
    "apples": _w("apple|apples", "苹果"),
    "dots": _w("dot|dots|polka dots", "圆点|波点"),
    "balloons": _w("balloon|balloons", "气球"),
    "trees": _w("tree|trees", "树|小树"),
}
KINDS = {
    "poster": _w("poster|advertising poster|advertisement", "海报|广告海报|宣传海报|广告"),
    "motif": _w("t-shirt design|t-shirt print|emblem|badge", "T恤图案|T 恤图案|徽章|图案设计"),
    "pattern": _w("seamless pattern|pattern|wallpaper pattern", "无缝图案|花纹|图案|底纹"),
    "panorama": _w("panorama|wide view|panoramic view", "全景|全景图|宽幅"),
}
SEASONS = {
    "spring": _w("spring|springtime", "春天|春季|春日"),
    "summer": _w("summer|summertime", "夏天|夏季|夏日"),
    "autumn": _w("autumn|fall", "秋天|秋季|秋日"),
    "winter": _w("winter|wintertime", "冬天|冬季|冬日"),
}
MOODS = {
    "fantasy": _w("fantasy|magical|fairy-tale|magic", "奇幻|魔幻|童话|魔法"),
}
VOCABULARY: dict[str, dict[str, Words]] = {
    "subject": PEOPLE | ANIMALS,
    "place": PLACES,
    "time": TIMES,
    "weather": WEATHERS,
    "style": STYLES,
    "colour": COLOURS,
    "clothing": CLOTHING,
    "hair": HAIR_COLOURS,
    "hair_style": HAIR_STYLES,
    "accessory": ACCESSORIES,
    "object": OBJECTS,
    "product": PRODUCTS,
    "emblem": EMBLEMS,
    "pattern": PATTERN_THINGS,
    "kind": KINDS,
    "mood": MOODS,
    "season": SEASONS,
}
_IRREGULAR = {
    "man": "men", "woman": "women", "gentleman": "gentlemen", "lady": "ladies", "mouse": "mice",
    "fish": "fish", "sheep": "sheep", "deer": "deer", "baby": "babies", "butterfly":
    "butterflies", "puppy": "puppies", "bunny": "bunnies", "kitty": "kitties", "pony": "ponies",
    "wolf": "wolves", "fox": "foxes", "bench": "benches", "flowers": "flowers", "blossoms":
    "blossoms", "cactus": "cacti", "snowman": "snowmen", "spaceman": "spacemen", "fire": "fires",
    "armour": "armour", "box": "boxes", "princess": "princesses", "soldier in armour": "soldiers",
}  # fmt: skip


def plural(noun: str) -> str:
    """The English plural of a noun phrase whose last word is the noun."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    head, _, last = noun.rpartition(" ")
    many = _IRREGULAR.get(last, last + "s")
    return f"{head} {many}".strip()
