"""Models in one file: the pixels of the folder that they were made from, and no host is asked."""

import gzip
import hashlib
import json
import socket
from pathlib import Path

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from sdgen.engine import loader, single_file
from sdgen.engine.generator import DiffusersGenerator
from sdgen.errors import InputError, ModelError
from sdgen.metadata.a1111 import parameters_text
from sdgen.models import find_model, layouts
from sdgen.models.checkpoint_keys import FAMILIES, contents_of
from sdgen.models.embedding import check_embedding
from sdgen.models.tokens import PromptReader
from sdgen.models.weights import Tensor
from tests.cli.test_single_files import checkpoint
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.models.test_checkpoint_keys import XL
from tests.single_files import (
    as_open_clip,
    toy_layouts,
    unet_as_ldm,
    vae_as_ldm,
    write_single,
    write_single_sd2,
)
from tests.tiny_models import build_inpaint

PARAMETERS = {
    "sd1": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sd2": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sdxl": {"unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480,
             "text_encoder_2": 694_659_840},
}  # fmt: skip
"""What the models of these families are known to have."""

TEXTS = (
    "a photo of a cat", "A Girl in a WHITE dress, on a sunset beach!!", "naïve façade — 3.5 % off",
    "it's we'll <|endoftext|> x", "日本の猫 🦊🦊", "", "word " * 90, "!",
)  # fmt: skip


@pytest.fixture
def offline(monkeypatch):
    """Nobody can be asked for anything."""

    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.fixture
def toys(tiny_sd: Path, tiny_sdxl: Path, tmp_path: Path, monkeypatch, offline):
    """Toy configurations in place of those that come with sdgen."""
    root = toy_layouts(tmp_path / "layouts", sd1=tiny_sd, sd2=tiny_sd, sdxl=tiny_sdxl)
    monkeypatch.setattr(layouts, "LAYOUTS", root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for cache in (layouts._vocabulary, find_model):
        cache.cache_clear()
    yield
    for cache in (layouts._vocabulary, find_model):
        cache.cache_clear()


@pytest.fixture
def single(toys, tiny_sd: Path, tmp_path: Path) -> Path:
    return write_single(tiny_sd, tmp_path / "toy mix.safetensors")


def rewritten(path: Path, change) -> Path:
    """The file with its tensors as `change` gives them."""
    save_file(change(load_file(path)), path)
    find_model.cache_clear()
    return path


def test_the_pixels_are_those_of_the_folder(single, tiny_sd):
    assert pixels(single) == pixels(tiny_sd)
    assert pixels(single, prompt="two foxes " * 50, clip_skip=2) == pixels(
        tiny_sd, prompt="two foxes " * 50, clip_skip=2
    )


def test_sdxl_too_and_its_encoders_are_not_taken_for_each_other(toys, tiny_sdxl, tmp_path):
    single = write_single(tiny_sdxl, tmp_path / "xl.safetensors")
    assert pixels(single) == pixels(tiny_sdxl)


def test_open_clip_of_sd2_is_read_and_its_prediction_is_told(toys, tiny_sd, tmp_path):
    single = write_single_sd2(tiny_sd, tmp_path / "v2.safetensors")
    said = {"prediction_type": "epsilon", "size": "64x64"}
    drawing = draw(single, **said)
    assert drawing.record.image.sha256 == pixels(tiny_sd, **said)
    assert drawing.record.notices == []
    guessed = draw(single, size="64x64").record
    assert guessed.settings.prediction_type == "v_prediction"
    assert guessed.scheduler.config["prediction_type"] == "v_prediction"
    assert "--prediction-type epsilon" in guessed.notices[0]


def test_half_precision_is_read_into_the_format_that_is_asked_for(toys, tiny_sd, tmp_path):
    half = write_single(tiny_sd, tmp_path / "half.safetensors", dtype=torch.float16)
    draw(half, dtype="bfloat16")
    [loaded] = loader._kept.values()
    parts = (loaded.pipeline.unet, loaded.pipeline.vae, loaded.pipeline.text_encoder)
    assert {tensor.dtype for part in parts for tensor in part.parameters()} == {torch.bfloat16}
    assert not any(tensor.requires_grad for tensor in loaded.pipeline.text_encoder.parameters())


def test_a_model_that_repaints_is_told_by_its_channels(toys, tmp_path):
    folder = build_inpaint(tmp_path / "inpaint", seed=3)
    single = write_single(folder, tmp_path / "paint.safetensors")
    model = find_model(str(single))
    assert (model.pipeline, model.repaints) == ("StableDiffusionInpaintPipeline", True)
    with pytest.raises(InputError, match="paint was trained to repaint"):
        planned(single)
    assert pixels(single, **_masked(tmp_path)) == pixels(folder, **_masked(tmp_path))


def _masked(place: Path) -> dict[str, str]:
    from PIL import Image

    Image.new("RGB", (64, 64), (90, 120, 200)).save(place / "sky.png")
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (16, 16, 48, 48))
    mask.save(place / "mask.png")
    return {"image": str(place / "sky.png"), "mask": str(place / "mask.png")}


