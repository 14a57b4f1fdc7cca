"""Where memory is short the same pictures are tried again, each time in a way that takes less."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from sdgen.batch.run import run_batch
from sdgen.engine import Drawing
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.ladder import Way, Ways, next_way, tile_for, way_recorded
from sdgen.engine.loader import load_model
from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.errors import MemoryExhaustedError
from sdgen.models import find_model
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.batch.conftest import drafts_of
from tests.engine.test_together import CPU, foxes, images

LACKS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"),
    RuntimeError("could not create a primitive"),
    MemoryError("Unable to allocate 9 GiB for an array"),
]


@pytest.fixture
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


@contextmanager
def small_unet(folder: Path, rows: int, error: Exception = LACKS[0]) -> Iterator[list[int]]:
    """The model's UNet takes `rows` pictures at most; gives how many each call asked for."""
    unet = load_model(find_model(str(folder)), "float32", CPU).pipeline.unet
    asked: list[int] = []

    def refuse(_, inputs) -> None:
        asked.append(inputs[0].shape[0] // 2)  # with guidance there are two rows a picture
        if asked[-1] > rows:
            raise error

    handle = unet.register_forward_pre_hook(refuse)
    try:
        yield asked
    finally:
        handle.remove()


@contextmanager
def small_vae(folder: Path, pixels: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The model's VAE decodes nothing longer than `pixels` at once."""
    vae = load_model(find_model(str(folder)), "float32", CPU).pipeline.vae
    plain = vae.decoder.forward

    def forward(latents, *rest):
        if max(latents.shape[-2:]) * 8 > pixels:
            raise LACKS[0]
        return plain(latents, *rest)

    with patch.context() as context:
        context.setattr(vae.decoder, "forward", forward)
        yield


def places(outcomes) -> list[tuple[int, int]]:
    return [(one.record.batch.size, one.record.batch.slot) for one in outcomes]


@pytest.mark.parametrize("error", LACKS, ids=lambda error: type(error).__name__)
def test_fewer_at_a_time_when_the_call_is_too_large(generator, tiny_sd: Path, error):
    folder, slots, told = find_model(str(tiny_sd)), foxes(4), []
    with small_unet(tiny_sd, 1, error):
        outcomes = generator.generate_batch(slots, folder, tell=told.append)
    assert places(outcomes) == [(1, 0)] * 4
    assert images(outcomes) == [images([generator.generate(one, folder)])[0] for one in slots]
    assert told == [
        "out of memory denoising 64x64: trying again, 2 at a time",
        "out of memory denoising 64x64: trying again, 1 at a time",
    ]


def test_the_way_is_remembered_for_pictures_of_that_shape_only(generator, tiny_sd: Path):
    folder, told = find_model(str(tiny_sd)), []
    with small_unet(tiny_sd, 2) as asked:
        generator.generate_batch(foxes(4), folder, tell=told.append)
        assert asked.count(4) == len(told) == 1
        outcomes = generator.generate_batch(foxes(4), folder, tell=told.append)
        assert asked.count(4) == len(told) == 1
    assert places(outcomes) == [(2, 0), (2, 1)] * 2
    outcomes = generator.generate_batch(foxes(4, height=128), folder)
    assert places(outcomes) == [(4, n) for n in range(4)]


def test_parts_keep_empty_slots_empty(generator, tiny_sd: Path):
    slots = [None, None, None, foxes(1)[0]]
    with small_unet(tiny_sd, 2) as asked:
        outcomes = generator.generate_batch(slots, find_model(str(tiny_sd)))
    assert places(outcomes) == [(2, 1)]
    assert set(asked) == {4, 2}


def test_tiles_when_the_decoder_is_too_large(generator, tiny_sd: Path, monkeypatch):
    folder, slots, told = find_model(str(tiny_sd)), foxes(2, width=512), []
    usual = images(generator.generate_batch(slots, folder))
    with small_vae(tiny_sd, 256, monkeypatch):
        outcomes = generator.generate_batch(slots, folder, tell=told.append)
    assert told == ["out of memory decoding 512x64: trying again, decoded in tiles of 256 pixels"]
    assert [one.record.environment["vae_tile"] for one in outcomes] == [256, 256]
    assert places(outcomes) == [(2, 0), (2, 1)]
    assert images(outcomes) != usual
    small = generator.generate(foxes(1)[0], folder)
    assert small.record.environment["vae_tile"] == 0


def test_fewer_at_a_time_where_tiles_would_be_too_small(generator, tiny_sd: Path, monkeypatch):
    """A large call leaves its memory in pieces, in which a decode may find no room."""
    left, vae = [LACKS[0]], load_model(find_model(str(tiny_sd)), "float32", CPU).pipeline.vae
    plain = vae.decode

    def decode(*args, **options):
        if left:
            raise left.pop()
        return plain(*args, **options)

    monkeypatch.setattr(vae, "decode", decode)
    assert places(generator.generate_batch(foxes(2), find_model(str(tiny_sd)))) == [(1, 0)] * 2


def test_a_replay_restores_the_tiles_and_leaves_none_behind(generator, tiny_sd: Path, monkeypatch):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, width=512)
    with small_vae(tiny_sd, 256, monkeypatch):
        tiled = generator.generate(fox, folder)
    other = DiffusersGenerator("cpu")
    _, verdict = redraw(Original(tiled.record, tiled.image), folder, other)
    assert verdict.kind == "identical"
    assert other.generate(fox, folder).record.environment["vae_tile"] == 0


def test_a_replay_that_runs_out_of_memory_says_what_differs(generator, tiny_sd: Path):
    folder, slots = find_model(str(tiny_sd)), foxes(4, width=256, height=256)
    drawing = generator.generate_batch(slots, folder)[3]
    other = drawing.record.image.model_copy(update={"sha256": "0" * 64})
    record = drawing.record.model_copy(update={"image": other})
    with small_unet(tiny_sd, 2):
        _, verdict = redraw(Original(record, drawing.image), folder, DiffusersGenerator("cpu"))
    assert "batch size 4 → 2, batch slot 3 → 1" in verdict.reason


def test_on_a_gpu_the_last_ways_are_offload_and_the_cpu(generator, tiny_sd: Path):
    """The chosen device is a CPU that is taken for a GPU: the same steps, no such hardware."""
    generator._ways = Ways(is_cuda=True)
    told, left = [], [LACKS[0]] * 5
    unet = load_model(find_model(str(tiny_sd)), "float32", CPU).pipeline.unet

    def refuse(*_) -> None:
        if left:
            raise left.pop()

    handle = unet.register_forward_pre_hook(refuse)
    try:
        outcomes = generator.generate_batch(foxes(4), find_model(str(tiny_sd)), tell=told.append)
    finally:
        handle.remove()
    assert all(isinstance(one, Drawing) for one in outcomes)
    assert [line.partition("trying again, ")[2] for line in told] == [
        "2 at a time",
        "1 at a time",
        "with the model's parts one after the other",
        "with the model's layers one after the other",
        "on the CPU",
    ]


@pytest.mark.parametrize(
    ("way", "stage", "size", "lower"),
    [
        (Way(), "denoise", 8, Way(most=4)),
        (Way(), "denoise", 3, Way(most=2)),
        (Way(most=4), "encode", 4, Way(most=2)),
        (Way(most=4), "decode", 4, Way(most=4, tile=256)),
        (Way(), "decode", 8, Way(tile=256)),
        (Way(tile=256), "decode", 8, Way(most=4, tile=256)),
        (Way(most=1), "denoise", 1, Way(most=1, offload="model")),
        (Way(tile=256), "decode", 1, Way(tile=256, offload="model")),
        (Way(), "load", 1, Way(offload="model")),
        (Way(most=1, offload="model"), "denoise", 1, Way(most=1, offload="sequential")),
        (Way(offload="model"), "load", 1, Way(offload="sequential")),
        (Way(most=1, offload="sequential"), "denoise", 1, Way(most=1, on_cpu=True)),
        (Way(offload="sequential"), "load", 1, Way(most=1, on_cpu=True)),
        (Way(most=1, on_cpu=True), "decode", 1, Way(most=1, on_cpu=True, tile=256)),
        (Way(most=1, on_cpu=True, tile=256), "decode", 1, None),
        (Way(most=1, on_cpu=True), "load", 1, None),
    ],
)
def test_every_step_down_on_a_gpu(way: Way, stage, size: int, lower: Way | None):
    assert next_way(way, stage, size, 512, is_cuda=True) == lower


def test_what_fits_in_no_way_fails_alone_and_the_next_is_drawn(generator, tiny_sd: Path):
    folder = find_model(str(tiny_sd))
    with small_unet(tiny_sd, 0):
        outcomes = generator.generate_batch([None, *foxes(2)], folder)
        assert [type(one) for one in outcomes] == [MemoryExhaustedError] * 2
        assert str(outcomes[0]) == "the picture does not fit the memory of cpu"
        assert outcomes[0].hint == "a smaller --size"
    assert isinstance(generator.generate(foxes(1)[0], folder), Drawing)


@pytest.mark.parametrize("gpu", [False, True])
def test_a_model_that_does_not_fit(tiny_sd: Path, monkeypatch, gpu: bool):
    def too_large(*_, **__):
        raise LACKS[0]

    generator = DiffusersGenerator("cpu")
    generator._ways = Ways(is_cuda=gpu)
    monkeypatch.setattr("sdgen.engine.loader._kept", {})
    monkeypatch.setattr("diffusers.StableDiffusionPipeline.from_pretrained", too_large)
    with pytest.raises(MemoryExhaustedError, match="tiny-sd does not fit the memory of cpu"):
        generator.load(find_model(str(tiny_sd)), "float32")


def test_a_batch_goes_on_and_every_picture_is_there(tiny_sd: Path, tmp_path: Path):
    rows = "".join(
        f'{{"prompt": "fox {n}", "model": "{tiny_sd}", "steps": 2, "size": "64x64"}}\n'
        for n in range(5)
    )
    from sdgen.batch.options import BatchOptions

    drafts = drafts_of(rows, find=find_model)
    with small_unet(tiny_sd, 1):
        summary = run_batch(
            drafts, tmp_path / "out", lambda: DiffusersGenerator("cpu"), BatchOptions(micro_batch=4)
        )
    assert (summary.done, summary.exit_code) == (5, 0)


@pytest.mark.parametrize(
    ("side", "tile"), [(64, 256), (256, 256), (512, 256), (768, 384), (1000, 504), (4096, 2048)]
)
def test_a_tile_is_half_the_longer_side(side: int, tile: int):
    assert tile_for(side) == tile


@pytest.mark.parametrize(
    "said",
    [{}, {"vae_tile": "256"}, {"vae_tile": True}, {"vae_tile": -8}, {"vae_tile": 10**9},
     {"vae_tile": 248}, {"vae_tile": 257}, {"vae_tile": None}, {"offload": 1},
     {"vae_dtype": "float8"}, {"layout": "blocked"}, {"layout": True}],
)  # fmt: skip
def test_a_record_that_tells_nonsense_is_drawn_as_usual(said: dict):
    assert way_recorded(said) == Way(layout="contiguous")  # as before it was recorded


def test_other_failures_are_no_lack_of_memory():
    assert not is_lack_of_memory(RuntimeError("shapes do not fit"))
    assert not is_lack_of_memory(ValueError("out of memory"))
    unsupported = "could not create a primitive descriptor for a convolution"
    assert not is_lack_of_memory(RuntimeError(unsupported))


@pytest.mark.parametrize("most", [1, 2, 3, 4])
@pytest.mark.parametrize("size", range(1, 10))
def test_a_call_is_cut_the_same_in_steps_and_at_once(size: int, most: int):
    """Memory may run out in this call, or have run out in one before: the slots must not tell."""
    whole, step = [foxes(size)], size
    while step > most:
        step = (step + 1) // 2
        whole = [part for slots in whole for part in Way(most=step).parts(slots)]
    assert whole == Way(most=step).parts(foxes(size))


def test_a_later_shape_is_still_offered_the_usual_size(tiny_sd: Path, monkeypatch):
    """What memory allowed decides how a call is cut, never which slot a job has."""
    monkeypatch.setattr("sdgen.engine.generator.together", lambda *_: 4)
    generator, model = DiffusersGenerator("cpu"), find_model(str(tiny_sd))
    with small_unet(tiny_sd, 1):
        generator.generate_batch(foxes(2), model)
    assert generator.micro_batch(foxes(1)[0], model) == 4
