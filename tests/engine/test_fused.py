"""Our kernels compute what torch does: on the CPU, where triton is installed to interpret them.

Triton is a gigabyte, so the tests' environment does not bring it; `pip install triton` lets these
run without a GPU. On one, test_cuda.py runs the compiled kernels.
"""

import os
from pathlib import Path

import pytest
import torch
from torch.nn import functional

os.environ["TRITON_INTERPRET"] = "1"  # read where triton loads
pytest.importorskip("triton", reason="triton is not installed")

from sdgen.engine import kernels
from sdgen.engine.fused import compute_fused
from sdgen.engine.libraries import diffusers

LAST = torch.channels_last


@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("is_shifted", [False, True])
@pytest.mark.parametrize(
    ("shape", "groups"),
    [((2, 320, 8, 8), 32), ((2, 64, 33, 20), 32), ((1, 64, 160, 130), 32), ((2, 40, 7, 5), 4)],
    ids=str,
)
def test_group_norm_is_torchs(shape, groups: int, silu: bool, is_shifted: bool):
    torch.manual_seed(0)
    x = (5 + 2 * torch.randn(shape)).to(memory_format=LAST)
    weight, bias = torch.randn(2, shape[1])
    shift = torch.randn(shape[0], 3 * shape[1])[:, shape[1] : 2 * shape[1]] if is_shifted else None
    moved = x if shift is None else x + shift[:, :, None, None]
    exact = (moved.double(), groups, weight.double(), bias.double(), 1e-5)  # torch's float32 is not
    wanted = functional.group_norm(*exact).float()
    wanted = functional.silu(wanted) if silu else wanted
    found = kernels.group_norm(x, groups, weight, bias, 1e-5, silu=silu, shift=shift)
    assert torch.allclose(found, wanted, atol=1e-4)
    assert found.is_contiguous(memory_format=LAST)


def test_a_great_mean_takes_no_digits_of_the_variance():
    x = (1000 + torch.randn(1, 32, 48, 48)).to(memory_format=LAST)
    found = kernels.group_norm(x, 32, torch.ones(32), torch.zeros(32), 1e-5)
    wanted = functional.group_norm(x.double(), 32).float()
    assert torch.allclose(found, wanted, atol=1e-3)


def test_a_picture_has_the_same_numbers_whatever_its_neighbours():
    x = torch.randn(3, 64, 20, 20).to(memory_format=LAST)
    weight, bias = torch.randn(2, 64)
    alone = [kernels.group_norm(x[at : at + 1], 32, weight, bias, 1e-5) for at in range(3)]
    assert torch.equal(kernels.group_norm(x, 32, weight, bias, 1e-5), torch.cat(alone))


def test_sums_and_gates_are_torchs():
    norm = torch.nn.LayerNorm(320).requires_grad_(requires_grad=False)
    torch.nn.init.normal_(norm.weight)
    x, other = torch.randn(2, 3, 7, 320)
    both, rows = kernels.layer_norm(x, norm, other)
    assert torch.equal(both, x + other)
    assert torch.allclose(rows, norm(x + other), atol=1e-5)
    assert torch.allclose(kernels.layer_norm(x, norm)[1], norm(x), atol=1e-5)
    value, gate = x.chunk(2, dim=-1)
    assert torch.allclose(kernels.geglu(x), value * functional.gelu(gate), atol=1e-5)
    one, two = (torch.randn(2, 10, 6, 6).to(memory_format=LAST) for _ in range(2))
    bias = torch.randn(10)
    assert torch.equal(kernels.add(one, bias, two), one + bias[:, None, None] + two)
    assert torch.equal(kernels.add(one, None, two), one + two)


@pytest.mark.parametrize("folder", ["tiny_sd", "tiny_sdxl"])
def test_a_fused_network_computes_what_it_computed(request, folder: str):
    path: Path = request.getfixturevalue(folder)
    pipeline = diffusers.DiffusionPipeline.from_pretrained(path, use_safetensors=True)
    unet, vae = pipeline.unet, pipeline.vae
    torch.manual_seed(0)
    latents, text = torch.randn(2, 4, 8, 8), torch.randn(2, 77, unet.config.cross_attention_dim)
    added = None
    if folder == "tiny_sdxl":
        width = pipeline.text_encoder_2.config.projection_dim
        added = {"text_embeds": torch.randn(2, width), "time_ids": torch.randn(2, 6)}

    def computed() -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            [noise] = unet(latents, torch.tensor(500), text, added_cond_kwargs=added,
                           return_dict=False)  # fmt: skip
            [picture] = vae.decode(latents, return_dict=False)
        return noise, picture

    before = computed()
    compute_fused(unet)
    compute_fused(vae)
    for found, wanted in zip(computed(), before, strict=True):
        assert torch.allclose(found, wanted, atol=1e-4)
    layer = unet.mid_block.resnets[0].conv1
    hook = layer.register_forward_hook(lambda _, __, output: output.flip(-1))
    assert not torch.allclose(computed()[0], before[0], atol=1e-4)  # a hook is not passed by
    hook.remove()
    assert torch.allclose(computed()[0], before[0], atol=1e-4)
