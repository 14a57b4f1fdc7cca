"""Pipelines of random weights in memory, shaped like Stable Diffusion 1.5 and SDXL, at real size.

Built on the device and in the number format that they are used in, so that it takes seconds. Equal
calls give equal weights. The pictures mean nothing; the sums are as long as in the trained models.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from sdgen.engine.devices import DTYPES
from sdgen.engine.loader import LoadedModel, give_old_name
from tests import tiny_models

TRAINED_BETAS = tiny_models.TRAINED_BETAS
VOCABULARY = 49408


def build(shape: str, dtype: str, device: str, *, tiny: bool = False) -> LoadedModel:
    """A pipeline of random weights, ready to draw.

    Args:
        shape: sd15 or sdxl.
        dtype: Number format by name.
        device: cpu or cuda.
        tiny: About a megabyte, for the CPU.
    """
    builder = {"sd15": _sd15, "sdxl": _sdxl}[shape]
    if tiny:
        pipeline = _tiny(shape).to(device, DTYPES[dtype])
    else:
        pipeline = _at_random(builder, DTYPES[dtype], device)
    pipeline.set_progress_bar_config(disable=True)
    give_old_name(pipeline.text_encoder)
    return LoadedModel(pipeline, dict(pipeline.scheduler.config), dict)


def _at_random(builder: Callable[[], Any], dtype: torch.dtype, device: str) -> Any:
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            pipeline = builder()
    finally:
        torch.set_default_dtype(before)
    return pipeline.to(device)


def _tiny(shape: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        if shape == "sdxl":
            tiny_models.build_sdxl(Path(folder))
            return StableDiffusionXLPipeline.from_pretrained(folder, add_watermarker=False)
        return StableDiffusionPipeline.from_pretrained(tiny_models.build_sd(Path(folder)))


def _sd15() -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=_vae(0.18215),
        text_encoder=CLIPTextModel(_text_config(768, 12, 12)).eval(),
        tokenizer=_tokenizer(),
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
        scheduler=_scheduler(steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sdxl() -> StableDiffusionXLPipeline:
    unet = UNet2DConditionModel(
        sample_size=128,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(320, 640, 1280),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )
    second = _text_config(1280, 32, 20, projection_dim=1280, hidden_act="gelu")
    return StableDiffusionXLPipeline(
        vae=_vae(0.13025, sample_size=1024),
        text_encoder=CLIPTextModel(_text_config(768, 12, 12)).eval(),
        text_encoder_2=CLIPTextModelWithProjection(second).eval(),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=unet,
        scheduler=_scheduler(steps_offset=1, timestep_spacing="leading"),
        add_watermarker=False,
    )


def _scheduler(**more: Any) -> EulerDiscreteScheduler:
    with torch.device("cpu"):  # it computes with numpy
        return EulerDiscreteScheduler(**TRAINED_BETAS, **more)


def _vae(scaling_factor: float, sample_size: int = 512) -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        sample_size=sample_size,
        scaling_factor=scaling_factor,
    )


def _text_config(width: int, layers: int, heads: int, **more: Any) -> CLIPTextConfig:
    options = {"hidden_act": "quick_gelu", "projection_dim": width} | more
    return CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=77,
        **options,
    )


def _tokenizer() -> Any:
    """Each byte a token; their numbers are within the vocabulary."""
    with tempfile.TemporaryDirectory() as folder:
        return tiny_models.tokenizer(Path(folder))
