"""Chinese captions, as people write them: with and without 的, spaces, commas and openings."""

import random
from collections.abc import Callable

from world.say import chinese_grammar, grammar
from world.say.chinese_layouts import motif, pattern, poster
from world.say.chinese_words import coloured, counted, word
from world.scene import NONE, Scene, Thing
from world.vocabulary import (
    ACCESSORIES,
    CLOTHING,
    HAIR_COLOURS,
    HAIR_STYLES,
    KINDS,
    MOODS,
    OBJECTS,
    PLACES,
    SEASONS,
    STYLES,
    TIMES,
    VOCABULARY,
    WEATHERS,
)  # fmt: skip

Say = Callable[[float], bool]
MEASURES = {
    "poster": ("一个", "一张", "一幅"),
    "motif": ("一款", "一款", "一个"),
    "pattern": ("一个", "一幅"),
}


def describe(scene: Scene, rng: random.Random, say: Say) -> str:
    """The caption of any kind of picture."""
    makers = {"poster": poster, "motif": motif, "pattern": pattern}
    text = makers.get(scene.kind, _scene)(scene, rng, say)
    text = _styled(scene, rng, say, text)
    if rng.random() < (0.32 if scene.kind in ("scene", "panorama") else 0.6):
        text = _opened(scene, rng, text)
    return _punctuated(rng, text)


def _opened(scene: Scene, rng: random.Random, text: str) -> str:
    """A verb in front, as people ask."""
    verb = rng.choice(grammar.VERBS_ZH)
    if text.startswith(("一", "两", "三", "2", "3")) or rng.random() < 0.3:
        return verb + text
    if scene.kind not in ("scene", "panorama"):
        return verb + rng.choice(MEASURES[scene.kind]) + text
    text = rng.choice(("一幅", "一张", "一幅", "一个")) + text
    if "，" in text or text.endswith(("画", "图", "景", "风格", "景色")):
        return verb + text
    bare = scene.subject == NONE and scene.hero is None
    ending = (
        "的" + rng.choice(grammar.LANDSCAPES_ZH)
        if bare
        else rng.choice(("", "的画", "的插画", "的图片"))
    )
    return verb + text + ending


def _punctuated(rng: random.Random, text: str) -> str:
    dice = rng.random()
    if dice < 0.08:
        text = text.replace("，", " ")
    elif dice < 0.16:
        text = text.replace("，", ",")
    elif dice < 0.22:
        text = text.replace("，", "")
    elif dice < 0.28:
        text = text.replace("，", "， ")
    if "T 恤" in text and rng.random() < 0.5:
        text = text.replace("T 恤", " T 恤").strip()
    return text + "。" if rng.random() < 0.1 else text


def _styled(scene: Scene, rng: random.Random, say: Say, text: str) -> str:
    if not say(1.3):
        return text
    style = word(rng, STYLES, scene.style)
    full = (
        style
        if style.endswith(("风格", "画", "色彩", "插画", "印刷")) or rng.random() < 0.3
        else style + "风格"
    )
    if rng.random() < 0.55:
        return f"{text}，{full}"
    if scene.kind == "motif" and rng.random() < 0.5:
        return f"具有{full}的{text}"
    return f"{full}的{text}"


def _scene(scene: Scene, rng: random.Random, say: Say) -> str:
    if (scene.subject == NONE and scene.hero is None) or rng.random() < 0.015:
        return _bare(scene, rng, say)
    about = _figure(scene, rng, say) if scene.subject != NONE else _thing(scene.objects[0], rng)
    setting, place = _setting(scene, rng, say)
    extra = _extra(scene, rng, say)
    if not place:
        return "，".join([about, *extra, *([setting.removesuffix("的")] if setting else [])])
    located = _located(scene, rng, place)
    bare_setting = setting.removesuffix("的")
    forms = (
        f"{setting}{located}，{about}",
        f"在{setting}{located}，{about}",
        f"{about}在{setting}{located}",
        f"{about}，背景是{setting}{place}",
        f"{setting}{located}的{about}",
        f"{about}，{located}" + (f"，{bare_setting}" if setting else ""),
        f"{setting}{located}有{about}",
        f"{about}，{setting}{place}",
    )
    return "，".join([rng.choice(forms), *extra])