def test_xl_that_says_v_and_zero_snr_is_believed(toys, tiny_sdxl, tmp_path):
    single = write_single(tiny_sdxl, tmp_path / "noob.safetensors")
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    rewritten(single, lambda tensors: tensors | marks)
    record = draw(single).record
    assert record.settings.prediction_type == "v_prediction"
    config = record.scheduler.config
    assert config["prediction_type"] == "v_prediction"
    assert config["rescale_betas_zero_snr"] is True
    assert config["timestep_spacing"] == "trailing"
    assert record.notices == []


def test_a_yaml_beside_it_tells_the_prediction_as_in_a1111(single):
    single.with_suffix(".yaml").write_text("model:\n  params:\n    parameterization: 'v'\n")
    find_model.cache_clear()
    assert draw(single).record.settings.prediction_type == "v_prediction"
    assert draw(single, prediction_type="epsilon").record.settings.prediction_type == "epsilon"
    single.with_suffix(".yaml").write_bytes(b"\xff\xfe\x00")
    find_model.cache_clear()
    assert "prediction_type" not in find_model(str(single)).defaults


def test_old_names_of_the_text_encoder_and_ema_weights_change_nothing(single, tiny_sd):
    def old(tensors):
        plain = {
            n.replace("transformer.text_model.", "transformer."): t for n, t in tensors.items()
        }
        numbers = {"cond_stage_model.transformer.embeddings.position_ids": torch.arange(77)}
        ema = {f"model_ema.{number}": torch.zeros(1) for number in range(120)}
        return plain | numbers | ema | {"alphas_cumprod": torch.zeros(4)}

    rewritten(single, old)
    assert pixels(single) == pixels(tiny_sd)


def test_the_record_knows_the_file_and_no_place(single):
    digest = hashlib.sha256(single.read_bytes()).hexdigest()
    record = draw(single).record
    assert record.settings.model == record.model.name == "toy mix"
    assert record.model.file_sha256 == record.model.files["toy mix.safetensors"] == digest
    assert {"sd1/unet/config.json", "clip/merges.txt.gz"} <= record.model.files.keys()
    assert str(single.parent) not in record.to_json()
    assert f"Model hash: {digest[:10]}, Model: toy mix, " in parameters_text(record)


