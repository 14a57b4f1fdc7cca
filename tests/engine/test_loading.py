"""Parts are what the libraries' own loading gives, bit for bit; what that hides is an error."""

import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from sdgen.engine import arrival, open_generator
from sdgen.engine.arrival import Staging, mapped
from sdgen.engine.libraries import diffusers
from sdgen.engine.loader import load_model
from sdgen.engine.loading import Form, load_parts
from sdgen.errors import ModelError
from sdgen.models import LocalModel, find_model
from sdgen.models.hashing import begin_hashing
from tests import tiny_models

CPU = torch.device("cpu")
UNET, ENCODER = "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"
FAMILIES = {
    "sd": tiny_models.build_sd,
    "sdxl": tiny_models.build_sdxl,
    "inpaint": tiny_models.build_inpaint,
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, tmp_path_factory) -> LocalModel:
    folder = FAMILIES[request.param](tmp_path_factory.mktemp("family") / request.param)
    return find_model(str(folder))


@pytest.fixture
def copy(tiny_sd: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_sd, tmp_path / "model")


def stock(model: LocalModel, dtype: torch.dtype):
    kind = getattr(diffusers, model.pipeline.replace("Inpaint", ""))
    return kind.from_pretrained(
        model.folder, dtype=dtype, use_safetensors=True, local_files_only=True
    )


def contents(part: nn.Module) -> dict[str, torch.Tensor]:
    return dict([*part.named_parameters(), *part.named_buffers()])


def assert_same(ours: nn.Module, theirs: nn.Module) -> None:
    own, other = contents(ours), contents(theirs)
    assert list(own) == list(other)
    for name, tensor in own.items():
        assert torch.equal(tensor, other[name])
        facts = [(t.dtype, t.stride(), t.requires_grad) for t in (tensor, other[name])]
        assert facts[0] == facts[1], name
    assert ours.training == theirs.training
    assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(
    ("dtype", "layout"),
    [(torch.float32, "contiguous"), (torch.bfloat16, "channels_last"),
     (torch.float16, "contiguous")],
)  # fmt: skip
def test_every_part_is_that_of_the_libraries(family: LocalModel, dtype, layout: str):
    pipeline = stock(family, dtype)
    if layout == "channels_last":
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    parts = load_parts(family, Form(dtype, CPU, layout))
    assert parts.keys() == {n for n, p in pipeline.components.items() if isinstance(p, nn.Module)}
    for name, part in parts.items():
        assert_same(part, getattr(pipeline, name))


def test_weights_of_the_wanted_format_are_mapped_and_not_copied(tiny_sd: Path):
    unet = load_parts(find_model(str(tiny_sd)), Form(torch.float32, CPU))["unet"]
    places = sorted(tensor.data_ptr() for tensor in unet.parameters())
    assert places[-1] - places[0] < (tiny_sd / UNET).stat().st_size


def test_weights_in_several_files(copy: Path):
    model = find_model(str(copy))
    whole = load_parts(model, Form(torch.float32, CPU))["unet"]
    stock(model, torch.float32).unet.save_pretrained(copy / "unet", max_shard_size="100KB")
    (copy / UNET).unlink()
    find_model.cache_clear()
    assert len(list((copy / "unet").glob("*.safetensors"))) > 2
    assert_same(load_parts(find_model(str(copy)), Form(torch.float32, CPU))["unet"], whole)


@pytest.mark.parametrize("dtype", [None, torch.float16, torch.bfloat16])
def test_staged_tensors_are_the_mapped_ones(tiny_sd: Path, monkeypatch, dtype):
    """The way to a GPU, tried on the CPU, in chunks that end within tensors."""
    monkeypatch.setattr(arrival, "CHUNK", 1000)
    staging = Staging(CPU)
    for file in (UNET, ENCODER):
        found = staging.bring(tiny_sd / file, dtype).arrived()
        wanted = mapped(tiny_sd / file)
        assert found.keys() == wanted.keys()
        for name, tensor in wanted.items():
            assert torch.equal(found[name], tensor.to(dtype or tensor.dtype))
    staging.close()


