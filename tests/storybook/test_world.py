"""The scenes that the built-in model is trained on, and what is said of them."""

import random
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "storybook"))

from world import (
    VOCABULARY,
    Scene,
    Thing,
    attributes,
    caption,
    is_held_out,
    known_words,
    render,
    render_svg,
    sample_scene,
    vocabulary,
)
from world.draw import things

MEADOW = Scene(place="meadow", time="day", weather="clear")
GIRL = MEADOW.without(
    subject="girl", clothing="dress", colour="white", hair="black", hair_style="long"
)
SIZES = [(256, 256), (192, 320), (320, 192), (384, 192)]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def scenes(count: int, size: tuple[int, int] = (256, 256), seed: int = 1) -> list[Scene]:
    rng = random.Random(seed)
    return [sample_scene(rng, *size) for _ in range(count)]


def example(attribute: str, value: str) -> Scene:
    """A scene in which the attribute has the value."""
    cat = MEADOW.without(subject="cat", colour="black")
    layouts = {"product": "poster", "emblem": "motif", "pattern": "pattern"}
    if attribute in layouts:
        return Scene(kind=layouts[attribute], theme=value, colour="red", view="emblem")
    if attribute == "kind":
        theme = {"poster": "phone", "motif": "sun", "pattern": "stars"}.get(value)
        return Scene(kind=value, theme=theme, colour="red") if theme else MEADOW.without(kind=value)
    if attribute == "subject":
        return (
            GIRL.without(subject=value)
            if value in vocabulary.PEOPLE
            else cat.without(subject=value)
        )
    if attribute == "object":
        colour = things.COLOURABLE.get(value, ("none",))[0]
        return MEADOW.without(objects=(Thing(value, colour),))
    if attribute in ("clothing", "colour", "hair", "hair_style", "accessory"):
        return GIRL.without(**{attribute: value})
    return MEADOW.without(**{attribute: value})


EVERY_VALUE = [(attribute, value) for attribute in VOCABULARY for value in VOCABULARY[attribute]]


def test_same_scene_and_seed_give_the_same_picture() -> None:
    for scene in scenes(6, seed=3):
        assert render_svg(scene, 5) == render_svg(scene, 5)
        assert render(scene, 5).tobytes() == render(scene, 5).tobytes()


def test_another_seed_gives_another_picture() -> None:
    assert render_svg(GIRL, 1) != render_svg(GIRL, 2)


def test_sampling_is_repeatable() -> None:
    assert scenes(20, seed=8) == scenes(20, seed=8)


@pytest.mark.parametrize("size", SIZES)
def test_pictures_have_the_size_of_the_scene(size: tuple[int, int]) -> None:
    for scene in scenes(8, size):
        image = render(scene, 1)
        assert (image.size, image.mode) == (size, "RGB")


@pytest.mark.parametrize(("attribute", "value"), EVERY_VALUE)
def test_every_value_can_be_drawn(attribute: str, value: str) -> None:
    assert render_svg(example(attribute, value), 3).startswith("<svg")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("attribute", "value"), EVERY_VALUE)
def test_every_word_is_said(attribute: str, value: str, language: str) -> None:
    scene, rng = example(attribute, value), random.Random(2)
    said = " | ".join(caption(scene, rng, language, 1.0).lower() for _ in range(260))
    for word in VOCABULARY[attribute][value][language]:
        assert word.lower() in said or vocabulary.plural(word.lower()) in said


def test_english_captions_use_known_words_only() -> None:
    known = known_words()
    rng = random.Random(4)
    for scene in scenes(1500, seed=5):
        text = caption(scene, rng, "en").lower()
        unknown = [word for word in re.findall(r"[\w'-]+", text) if word not in known]
        assert not unknown, (text, unknown)


def test_chinese_captions_are_chinese() -> None:
    rng = random.Random(4)
    for scene in scenes(300, seed=6):
        text = caption(scene, rng, "zh")
        assert CHINESE.search(text)
        assert not re.search(r"[a-z]{2,}", text), text


def test_chinese_captions_use_known_words_only() -> None:
    words = "|".join(map(re.escape, known_words()))
    spoken = re.compile(rf"(?:{words}|[^\u4e00-\u9fff])*")
    rng = random.Random(4)
    for scene in scenes(1000, seed=6):
        text = caption(scene, rng, "zh")
        assert spoken.fullmatch(text), text


def test_a_short_caption_is_short_and_names_the_subject() -> None:
    rng = random.Random(1)
    said = [caption(GIRL, rng, "en", 0.0) for _ in range(200)]
    assert sum("girl" in text.lower() for text in said) > 185
    assert min(len(text.split()) for text in said) <= 2


def test_colours_are_said_of_the_right_thing() -> None:
    scene = GIRL.without(colour="red", objects=(Thing("balloon", "blue"),))
    rng = random.Random(1)
    for _ in range(200):
        text = caption(scene, rng, "en", 1.0)
        assert "blue dress" not in text
        assert "red balloon" not in text


def test_bare_scenes_are_as_common_as_scenes_with_people() -> None:
    drawn = [scene for scene in scenes(3000) if scene.kind == "scene"]
    people = sum(scene.subject in vocabulary.PEOPLE for scene in drawn)
    bare = sum(scene.subject == "none" for scene in drawn)
    assert bare > people
    assert people > 500


def test_three_in_a_hundred_compositions_are_held_out() -> None:
    figures = {scene for scene in scenes(6000, seed=9) if scene.subject != "none"}
    share = sum(map(is_held_out, figures)) / len(figures)
    assert 0.02 < share < 0.04


def test_places_without_figures_are_never_held_out() -> None:
    assert not any(is_held_out(scene) for scene in scenes(500) if scene.subject == "none")


def test_prompts_that_people_will_try_first_are_trained_on() -> None:
    girl = GIRL.without(place="beach", time="sunset")
    robot = Scene(subject="robot", place="garden", time="dawn", colour="grey")
    cats = Scene(subject="cat", place="meadow", time="day", colour="grey", weather="rain")
    assert not any(map(is_held_out, (girl, robot, cats)))


def test_attributes_are_strings_and_complete() -> None:
    keys = {frozenset(attributes(scene)) for scene in scenes(200)}
    assert len(keys) == 1
    values = attributes(GIRL.without(objects=(Thing("kite", "red"),)))
    assert values["clothing_colour"] == "white"
    assert values["object"] == "kite"
    assert values["weather"] == "clear"
    assert attributes(MEADOW)["subject"] == "none"
    assert all(isinstance(value, str) for value in values.values())
