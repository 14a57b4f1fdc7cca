"""English captions: noun phrases joined in a free order."""

import random
from collections.abc import Callable

from world import grammar
from world.scene import NONE, Scene, Thing
from world.vocabulary import (
    ACCESSORIES, CLOTHING, COLOURS, EMBLEMS, HAIR_COLOURS, HAIR_STYLES, KINDS, MOODS, OBJECTS,
    PATTERN_THINGS, PLACES, PRODUCTS, STYLES, TIMES, VOCABULARY, WEATHERS, Words, plural,
)  # fmt: skip

Say = Callable[[float], bool]
NUMBERS = {2: ("two", "two", "2", "a pair of"), 3: ("three", "three", "3")}
LEADS = (
    "in",
    "on",
    "at",
    "by",
    "near",
    "over",
    "above",
    "under",
    "before",
    "inside",
    "beside",
    "underwater",
)
MASS = ("armour", "armor", "overalls", "dungarees", "flowers", "blossoms", "glasses", "spectacles")


def word(rng: random.Random, values: dict[str, Words], value: str) -> str:
    """One of the English words of a value, the plainest most often."""
    choices = values[value]["en"]
    return choices[0] if rng.random() < 0.4 else rng.choice(choices)


def with_article(phrase: str) -> str:
    """``a`` or ``an`` before a phrase."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def counted(rng: random.Random, count: int, adjectives: list[str], noun: str) -> str:
    """ "a red balloon", "two red balloons"."""
    if count == 1:
        phrase = " ".join([*adjectives, noun])
        return phrase if noun in MASS else with_article(phrase)
    return " ".join([rng.choice(NUMBERS[count]), *adjectives, plural(noun)])


def describe(scene: Scene, rng: random.Random, say: Say) -> str:
    """The caption of any kind of picture."""
    if scene.kind == "poster":
        text = _poster(scene, rng, say)
    elif scene.kind == "motif":
        text = _motif(scene, rng, say)
    elif scene.kind == "pattern":
        text = _pattern(scene, rng, say)
    else:
        text = _scene(scene, rng, say)
    text = _styled(scene, rng, say, text)
    return text[0].upper() + text[1:] + rng.choice(("", ".")) if rng.random() < 0.15 else text


def _styled(scene: Scene, rng: random.Random, say: Say, text: str) -> str:
    """The text with its style said in front, behind or not at all, and perhaps an opening."""
    placed = text.split(" ", 1)[0] in LEADS
    opening = rng.choice(grammar.OPENINGS_EN) if rng.random() < 0.3 and not placed else ""
    if not say(1.3):
        return f"{opening} {text}".strip()
    style = word(rng, STYLES, scene.style)
    if rng.random() < 0.62 or placed:
        text = f"{opening} {text}".strip()
        return rng.choice(
            (
                f"{text}, {style}",
                f"{text}, {style}",
                f"{text} in {style} style",
                f"{text}, {style} style",
            )
        )
    noun = style.rsplit(" ", 1)[-1]
    if noun in (
        "painting",
        "drawing",
        "illustration",
        "art",
        "print",
        "watercolour",
        "watercolor",
        "pastel",
    ):
        return f"{with_article(style)} of {text}" if noun != "art" else f"{style} of {text}"
    return rng.choice(
        (
            f"{with_article(style)} illustration of {text}",
            f"{with_article(style)} picture of {text}",
            f"{style} style, {text}",
        )
    )


def _scene(scene: Scene, rng: random.Random, say: Say) -> str:
    """A place, with or without figures."""
    if scene.subject == NONE and scene.hero is None:
        return _bare(scene, rng, say)
    about = _figure(scene, rng, say) if scene.subject != NONE else _hero(scene, rng)
    if rng.random() < 0.015:
        return _bare(scene, rng, say)
    where = _where(scene, rng, say)
    extra = _extra(scene, rng, say)
    if rng.random() < 0.12:
        return ", ".join(part for part in (about, *where, *extra) if part)
    if where and rng.random() < 0.13:
        return " ".join(where) + ", " + " ".join([about, *extra])
    pieces = [*where, *extra] if rng.random() < 0.6 else [*extra, *where]
    return " ".join([about, *pieces])


def _bare(scene: Scene, rng: random.Random, say: Say) -> str:
    """A place alone."""
    place, adjectives, after = word(rng, PLACES, scene.place), [], []
    if rng.random() < 0.2:
        adjectives.append(rng.choice(grammar.SCENIC_EN))
    if scene.mood != NONE and say(2):
        phrase = word(rng, MOODS, scene.mood)
        where = rng.choice((adjectives, adjectives, after))
        where.append(
            phrase
            if where is adjectives
            else rng.choice(("with fantasy elements", "full of magic"))
        )
    _time_and_weather(scene, rng, say, (adjectives, after))
    if _colour_fits(scene) and rng.random() < 0.3:
        adjectives.append(grammar.PLACE_COLOURS[scene.place][0])
    if place in grammar.AS_IS:
        text = " ".join([*adjectives, place])
    else:
        text = " ".join([*adjectives, place])
        if place not in grammar.NO_ARTICLE and rng.random() < 0.7:
            text = rng.choice((f"the {text}", with_article(text), with_article(text)))
    if scene.kind == "panorama" and rng.random() < 0.5:
        text = f"{rng.choice(('a', 'wide'))} {word(rng, KINDS, 'panorama')} of {text}".replace(
            "wide wide", "wide"
        )
    elif rng.random() < 0.14:
        text = f"{rng.choice(grammar.LANDSCAPES_EN[: 5 if scene.place in ('ocean', 'beach') else 4])} {text}"
    return " ".join([text, *after])


def _colour_fits(scene: Scene) -> bool:
    """Whether the place has the colour that people expect of it at this hour."""
    calm = scene.weather in ("clear", "cloudy", NONE)
    hours = (
        ("day", "night", "dawn", "dusk") if scene.place in ("ocean", "lake") else ("day", "dawn")
    )
    return scene.place in grammar.PLACE_COLOURS and scene.time in hours and calm


def _time_and_weather(
    scene: Scene, rng: random.Random, say: Say, to: tuple[list[str], list[str]]
) -> None:
    before, after = to
    if scene.time != NONE and say(2.2):
        if rng.random() < 0.35:
            before.append(rng.choice(grammar.TIME_ADJECTIVES[scene.time]))
        else:
            after.append(grammar.TIME_PHRASES[word(rng, TIMES, scene.time)])
    plain = 0.45 if scene.weather == "clear" else 2.0
    if scene.weather != NONE and say(plain):
        if rng.random() < 0.35:
            before.append(rng.choice(grammar.WEATHER_ADJECTIVES[scene.weather]))
        else:
            after.append(grammar.WEATHER_PHRASES[word(rng, WEATHERS, scene.weather)])


def _where(scene: Scene, rng: random.Random, say: Say) -> list[str]:
    """Place, hour and weather of a scene that is about something else."""
    before: list[str] = []
    after: list[str] = []
    _time_and_weather(scene, rng, say, (before, after))
    if rng.random() < 0.3:
        after.reverse()
    if not say(3):
        return after
    place = word(rng, PLACES, scene.place)
    if scene.mood != NONE and say(1.5):
        before.insert(0, word(rng, MOODS, scene.mood))
    if place in grammar.AS_IS:
        return [place, *after]
    text = " ".join([*before, place])
    if scene.hero is not None and scene.hero.name in grammar.IN_SKY and rng.random() < 0.6:
        lead = rng.choice(("over", "above"))
        return [f"{lead} {_the(rng, text, place)}", *after]
    lead = rng.choice(grammar.PLACE_PREPOSITIONS[scene.place])
    if lead in ("in front of", "at", "in"):
        return [f"{lead} {_the(rng, text, place)}" if lead != "in" else f"in {text}", *after]
    if place in grammar.NO_ARTICLE:
        head = lead.rsplit(" ", 1)[0]
        return [f"{head} {rng.choice(('', 'the '))}{text}", *after]
    if lead.endswith((" a", " an")):
        lead = f"{lead.rsplit(' ', 1)[0]} {'an' if text[0] in 'aeiou' else 'a'}"
    return [f"{lead} {text}", *after]


def _the(rng: random.Random, text: str, place: str) -> str:
    if place in grammar.NO_ARTICLE:
        return rng.choice(("", "the ")) + text
    return rng.choice((f"the {text}", with_article(text)))


def _figure(scene: Scene, rng: random.Random, say: Say) -> str:
    """The subject with its looks."""
    adjectives = [rng.choice(grammar.ADJECTIVES_EN)] if rng.random() < 0.2 else []
    noun = word(rng, VOCABULARY["subject"], scene.subject)
    if scene.clothing == NONE:
        if say(2.5):
            adjectives.append(word(rng, COLOURS, scene.colour))
        return _joined(scene, rng, counted(rng, scene.count, adjectives, noun), [])
    looks = [_clothes(scene, rng)] if say(2.5) else []
    if scene.hair != NONE and say(0.6):
        hair = _hair(scene, rng)
        if hair.endswith("haired"):
            adjectives.append(hair)
        else:
            looks.append(hair)
    if scene.accessory != NONE and say(1.2):
        looks.append(_accessory(scene, rng))
    held = next((thing for thing in scene.objects if thing.held), None)
    if held is not None and say(3):
        looks.append(f"{rng.choice(('holding', 'with', 'holding'))} {_thing(held, rng)}")
    if rng.random() < 0.25:
        rng.shuffle(looks)
    return _joined(scene, rng, counted(rng, scene.count, adjectives, noun), looks)


def _joined(scene: Scene, rng: random.Random, noun: str, looks: list[str]) -> str:
    if rng.random() < 0.08:
        noun = noun.removeprefix("a ").removeprefix("an ")
    if scene.companion != NONE and rng.random() < 0.85:
        other = [word(rng, COLOURS, scene.companion_colour)] if rng.random() < 0.6 else []
        animal = counted(rng, 1, other, word(rng, VOCABULARY["subject"], scene.companion))
        looks = [*looks, f"{rng.choice(('and', 'with', 'next to'))} {animal}"]
    return " ".join([noun, *looks])


def _clothes(scene: Scene, rng: random.Random) -> str:
    kind, colour = word(rng, CLOTHING, scene.clothing), word(rng, COLOURS, scene.colour)
    if rng.random() < 0.1:
        return f"in {colour}"
    many = scene.count > 1
    noun = plural(kind) if many and kind not in MASS else kind
    phrase = f"{colour} {noun}" if rng.random() < 0.93 else noun
    if not many and kind not in MASS:
        phrase = with_article(phrase)
    return f"{rng.choice(('in', 'in', 'wearing', 'wearing', 'dressed in', 'with'))} {phrase}"


def _hair(scene: Scene, rng: random.Random) -> str:
    colour = word(rng, HAIR_COLOURS, scene.hair)
    style = word(rng, HAIR_STYLES, scene.hair_style)
    if scene.hair_style == "bald":
        return f"with {style}"
    if scene.hair_style in ("long", "short", "curly"):
        if rng.random() < 0.2:
            return f"{style}-haired"
        return f"with {style} {colour}" if rng.random() < 0.7 else f"with {colour}"
    return rng.choice((f"with {colour}", f"with {style}", f"with {colour} and {style}"))


def _accessory(scene: Scene, rng: random.Random) -> str:
    noun = word(rng, ACCESSORIES, scene.accessory)
    if scene.count > 1 or noun in MASS:
        return f"with {noun if noun in MASS else plural(noun)}"
    return f"{rng.choice(('with', 'wearing'))} {with_article(noun)}"


def _thing(thing: Thing, rng: random.Random) -> str:
    adjectives = (
        [word(rng, COLOURS, thing.colour)] if thing.colour != NONE and rng.random() < 0.85 else []
    )
    return counted(rng, thing.count, adjectives, word(rng, OBJECTS, thing.name))


def _hero(scene: Scene, rng: random.Random) -> str:
    return _thing(scene.objects[0], rng)


def _extra(scene: Scene, rng: random.Random, say: Say) -> list[str]:
    """Objects beside what the scene is about, and where in the picture it stands."""
    phrases = []
    rest = (
        scene.objects[1:]
        if scene.subject == NONE
        else [thing for thing in scene.objects if not thing.held]
    )
    for thing in rest:
        if say(2.2):
            leads = ["with", "and", "next to", "beside", "near"]
            if thing.name in grammar.UNDER:
                leads += ["under", "under"]
            lead = (
                "under"
                if thing.name in grammar.IN_SKY and rng.random() < 0.4
                else rng.choice(leads)
            )
            phrases.append(f"{lead} {_thing(thing, rng)}")
    if scene.position != "center" and say(0.5):
        phrases.append(rng.choice((f"on the {scene.position}", f"on the {scene.position} side")))
    if scene.subject != NONE and scene.distance == "far" and say(1.0):
        phrases.append(rng.choice(("far away", "in the distance")))
    elif scene.subject != NONE and scene.distance == "near" and say(0.15):
        phrases.append("close up")
    return phrases


def _ground(scene: Scene, rng: random.Random, say: Say, text: str) -> str:
    if not say(1.6):
        return text
    colour = word(rng, COLOURS, scene.colour)
    return rng.choice(
        (
            f"{text} on a {colour} background",
            f"{text}, {colour} background",
            f"{text} with a {colour} background",
        )
    )


def _poster(scene: Scene, rng: random.Random, say: Say) -> str:
    kind = word(rng, KINDS, "poster")
    if scene.theme not in PRODUCTS:
        place = word(rng, PLACES, scene.theme)
        text = rng.choice(
            (
                f"a travel poster of {place}",
                f"a travel poster for {place}",
                f"{place} travel poster",
            )
        )
        return _ground(scene, rng, say, text)
    product = word(rng, PRODUCTS, scene.theme)
    if rng.random() < 0.35:
        text = rng.choice(
            (
                f"{with_article(kind)} for a new product launch",
                f"a product launch {kind}",
                f"a new product {kind}",
                kind,
            )
        )
    else:
        text = rng.choice(
            (
                f"{with_article(kind)} for a new {product}",
                f"{with_article(kind)} with a {product}",
                f"a {product} {kind}",
                f"{with_article(kind)} for a new product launch, {product}",
            )
        )
    return _ground(scene, rng, say, text)


def _motif(scene: Scene, rng: random.Random, say: Say) -> str:
    kind = word(rng, KINDS, "motif")
    emblem = word(rng, EMBLEMS, scene.theme)
    text = with_article(kind)
    if scene.view == "shirt" and rng.random() < 0.5:
        text = rng.choice(("a t-shirt with a print", "a t-shirt design", "a t-shirt"))
    if say(2):
        text = rng.choice(
            (
                f"{text} with {_plain(emblem)}",
                f"{text} of {_plain(emblem)}",
                f"{emblem} {text.removeprefix('a ').removeprefix('an ')}",
            )
        )
    return _ground(scene, rng, say, text)


def _plain(noun: str) -> str:
    return noun if noun.endswith("s") else with_article(noun)


def _pattern(scene: Scene, rng: random.Random, say: Say) -> str:
    kind, thing = word(rng, KINDS, "pattern"), word(rng, PATTERN_THINGS, scene.theme)
    text = rng.choice(
        (
            f"{with_article(kind)} of {thing}",
            f"{thing} {kind}",
            f"{with_article(kind)} with {thing}",
        )
    )
    if not say(6):
        text = with_article(kind)
    return _ground(scene, rng, say, text)