def _setting(scene: Scene, rng: random.Random, say: Say) -> tuple[str, str]:
    """What stands before the place (ends with 的 or is empty), and the place or nothing."""
    parts = []
    if scene.time != NONE and say(2.2):
        parts.append(chinese_grammar.TIME_BEFORE[word(rng, TIMES, scene.time)])
    if scene.weather != NONE and say(0.45 if scene.weather == "clear" else 2.0):
        parts.append(chinese_grammar.WEATHER_BEFORE[word(rng, WEATHERS, scene.weather)])
    if scene.season != NONE and say(1.6):
        parts.insert(0, word(rng, SEASONS, scene.season) + "的")
    if rng.random() < 0.3:
        parts.reverse()
    if scene.mood != NONE and say(1.8):
        mood = word(rng, MOODS, scene.mood)
        parts.append(
            rng.choice((f"{mood}的", f"具有{mood}元素的", f"{mood}"))
            if mood != "魔法"
            else "充满魔法的"
        )
    if rng.random() < 0.3:
        parts = [
            part.removesuffix("的") if i < len(parts) - 1 else part for i, part in enumerate(parts)
        ]
    return "".join(parts), word(rng, PLACES, scene.place) if say(3) else ""


def _located(scene: Scene, rng: random.Random, place: str) -> str:
    if (
        scene.hero is not None
        and scene.hero.name in grammar.IN_SKY
        and place not in chinese_grammar.LOCATED
        and rng.random() < 0.6
    ):
        return place + rng.choice(("上空", "上"))
    if place in chinese_grammar.LOCATED:
        return place
    return place + rng.choice(chinese_grammar.PLACE_SUFFIXES[scene.place])


def _bare(scene: Scene, rng: random.Random, say: Say) -> str:
    if scene.time in grammar.SUN_ZH and rng.random() < 0.1:
        place = word(rng, PLACES, scene.place)
        return f"{_located(scene, rng, place)}{rng.choice(('的', ''))}{grammar.SUN_ZH[scene.time]}"
    setting, place = _setting(scene, rng, say)
    place = place or word(rng, PLACES, scene.place)
    if place in chinese_grammar.LOCATED and rng.random() < 0.7:
        place = PLACES[scene.place]["zh"][0]
    before = ""
    if rng.random() < 0.2:
        before = rng.choice(grammar.SCENIC_ZH) + "的"
    if _colour_fits(scene) and rng.random() < 0.3:
        colour = grammar.PLACE_COLOURS[scene.place][1]
        before += rng.choice((colour, f"{colour}的"))
    if scene.kind == "panorama" and rng.random() < 0.5:
        return f"{setting}{before}{place}{rng.choice(('的', ''))}{word(rng, KINDS, 'panorama')}"
    if setting and rng.random() < 0.25:
        return f"{before}{place}，{setting.removesuffix('的')}"
    text = f"{setting}{before}{place}"
    return f"{text}的{rng.choice(grammar.LANDSCAPES_ZH)}" if rng.random() < 0.14 else text


def _colour_fits(scene: Scene) -> bool:
    calm = scene.weather in ("clear", "cloudy", NONE)
    hours = (
        ("day", "night", "dawn", "dusk") if scene.place in ("ocean", "lake") else ("day", "dawn")
    )
    return scene.place in grammar.PLACE_COLOURS and scene.time in hours and calm


def _thing(thing: Thing, rng: random.Random) -> str:
    noun = word(rng, OBJECTS, thing.name)
    if thing.colour != NONE and rng.random() < 0.85:
        noun = coloured(rng, thing.colour, noun)
    return counted(rng, thing.name, thing.count, noun)


