"""Looking on: nothing of the picture, the record or the model changes, and what is seen is true."""

from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pytest
import torch
from PIL import Image

from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.glimpse import NO_PICTURE, colours_of
from sdgen.engine.heat import found_in
from sdgen.engine.loader import load_model
from sdgen.engine.watch import Glimpse, Watch
from sdgen.errors import InterruptedRunError
from sdgen.files.compare import compare_pixels
from sdgen.models import find_model
from tests.engine.drawing import draw, kept_state, planned
from tests.engine.test_together import foxes, images


class Keeping(Watch):
    def __init__(self, *words: str) -> None:
        super().__init__(words=words)
        self.seen: list[Glimpse] = []

    def __call__(self, done: int, total: int) -> None:
        assert self.glimpse is not None
        self.seen.append(self.glimpse)


def watched(folder: Path, watch: Watch, **said):
    return DiffusersGenerator("cpu").generate(*planned(folder, **said), watch)


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
@pytest.mark.parametrize("guidance_scale", [1.0, 7.0])
def test_a_watched_picture_is_the_same_bit_for_bit(request, model: str, guidance_scale: float):
    folder = request.getfixturevalue(model)
    plain = draw(folder, guidance_scale=guidance_scale)
    before, noise = kept_state(), torch.get_rng_state()
    watch = Keeping("red", "fox")
    drawn = watched(folder, watch, guidance_scale=guidance_scale)
    for glimpse in watch.seen:
        assert glimpse.small().size == (8, 8)
        assert glimpse.whole().size == glimpse.whole(guess=False).size == (64, 64)
    assert drawn.image.tobytes() == plain.image.tobytes()
    ours, theirs = (one.record.model_dump(exclude={"created"}) for one in (drawn, plain))
    assert ours == theirs
    assert kept_state() == before
    assert torch.equal(torch.get_rng_state(), noise)
    assert len(watch.seen) == 2
    assert [word for word, _ in watch.maps] == ["red", "fox"]


@pytest.mark.parametrize("scheduler", ["euler", "ddim", "dpmpp_2m", "heun", "unipc"])
def test_what_is_seen_at_the_last_step_is_the_picture(tiny_sd: Path, scheduler: str):
    """Where the last step goes all the way to what the model saw, one is the other."""
    watch = Keeping()
    drawn = watched(tiny_sd, watch, scheduler=scheduler, steps=4)
    last = compare_pixels(watch.seen[-1].whole(), drawn.image)
    first = compare_pixels(watch.seen[0].whole(guess=False), drawn.image)
    assert last.largest <= 2
    assert first.largest > 2


def test_both_passes_of_an_enlarged_picture_are_seen(tiny_sd: Path):
    said = {"hires_scale": 2.0, "hires_strength": 0.5}
    plain = draw(tiny_sd, **said)
    watch = Keeping("fox")
    drawn = watched(tiny_sd, watch, **said)
    assert drawn.image.tobytes() == plain.image.tobytes()
    sizes = [glimpse.whole().size for glimpse in watch.seen]
    assert (sizes[0], sizes[-1]) == ((64, 64), (128, 128))
    assert [word for word, _ in watch.maps] == ["fox"]


def test_a_picture_begun_at_another_is_the_same_when_watched(tiny_sd: Path, tmp_path: Path):
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "begin.png")
    said = {"image": str(tmp_path / "begin.png"), "strength": 0.5, "steps": 4}
    plain = draw(tiny_sd, **said)
    watch = Keeping()
    assert watched(tiny_sd, watch, **said).image.tobytes() == plain.image.tobytes()
    assert len(watch.seen) == 2


def test_each_picture_of_a_call_can_be_seen(tiny_sd: Path):
    one, model = planned(tiny_sd)
    other, _ = planned(tiny_sd, seed=8)
    watch = Keeping()
    drawn = DiffusersGenerator("cpu").generate_batch([one, other], model, watch)
    for row, drawing in enumerate(drawn):
        assert compare_pixels(watch.seen[-1].whole(row), drawing.image).largest <= 2


def test_a_stopped_picture_leaves_no_hook(tiny_sd: Path):
    draw(tiny_sd)
    before = kept_state()

    def stop(done: int, total: int) -> None:
        raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        watched(tiny_sd, Watch(stop, words=["fox"]))
    assert kept_state() == before


