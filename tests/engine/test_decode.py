"""What becomes of latents that make no picture: each cause has its own words, and fails alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sdgen.engine import Drawing
from sdgen.engine.decode import _levels, usual_format
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import LoadedModel, load_model
from sdgen.errors import GenerationError
from sdgen.models import find_model
from tests.engine.test_together import CPU, foxes, images

Decode = Callable[..., tuple[torch.Tensor]]


@pytest.fixture
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


@pytest.fixture(autouse=True)
def _any_cpu_does_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: True)


@pytest.fixture
def loaded(tiny_sd: Path) -> LoadedModel:
    """The tiny model as bfloat16."""
    return load_model(find_model(str(tiny_sd)), "bfloat16", CPU)


def decoding(loaded: LoadedModel, monkeypatch, change: Callable[[torch.Tensor, int], None]) -> list:
    """Let `change` spoil what each decode gives, told its number; returns the formats used."""
    vae = loaded.pipeline.vae
    plain, formats = vae.decode, []

    def decode(latents: torch.Tensor, **options) -> tuple[torch.Tensor]:
        [decoded] = plain(latents, **options)
        change(decoded, len(formats))
        formats.append(vae.dtype)
        return (decoded,)

    monkeypatch.setattr(vae, "decode", decode)
    return formats


def nan_in_halves(decoded: torch.Tensor, _: int) -> None:
    if decoded.dtype != torch.float32:
        decoded[..., 0, 0] = float("nan")


def black_in_halves(decoded: torch.Tensor, _: int) -> None:
    if decoded.dtype != torch.float32:
        decoded.fill_(-1)


@pytest.mark.parametrize("change", [nan_in_halves, black_in_halves])
def test_a_vae_that_overflows_decodes_in_float32_and_the_record_says_so(
    generator, tiny_sd: Path, loaded, monkeypatch, change
):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, dtype="bfloat16")
    formats, told = decoding(loaded, monkeypatch, change), []
    drawing = generator.generate(fox, folder, tell=told.append)
    assert formats == [torch.bfloat16, torch.float32]
    assert drawing.record.environment["vae_dtype"] == "float32"
    assert told == drawing.record.notices
    assert told == ["the VAE gives no picture in bfloat16; it decoded in float32"]
    assert loaded.pipeline.vae.dtype == torch.bfloat16


def test_a_replay_of_such_a_picture_begins_with_float32(
    generator, tiny_sd: Path, loaded, monkeypatch
):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, dtype="bfloat16")
    with monkeypatch.context() as patch:
        decoding(loaded, patch, nan_in_halves)
        drawing = generator.generate(fox, folder)
    formats = decoding(loaded, monkeypatch, lambda *_: None)
    with generator.restored(drawing.record.environment):
        again = generator.generate(fox, folder)
    assert formats == [torch.float32]
    assert images([again]) == images([drawing])


@pytest.mark.parametrize(
    ("value", "reason"), [(float("nan"), "NaN: the numbers overflowed in the decoder"),
                          (float("inf"), "NaN"), (-1.0, "black all over")],
)  # fmt: skip
def test_one_that_is_bad_in_float32_too_fails_alone(
    generator, tiny_sd: Path, loaded, monkeypatch, value: float, reason: str
):
    slots, folder = foxes(3, dtype="bfloat16"), find_model(str(tiny_sd))
    usual = images(generator.generate_batch(slots, folder))

    def spoil_the_second(decoded: torch.Tensor, number: int) -> None:
        if number in (1, 3):  # in its own format, and after the third again in float32
            decoded.fill_(value)

    decoding(loaded, monkeypatch, spoil_the_second)
    first, second, third = generator.generate_batch(slots, folder)
    assert images([first, third]) == [usual[0], usual[2]]
    assert isinstance(second, GenerationError)
    assert reason in str(second)
    assert "in float32 too" in str(second)


def test_what_overflows_in_the_denoising_is_not_decoded(
    generator, tiny_sd: Path, loaded, monkeypatch
):
    formats = decoding(loaded, monkeypatch, lambda *_: None)
    handle = loaded.pipeline.unet.register_forward_hook(lambda *call: (call[-1][0] * float("nan"),))
    try:
        [outcome] = generator.generate_batch(foxes(1, dtype="bfloat16"), find_model(str(tiny_sd)))
    finally:
        handle.remove()
    assert formats == []
    assert isinstance(outcome, GenerationError)
    assert "NaN: the numbers overflowed in the denoising" in str(outcome)
    assert "--dtype float32" in outcome.hint


def test_what_the_safety_checker_blanks_is_told_apart(
    generator, tiny_sd: Path, loaded, monkeypatch
):
    pipeline = loaded.pipeline
    flags = iter([[False], [True]])
    monkeypatch.setattr(pipeline, "safety_checker", object(), raising=False)
    monkeypatch.setattr(pipeline, "run_safety_checker", lambda image, *_: (image * 0, next(flags)))
    formats = decoding(loaded, monkeypatch, lambda *_: None)
    first, second = generator.generate_batch(foxes(2, dtype="bfloat16"), find_model(str(tiny_sd)))
    assert isinstance(first, Drawing)
    assert str(second) == "the model's safety checker blanked the picture"
    assert formats == [torch.bfloat16, torch.bfloat16]  # nothing to be helped by float32


def test_sdxl_decodes_in_float32_as_in_diffusers_and_others_do_not(loaded, tiny_sdxl: Path):
    assert loaded.pipeline.vae.config.force_upcast  # the usual value, which only SDXL looks at
    assert usual_format(loaded.pipeline) == torch.bfloat16
    other = load_model(find_model(str(tiny_sdxl)), "float32", CPU).pipeline
    assert usual_format(other) == torch.float32
    other.vae.to(torch.float16)
    try:
        assert usual_format(other) == torch.float32
    finally:
        other.vae.to(torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_pixels_are_rounded_as_diffusers_rounds_them(loaded: LoadedModel, dtype: torch.dtype):
    halves = torch.arange(-2, 258).repeat_interleave(3) + torch.tensor([0.0, 0.4999, 0.5]).repeat(
        260
    )
    values = torch.cat([halves / 127.5 - 1, torch.linspace(-1.1, 1.1, 3 * 128 * 128 - 780)])
    decoded = values.reshape(1, 3, 128, 128).to(dtype)
    [theirs] = loaded.pipeline.image_processor.postprocess(decoded, output_type="np")
    ours = _levels(loaded.pipeline, decoded)
    assert ours.shape == (128, 128, 3)
    assert (ours == (theirs * 255).round().astype("uint8")).all()
    assert len(set(ours.flatten().tolist())) == 256 or dtype == torch.bfloat16