def test_two_files_of_a_family_are_two_models(single, tiny_sd, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({n: t * 1.01 for n, t in load_file(single).items()}, other)
    before = pixels(single)
    state = kept_state()
    assert pixels(other) != before
    assert pixels(single) == before
    assert kept_state().keys() == state.keys()


LACKING = {
    "unet": "model.diffusion_model.middle_block.1.norm.weight",
    "unet's time": "model.diffusion_model.time_embed.0.bias",
    "vae": "first_stage_model.decoder.mid.block_1.conv1.weight",
    "text encoder": "cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.bias",
}


@pytest.mark.parametrize("name", LACKING.values(), ids=LACKING)
def test_what_is_missing_or_of_another_shape_is_a_model_error(single, name):
    tensors = load_file(single)
    others = {"missing": {n: t for n, t in tensors.items() if n != name},
              "another shape": tensors | {name: torch.zeros(3, 5)}}  # fmt: skip
    for changed in others.values():
        save_file(changed, single)
        find_model.cache_clear()
        with pytest.raises(ModelError, match=r"^toy mix cannot be loaded: ") as caught:
            DiffusersGenerator("cpu").load(find_model(str(single)), "float32")
        assert "\n" not in str(caught.value)
        assert str(single.parent) not in str(caught.value)


def test_prompts_are_read_without_torch_as_the_pipeline_reads_them(single):
    reading = PromptReader(find_model(str(single))).read("a red fox")["tokenizer"]
    draw(single)
    [loaded] = loader._kept.values()
    ids = loaded.pipeline.tokenizer("a red fox", add_special_tokens=False).input_ids
    assert [one for piece in reading.pieces for one in piece.ids] == ids


def test_embeddings_of_another_width_are_refused(single, tmp_path):
    save_file({"emb_params": torch.zeros(2, 768)}, tmp_path / "bad.safetensors")
    assert check_embedding(tmp_path / "bad.safetensors").vectors == 2
    with pytest.raises(ModelError, match="bad was made for another model"):
        planned(single, embedding=[str(tmp_path / "bad.safetensors")])


@pytest.mark.parametrize("family", PARAMETERS)
def test_what_comes_with_sdgen_fits_the_models_of_the_family(family, offline):
    """Names and shapes of the first code, made from ours, are recognised and lead back to ours."""
    made = dict(_empty(family))
    counts = {part: sum(p.numel() for p in one.parameters()) for part, one in made.items()}
    assert counts == PARAMETERS[family]
    tensors = dict(unet_as_ldm(made["unet"].state_dict()))
    tensors |= dict(vae_as_ldm(made["vae"].state_dict()))
    found = next(one for one in FAMILIES if one.name == family)
    for encoder in found.encoders:
        own = made[encoder.part].state_dict()
        clip = {
            f"{encoder.prefix}text_model.{n.removeprefix('text_model.')}": t for n, t in own.items()
        }
        tensors |= dict(as_open_clip(own, encoder.prefix)) if encoder.is_open_clip else clip
    header = {name: Tensor("F16", tuple(t.shape), 0, 0) for name, t in tensors.items()}
    assert contents_of(header).family == found
    unet = convert_ldm_unet_checkpoint(tensors, dict(made["unet"].config))
    vae = convert_ldm_vae_checkpoint(tensors, dict(made["vae"].config))
    assert _shapes(unet) == _shapes(made["unet"].state_dict())
    assert _shapes(vae) == _shapes(made["vae"].state_dict())


def _empty(family: str):
    """The models that the configurations describe, without memory for their weights."""
    folder = layouts.layout_of(family)
    with init_empty_weights():
        for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
            yield part, kind.from_config(json.loads((folder / part / "config.json").read_text()))
        kinds = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}
        for part, kind in kinds.items():
            if (folder / part).is_dir():
                yield part, kind(kind.config_class.from_pretrained(folder / part))


def _shapes(tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def test_the_vocabulary_is_clips(offline, tmp_path):
    """By numbers that OpenAI's code gives, and as transformers reads it from a folder's files."""
    shipped = layouts.LAYOUTS / layouts.MERGES
    merges = gzip.decompress(shipped.read_bytes())
    known = "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"
    assert hashlib.sha256(merges).hexdigest() == known
    vocabulary, _ = layouts.shipped_vocabulary(layouts.layout_of("sdxl") / "tokenizer")
    assert len(vocabulary) == 49408
    (tmp_path / "merges.txt").write_bytes(merges)
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    model = find_model(str(checkpoint(tmp_path / "xl.safetensors", XL)))
    for name in ("tokenizer", "tokenizer_2"):
        folder = layouts.layout_of("sdxl") / name
        (tmp_path / "tokenizer_config.json").write_text(
            (folder / "tokenizer_config.json").read_text()
        )
        theirs = CLIPTokenizer.from_pretrained(tmp_path)
        ours = single_file._tokenizer(model, name)
        assert ours("a painting of a cat").input_ids == [49406, 320, 3086, 539, 320, 2368, 49407]
        assert ours("bozuman").input_ids == [49406, 647, 4091, 786, 49407]
        for text in TEXTS:
            options = {"padding": "max_length", "truncation": True}
            assert ours(text, **options).input_ids == theirs(text, **options).input_ids
    reader = PromptReader(model)
    for text in TEXTS:
        pieces = reader.read(text)["tokenizer_2"].pieces
        read = [one for piece in pieces for one in piece.ids]
        assert read == ours(text, add_special_tokens=False).input_ids