def _figure(scene: Scene, rng: random.Random, say: Say) -> str:
    noun = word(rng, VOCABULARY["subject"], scene.subject)
    if scene.clothing == NONE:
        phrase = coloured(rng, scene.colour, noun) if say(2.5) else noun
        looks: list[str] = []
    else:
        phrase, looks = noun, _looks(scene, rng, say)
    if rng.random() < 0.2:
        phrase = f"{rng.choice(grammar.ADJECTIVES_ZH)}{rng.choice(('的', '的', ''))}{phrase}"
    if len(looks) > 1 and rng.random() < 0.4:
        cut = rng.randrange(1, len(looks))
        late, looks = looks[cut:], looks[:cut]
    elif looks and rng.random() < 0.15:
        late, looks = looks, []
    else:
        late = []
    front = (
        "、".join(looks)
        if rng.random() < 0.2
        else "".join(f"{look}的" for look in looks[:-1]) + "".join(looks[-1:])
    )
    text = counted(rng, scene.subject, scene.count, f"{front}的{phrase}" if looks else phrase)
    return "，".join([_with_companion(scene, rng, text), *late])


def _with_companion(scene: Scene, rng: random.Random, text: str) -> str:
    if scene.companion == NONE or rng.random() < 0.15:
        return text
    noun = word(rng, VOCABULARY["subject"], scene.companion)
    if rng.random() < 0.6:
        noun = coloured(rng, scene.companion_colour, noun)
    return text + rng.choice(("和", "与", "带着", "和")) + counted(rng, scene.companion, 1, noun)


def _looks(scene: Scene, rng: random.Random, say: Say) -> list[str]:
    looks = []
    if say(2.5):
        noun = word(rng, CLOTHING, scene.clothing)
        looks.append(
            rng.choice(("穿着", "穿着", "穿", "身穿"))
            + (coloured(rng, scene.colour, noun) if rng.random() < 0.93 else noun)
        )
    if scene.hair != NONE and say(0.6):
        looks.append(_hair(scene, rng))
    if scene.accessory != NONE and say(1.2):
        looks.append(rng.choice(("戴着", "戴")) + word(rng, ACCESSORIES, scene.accessory))
    held = next((thing for thing in scene.objects if thing.held), None)
    if held is not None and say(3):
        looks.append("拿着" + _thing(held, rng))
    if rng.random() < 0.3:
        rng.shuffle(looks)
    return looks


def _hair(scene: Scene, rng: random.Random) -> str:
    colour, style = word(rng, HAIR_COLOURS, scene.hair), word(rng, HAIR_STYLES, scene.hair_style)
    if scene.hair_style == "bald":
        return style
    if scene.hair_style in ("long", "short", "curly"):
        return rng.choice((f"{style}发", f"{colour}", f"留着{style}发", f"{style}{colour}"))
    return rng.choice(
        (colour, f"扎着{style}" if scene.hair_style != "bun" else f"梳着{style}", style)
    )


def _extra(scene: Scene, rng: random.Random, say: Say) -> list[str]:
    phrases = []
    rest = (
        scene.objects[1:]
        if scene.subject == NONE
        else [thing for thing in scene.objects if not thing.held]
    )
    for thing in rest:
        if not say(2.2):
            continue
        name = _thing(thing, rng)
        forms = [f"旁边有{name}", f"有{name}", f"和{name}", f"旁边是{name}", name]
        if thing.name in chinese_grammar.UNDER:
            forms += [f"在{name}下", f"{name}下"]
        if thing.name in grammar.IN_SKY:
            forms += [f"天上有{name}", f"天空中有{name}"]
        phrases.append(rng.choice(forms))
    if scene.position != "center" and say(0.5):
        phrases.append(rng.choice(chinese_grammar.SIDES[scene.position]))
    if scene.subject != NONE and scene.distance == "far" and say(1.0):
        phrases.append(rng.choice(("在远处", "远处", "远景")))
    elif scene.subject != NONE and scene.distance == "near" and say(0.15):
        phrases.append(rng.choice(("近处", "特写")))
    return phrases
