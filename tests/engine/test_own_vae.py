"""VAEs of one's own on toy pipelines: both dialects, no trace, and what does not fit."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdgen.engine.generator import DiffusersGenerator
from sdgen.errors import ModelError
from sdgen.models.vae import check_vae
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.tiny_models import build_sd

FILE = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """Another model of the same shape, for its VAE."""
    return build_sd(tmp_path_factory.mktemp("other") / "model", seed=50)


def as_ldm(tensors: dict[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """The tensors by the names of Stable Diffusion's first code, by hand, for four levels."""
    named = {}
    for name, tensor in tensors.items():
        side = name.partition(".")[0]
        new = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
        new = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", new)
        new = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)",
                     lambda m: f"up.{3 - int(m[1])}.block.{m[2]}", new)  # fmt: skip
        new = re.sub(r"up_blocks\.(\d)\.upsamplers\.0",
                     lambda m: f"up.{3 - int(m[1])}.upsample", new)  # fmt: skip
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", new)
        new = new.replace("mid_block.attentions.0", "mid.attn_1")
        new = new.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        for ours, theirs in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"),
                             ("to_out.0", "proj_out")):  # fmt: skip
            new = new.replace(f"attn_1.{ours}.", f"attn_1.{theirs}.")
        is_matrix = "attn_1" in new and tensor.ndim == 2
        named[prefix + new] = tensor[:, :, None, None].contiguous() if is_matrix else tensor
        assert side in ("encoder", "decoder", "quant_conv", "post_quant_conv")
    return named


def test_the_picture_is_that_of_a_model_with_that_vae(tiny_sd, other, tmp_path):
    whole = shutil.copytree(tiny_sd, tmp_path / "whole")
    shutil.copytree(other / "vae", whole / "vae", dirs_exist_ok=True)
    wanted = pixels(whole)
    assert wanted != pixels(tiny_sd)
    tensors = load_file(other / "vae" / FILE)
    save_file(as_ldm(tensors), tmp_path / "ldm.safetensors")
    save_file(as_ldm(tensors, "first_stage_model."), tmp_path / "cut.safetensors")
    old = {n.replace("to_q", "query").replace("to_k", "key").replace("to_v", "value")
           .replace("to_out.0", "proj_attn"): t for n, t in tensors.items()}  # fmt: skip
    save_file(old, tmp_path / "old.safetensors")
    for vae in (other / "vae", other / "vae" / FILE, *tmp_path.glob("*.safetensors")):
        assert pixels(tiny_sd, vae=str(vae)) == wanted


def test_a_picture_after_it_is_the_one_before_it(tiny_sd, other):
    before = pixels(tiny_sd)
    state = kept_state()
    drawing = draw(tiny_sd, vae=str(other / "vae"))
    assert drawing.record.image.sha256 != before
    assert pixels(tiny_sd) == before
    assert kept_state() == state
    [added] = drawing.record.added
    assert (added.kind, added.name) == ("vae", "vae")
    assert added.sha256 == check_vae(other / "vae" / FILE).sha256
    assert drawing.record.settings.vae == "vae"


def test_sdxl_takes_one_too(tiny_sdxl, other):
    assert pixels(tiny_sdxl, vae=str(other / "vae")) != pixels(tiny_sdxl)


def test_what_does_not_fit_is_told(tiny_sd, other, tmp_path):
    tensors = load_file(other / "vae" / FILE)
    wide = {**tensors, "decoder.conv_out.weight": torch.zeros(3, 9, 3, 3)}
    save_file(wide, tmp_path / "wide.safetensors")
    short = {n: t for n, t in tensors.items() if "mid_block.resnets.0" not in n}
    save_file(short, tmp_path / "short.safetensors")
    ldm = {n: t for n, t in as_ldm(tensors).items() if "quant_conv" not in n}
    save_file(ldm, tmp_path / "ldm.safetensors")
    for name in ("wide", "short", "ldm"):
        with pytest.raises(ModelError, match=f"{name} was made for another model: ") as refused:
            draw(tiny_sd, vae=str(tmp_path / f"{name}.safetensors"))
        assert "\n" not in str(refused.value)
    save_file({"x": torch.zeros(1)}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=r"odd.safetensors is no VAE: it has no decoder"):
        planned(tiny_sd, vae=str(tmp_path / "odd.safetensors"))
    with pytest.raises(ModelError, match="no VAE 'nowhere' here"):
        planned(tiny_sd, vae="nowhere")


def test_a_file_that_was_changed_in_between_is_refused(tiny_sd, other, tmp_path):
    shutil.copy(other / "vae" / FILE, tmp_path / "own.safetensors")
    settings, model = planned(tiny_sd, vae=str(tmp_path / "own.safetensors"))
    shutil.copy(tiny_sd / "vae" / FILE, tmp_path / "own.safetensors")
    with pytest.raises(ModelError, match="own was changed while it was in use"):
        DiffusersGenerator("cpu").generate(settings, model)


def test_a_picture_that_is_drawn_from_is_encoded_by_it_too(tiny_sd, other, tmp_path):
    draw(tiny_sd, seed=3).image.save(tmp_path / "first.png")
    said = {"image": str(tmp_path / "first.png"), "strength": 0.5}
    before = pixels(tiny_sd, **said)
    whole = shutil.copytree(tiny_sd, tmp_path / "whole")
    shutil.copytree(other / "vae", whole / "vae", dirs_exist_ok=True)
    wanted = pixels(whole, **said)
    assert pixels(tiny_sd, **said) == before
    assert pixels(tiny_sd, **said, vae=str(other / "vae")) == wanted
    assert pixels(tiny_sd, **said) == before
