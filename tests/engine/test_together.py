"""Pictures drawn together: each is, bit for bit, what it is alone in its slot."""

from collections.abc import Sequence

import pytest
import torch

from sdgen.engine import Drawing
from sdgen.engine.families import unet
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.engine.prompts import KEPT, TextCache, encode
from sdgen.engine.together import padded
from sdgen.errors import GenerationError, InterruptedRunError, SdgenError
from sdgen.models import find_model
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings

CPU = torch.device("cpu")

FAMILIES = sorted(
    {entry.class_name: name for name, entry in SCHEDULERS.items() if not entry.flow}.values()
)
"""One scheduler of each class of diffusers."""

NOISY = ["dpmpp_2m_sde", "dpmpp_sde", "euler_ancestral", "lcm", "tcd", "dpm2_ancestral"]


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


def foxes(count: int, **said) -> list[Settings]:
    """Pictures of one shape, no two of which are alike."""
    base = {"width": 64, "height": 64, "steps": 3, **said}
    return [
        Settings(prompt=f"fox {n}", negative_prompt="red" if n % 2 else "", seed=2**31 + n, **base)
        for n in range(count)
    ]


def images(outcomes: Sequence[Drawing | SdgenError]) -> list[bytes]:
    for outcome in outcomes:
        assert isinstance(outcome, Drawing)
    return [outcome.image.tobytes() for outcome in outcomes]


def alone(slots: Sequence[Settings | None], slot: int) -> list[Settings | None]:
    return [settings if at == slot else None for at, settings in enumerate(slots)]


@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")  # diffusers
@pytest.mark.parametrize("scheduler", sorted({*FAMILIES, *NOISY}))
@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_every_family_draws_a_picture_of_four_again_alone(generator, model, scheduler, request):
    folder = find_model(str(request.getfixturevalue(model)))
    slots = foxes(4, scheduler=scheduler)
    drawn = images(generator.generate_batch(slots, folder))
    assert len(set(drawn)) == 4
    for slot in (0, 3):
        assert images(generator.generate_batch(alone(slots, slot), folder)) == [drawn[slot]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
def test_every_slot_of_every_size_owes_nothing_to_the_others(generator, tiny_sd, size):
    folder = find_model(str(tiny_sd))
    slots = foxes(size, scheduler="euler_ancestral")
    drawn = images(generator.generate_batch(slots, folder))
    others = [each.model_copy(update={"seed": 5, "prompt": "sea"}) for each in slots]
    for slot in range(size):
        neighbours = [*others[:slot], slots[slot], *others[slot + 1 :]]
        assert images(generator.generate_batch(neighbours, folder))[slot] == drawn[slot]
        assert images(generator.generate_batch(alone(slots, slot), folder)) == [drawn[slot]]


def test_a_ragged_end_is_the_same_as_a_full_call(generator, tiny_sdxl):
    folder = find_model(str(tiny_sdxl))
    slots = foxes(4, scheduler="dpmpp_2m_sde")
    drawn = images(generator.generate_batch(slots, folder))
    assert images(generator.generate_batch([*slots[:3], None], folder)) == drawn[:3]


def test_the_built_in_model_too(generator):
    folder = find_model("storybook")
    slots = foxes(3, width=256, height=256, steps=2, scheduler="euler_ancestral")
    drawn = images(generator.generate_batch([*slots, None], folder))
    assert images(generator.generate_batch([None, None, slots[2], None], folder)) == drawn[2:]


def test_one_alone_is_the_same_in_both_ways_to_ask(generator, tiny_sd):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1)
    drawing = generator.generate(fox, folder)
    assert images([drawing]) == images(generator.generate_batch([fox], folder))
    assert (drawing.record.batch.size, drawing.record.batch.slot) == (1, 0)


def test_the_record_tells_size_and_slot(generator, tiny_sd):
    slots = [None, *foxes(2), None]
    drawings = generator.generate_batch(slots, find_model(str(tiny_sd)))
    places = [(one.record.batch.size, one.record.batch.slot) for one in drawings]
    assert places == [(4, 1), (4, 2)]
    assert [one.record.settings.prompt for one in drawings] == ["fox 0", "fox 1"]


def test_without_guidance_too(generator, tiny_sd):
    folder, slots = find_model(str(tiny_sd)), foxes(2, guidance_scale=1.0)
    drawn = images(generator.generate_batch(slots, folder))
    assert images(generator.generate_batch(alone(slots, 1), folder)) == drawn[1:]


def test_an_embedding_is_made_once_for_each_text(generator, tiny_sd, monkeypatch):
    folder = find_model(str(tiny_sd))
    encoder = load_model(folder, "float32", CPU).pipeline.text_encoder
    asked = []
    handle = encoder.register_forward_pre_hook(
        lambda _, pieces: asked.append(tuple(pieces[0].shape))
    )
    same = [each.model_copy(update={"prompt": "one text"}) for each in foxes(4)]
    generator.generate_batch(same, folder)
    generator.generate_batch(same, folder)
    handle.remove()
    assert 1 <= asked.count((1, 77)) == len(asked) <= 3  # the prompt, two negative ones at most


def test_many_texts_are_not_all_kept(generator, tiny_sd):
    folder, cache = find_model(str(tiny_sd)), TextCache()
    pipeline = load_model(folder, "float32", CPU).pipeline
    with torch.inference_mode():
        for fox in foxes(KEPT + 9):
            encode(pipeline, cache, fox)
    assert len(cache) == KEPT


def test_pictures_of_two_shapes_are_refused(generator, tiny_sd):
    with pytest.raises(ValueError, match="one shape"):
        generator.generate_batch([*foxes(1), *foxes(1, steps=5)], find_model(str(tiny_sd)))


def test_an_empty_slot_gets_a_copy_of_a_picture():
    first, second = foxes(2)
    assert padded([None, first, None, second]) == [first, first, first, second]


def test_one_picture_that_fails_takes_no_other_with_it(generator, tiny_sd, monkeypatch):
    folder, slots = find_model(str(tiny_sd)), foxes(3)
    before = images(generator.generate_batch(slots, folder))
    plain = unet.encode

    def encode_but_one(pipeline, cache, settings, chunks):
        if settings.prompt == "fox 1":
            raise RuntimeError("no such text")
        return plain(pipeline, cache, settings, chunks)

    monkeypatch.setattr(unet, "encode", encode_but_one)
    first, second, third = generator.generate_batch(slots, folder)
    assert isinstance(second, GenerationError)
    assert "no such text" in str(second)
    assert images([first, third]) == [before[0], before[2]]
    assert first.record.batch.size == 3


def test_a_stop_ends_the_call_and_spoils_nothing(generator, tiny_sd):
    folder, slots = find_model(str(tiny_sd)), foxes(2)
    before = images(generator.generate_batch(slots, folder))

    def stop(done: int, total: int) -> None:
        raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        generator.generate_batch(slots, folder, stop)
    assert images(generator.generate_batch(slots, folder)) == before
