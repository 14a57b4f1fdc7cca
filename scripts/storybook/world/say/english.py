"""English captions: noun phrases joined in a free order."""

import random
from collections.abc import Callable

from world.say import grammar
from world.say.english_figures import figure, named_thing
from world.say.english_layouts import motif, pattern, poster
from world.say.english_words import with_article, word
from world.scene import NONE, Scene
from world.vocabulary import (
    KINDS,
    MOODS,
    PLACES,
    SEASONS,
    STYLES,
    TIMES,
    WEATHERS,
)  # fmt: skip

Say = Callable[[float], bool]
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


def describe(scene: Scene, rng: random.Random, say: Say) -> str:
    """The caption of any kind of picture."""
    if scene.kind == "poster":
        text = poster(scene, rng, say)
    elif scene.kind == "motif":
        text = motif(scene, rng, say)
    elif scene.kind == "pattern":
        text = pattern(scene, rng, say)
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
    about = figure(scene, rng, say) if scene.subject != NONE else _hero(scene, rng)
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
    place = word(rng, PLACES, scene.place)
    if scene.time in grammar.SUN_EN and place not in grammar.AS_IS and rng.random() < 0.1:
        return f"{grammar.SUN_EN[scene.time]} over {_the(rng, place, place)}"
    before, after = _scenery(scene, rng, say)
    text = " ".join([*before, place])
    if place not in (*grammar.AS_IS, *grammar.NO_ARTICLE) and rng.random() < 0.7:
        text = rng.choice((f"the {text}", with_article(text), with_article(text)))
    if scene.kind == "panorama" and rng.random() < 0.5:
        text = f"{with_article(word(rng, KINDS, 'panorama'))} of {text}"
    elif rng.random() < 0.14:
        seaside = scene.place in ("ocean", "beach")
        text = f"{rng.choice(grammar.LANDSCAPES_EN[: 5 if seaside else 4])} {text}"
    return " ".join([text, *after])


def _scenery(scene: Scene, rng: random.Random, say: Say) -> tuple[list[str], list[str]]:
    """What is said before and after the name of a place."""
    before: list[str] = []
    after: list[str] = []
    if rng.random() < 0.2:
        before.append(rng.choice(grammar.SCENIC_EN))
    if scene.mood != NONE and say(2):
        if rng.random() < 0.66:
            before.append(word(rng, MOODS, scene.mood))
        else:
            after.append(rng.choice(("with fantasy elements", "full of magic")))
    _time_and_weather(scene, rng, say, (before, after))
    if _colour_fits(scene) and rng.random() < 0.3:
        before.append(grammar.PLACE_COLOURS[scene.place][0])
    return before, after


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
    if scene.season != NONE and say(1.6):
        season = word(rng, SEASONS, scene.season)
        if rng.random() < 0.5:
            before.append(season)
        else:
            after.append(f"in {season}")
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
    if scene.mood != NONE and say(1.5):
        before.insert(0, word(rng, MOODS, scene.mood))
    place = word(rng, PLACES, scene.place)
    while before and place in grammar.AS_IS:
        place = rng.choice(PLACES[scene.place]["en"])
    if place in grammar.AS_IS:
        return [place, *after]
    return [_placed(scene, rng, place, " ".join([*before, place])), *after]


def _placed(scene: Scene, rng: random.Random, place: str, text: str) -> str:
    """A preposition and an article that fit before the place and its adjectives."""
    if scene.hero is not None and scene.hero.name in grammar.IN_SKY and rng.random() < 0.6:
        return f"{rng.choice(('over', 'above'))} {_the(rng, text, place)}"
    lead, _, article = rng.choice(grammar.PLACE_PREPOSITIONS[scene.place]).rpartition(" ")
    if article not in ("a", "an", "the"):
        lead = f"{lead} {article}".strip()
        return f"{lead} {_the(rng, text, place) if lead != 'in' else text}"
    if place in grammar.NO_ARTICLE:
        return f"{lead} {rng.choice(('', 'the '))}{text}"
    return f"{lead} the {text}" if article == "the" else f"{lead} {with_article(text)}"


def _the(rng: random.Random, text: str, place: str) -> str:
    if place in grammar.NO_ARTICLE:
        return rng.choice(("", "the ")) + text
    return rng.choice((f"the {text}", with_article(text)))


def _hero(scene: Scene, rng: random.Random) -> str:
    return named_thing(scene.objects[0], rng)


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
            phrases.append(f"{lead} {named_thing(thing, rng)}")
    if scene.position != "center" and say(0.5):
        phrases.append(rng.choice((f"on the {scene.position}", f"on the {scene.position} side")))
    if scene.subject != NONE and scene.distance == "far" and say(1.0):
        phrases.append(rng.choice(("far away", "in the distance")))
    elif scene.subject != NONE and scene.distance == "near" and say(0.15):
        phrases.append("close up")
    return phrases
