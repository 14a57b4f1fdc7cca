"""The prompts that every contact sheet shows."""

ISSUE = [
    "a girl in a white dress on a sunset beach",
    "绘制一个穿着白色连衣裙的漂亮女孩，背景是夕阳下的海滩",
    "绘制一幅蓝色海洋的风景画",
    "创造一个具有奇幻元素的中世纪城堡",
    "创建一个宣传新产品发布的广告海报",
    "设计一款具有复古风格的 T 恤图案",
    "a red balloon over snowy mountains at night",
    "two cats under a tree in the rain, watercolour",
    "a robot in a garden at dawn",
]
MORE = [
    "a boy in a green shirt in the forest, ink drawing",
    "a castle at night",
    "an old man with a red umbrella on a city street in the rain",
    "a dragon over the mountains at sunset, retro print",
    "雪地里的一只橙色狐狸，水彩",
    "a fish under the sea, pastel",
    "a sailing boat on a lake at dawn",
    "a rabbit on the left, a tree on the right, in a meadow",
    "an astronaut in space",
    "三只鸟飞过沙漠",
    "a dog in a room",
]
PREVIEW = ISSUE + MORE