def test_staged_tensors_that_lie_oddly(tmp_path: Path):
    """The format does not ask for tensors to begin where their numbers can be viewed."""
    tensors = {"a": torch.tensor([1], dtype=torch.uint8), "b": torch.tensor([1.5, -2.0])}
    data = safetensors.torch.save(tensors)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["a"]["data_offsets"], header["b"]["data_offsets"] = [0, 1], [1, 9]
    text = json.dumps(header).encode()
    numbers = bytes([1]) + tensors["b"].numpy().tobytes()
    path = tmp_path / "odd.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    staging = Staging(CPU)
    found = staging.bring(path, torch.float16).arrived()
    staging.close()
    assert found["a"].tolist() == [1]
    assert found["b"].tolist() == [1.5, -2.0]
    assert found["b"].dtype == torch.float16


def test_a_file_that_ends_early_while_it_is_read(copy: Path, monkeypatch):
    entries = arrival.check_weights(copy / UNET, "unet")
    monkeypatch.setattr(arrival, "check_weights", lambda *_: entries)
    monkeypatch.setattr(arrival, "_read", cut(arrival._read, copy / UNET))
    staging = Staging(CPU)
    with pytest.raises(OSError, match="ended early"):
        staging.bring(copy / UNET, None).arrived()
    staging.close()


def cut(read, path: Path):
    def reading(*given):
        path.write_bytes(path.read_bytes()[:4000])
        read(*given)

    return reading


def rewrite(path: Path, change) -> None:
    tensors = safetensors.torch.load(path.read_bytes())
    change(tensors)
    safetensors.torch.save_file(tensors, path)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (UNET, lambda t: t.pop("conv_in.weight"), "its unet lacks conv_in.weight"),
        (ENCODER, lambda t: t.pop("final_layer_norm.bias"), "its text_encoder lacks final_layer"),
        (UNET, lambda t: t.update({"conv_in.bias": torch.zeros(3)}),
         "its unet has conv_in.bias as float32 3, and its configuration asks for float32 8"),
        (UNET, lambda t: t.update({"conv_in.bias": torch.zeros(8, dtype=torch.int32)}),
         "its unet has conv_in.bias as int32 8, and"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_the_configuration(copy: Path, file: str, change, words: str):
    rewrite(copy / file, change)
    with pytest.raises(ModelError, match="model cannot be loaded: ") as caught:
        open_generator("cpu").load(find_model(str(copy)), "float32")
    assert words in str(caught.value)


def test_tensors_without_a_place_are_left_out(copy: Path):
    rewrite(copy / UNET, lambda t: t.update({"ema.decay": torch.ones(1)}))
    open_generator("cpu").load(find_model(str(copy)), "float32")


def test_hashes_are_taken_beside_the_loading(tiny_sd: Path, monkeypatch):
    model = find_model(str(tiny_sd))
    monkeypatch.setattr("sdgen.models.hashing.AT_ONCE", 0)
    assert begin_hashing(model)() == model.hashes()


def test_a_file_that_was_replaced_while_it_was_hashed(copy: Path, monkeypatch):
    model, plain = find_model(str(copy)), LocalModel.hashes
    monkeypatch.setattr("sdgen.models.hashing.AT_ONCE", 0)

    def hashes(own: LocalModel, **_) -> dict[str, str]:
        (copy / UNET).write_bytes((copy / UNET).read_bytes())
        return plain(own)

    monkeypatch.setattr(LocalModel, "hashes", hashes)
    with pytest.raises(ModelError, match="the weights of model were changed while they were in"):
        begin_hashing(model)()


def test_a_pipeline_knows_its_device_without_a_search(tiny_sd: Path, monkeypatch):
    pipeline = load_model(find_model(str(tiny_sd)), "float32", CPU).pipeline
    assert isinstance(pipeline, diffusers.StableDiffusionPipeline)
    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    monkeypatch.setattr(nn.Module, "modules", lambda _: pytest.fail("it looked through the layers"))
    assert pipeline._execution_device == CPU