class Looking(Keeping):
    """Decodes while the picture is drawn, as a preview does."""

    def __call__(self, done: int, total: int) -> None:
        super().__call__(done, total)
        self.looks = [self.seen[-1].whole(), self.seen[-1].small()]


@pytest.mark.parametrize("lacking", ["decode", "decode and _fit"])
def test_a_look_without_memory_is_rough_and_changes_nothing(tiny_sd: Path, monkeypatch, lacking):
    plain = draw(tiny_sd)

    def lack(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("sdgen.engine.glimpse._fitted", WeakKeyDictionary())
    for name in lacking.split(" and "):
        monkeypatch.setattr(f"sdgen.engine.glimpse.{name}", lack)
    watch = Looking()
    drawn = watched(tiny_sd, watch)
    whole, small = watch.looks
    assert (whole.size, small.size) == ((64, 64), (8, 8))
    grey = {NO_PICTURE} == {colour for _, colour in whole.getcolors(64 * 64)}
    assert grey == ("_fit" in lacking)
    assert drawn.image.tobytes() == plain.image.tobytes()
    assert drawn.record.notices == plain.record.notices
    assert [step.whole(guess=False).size for step in watch.seen] == [(64, 64)] * 2


def test_the_colours_are_those_of_the_decoder(tiny_sd: Path):
    _, model = planned(tiny_sd)
    pipeline = load_model(model, "float32", torch.device("cpu")).pipeline
    colours = colours_of(pipeline)
    assert colours.shape == (pipeline.vae.config.latent_channels + 1, 3)
    assert torch.isfinite(colours).all()
    assert colours_of(pipeline) is colours


@pytest.mark.parametrize(
    ("prompt", "words", "found"),
    [
        ("a red fox, a fox", ["red", "fox"], {"red": 1, "fox": 2}),
        ("a (red:1.3) [fox]", ["red fox", "RED"], {"red fox": 2, "RED": 1}),
        ("a firefox", ["fox"], {}),
        ("a red fox BREAK snow", ["snow"], {"snow": 1}),
    ],
)
def test_words_are_found_where_their_tokens_are(tiny_sd: Path, prompt, words, found):
    settings, model = planned(tiny_sd, prompt=prompt)
    pipeline = load_model(model, "float32", torch.device("cpu")).pipeline
    told = found_in(pipeline, settings, words)
    assert {word.text for word in told} == set(found)
    for word in told:
        assert all(1 <= place % 77 <= 75 for place in word.places)
    if "BREAK" in prompt:
        assert min(told[0].places) == 77 + 1


def test_the_map_of_the_dress_lies_on_the_dress():
    """storybook, seed 1: the dress is in the middle, the sky above."""
    watch = Keeping("dress", "sunset")
    said = {"prompt": "a girl in a white dress on a sunset beach", "seed": 1, "steps": 6}
    drawn = DiffusersGenerator("cpu").generate(*planned_storybook(said), watch)
    heat = {word: np.asarray(one.resize((256, 256)), float) for word, one in watch.maps}
    dress, sky = np.s_[160:230, 105:155], np.s_[:85, :]
    pixels = np.asarray(drawn.image, float)
    assert pixels[dress].mean() > 180, "the dress is where it is looked for"
    assert heat["dress"][dress].mean() > 4 * heat["dress"][sky].mean()
    assert heat["sunset"][sky].mean() > 1.5 * heat["sunset"][dress].mean()
    assert isinstance(watch.seen[0].small(), Image.Image)


def planned_storybook(said: dict):
    from sdgen.models.resolve import plan
    from sdgen.recipe.layers import Layer

    found = plan([Layer("test", said)])
    return found.settings, found.model


@pytest.mark.parametrize("rows", [1, 2])
def test_a_watched_call_whose_guidance_ends_early_draws_the_same(tiny_sd: Path, rows: int):
    generator, folder = DiffusersGenerator("cpu"), find_model(str(tiny_sd))
    slots = foxes(rows, steps=6, approximate=("guidance-until=0.5",))
    plain = images(generator.generate_batch(slots, folder))
    assert images(generator.generate_batch(slots, folder, Watch(words=("fox",)))) == plain
