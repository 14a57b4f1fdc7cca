"""The three networks of the model, their sizes and the noise schedule.

Every network is a standard class of diffusers or transformers, so that nothing of this folder is
needed to run the result.
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

SIZES = ((256, 256), (192, 320), (320, 192), (384, 192))
"""(width, height) in pixels of the pictures that the model is trained on."""
SHARES = (0.79, 0.07, 0.07, 0.07)
"""How large a part of the scenes, and of the steps, has each of `SIZES`."""

LATENT_CHANNELS = 4
DOWNSCALE = 8
TEXT_LENGTH = 77
POSTERIOR_STD = 0.05
"""Spread of the encoder's noise, in units of the spread of the latents."""

SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    # Stable Diffusion ends at 0.012, where 7 % of the picture still shines through the last
    # noise: its nights come out grey. Ending at 0.02 leaves 1.5 % and needs no special sampler.
    "beta_start": 0.00085,
    "beta_end": 0.02,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
}


@dataclass(frozen=True)
class Plan:
    """Sizes of the networks: channels from the finest level to the coarsest."""

    vae: tuple[int, ...]
    unet: tuple[int, ...]
    heads: tuple[int, ...]
    groups: int
    text_width: int
    text_layers: int
    text_heads: int


FULL = Plan((32, 64, 128, 128), (96, 160, 192), (3, 5, 6), 8, 192, 4, 6)
TINY = Plan((8, 8, 16, 16), (16, 16, 32), (1, 1, 2), 4, 32, 1, 2)
PLANS = {"full": FULL, "tiny": TINY}


def build_vae(plan: Plan) -> AutoencoderKL:
    """A KL autoencoder of 8 by 8 pixels to one latent of 4 channels, without attention."""
    levels = len(plan.vae)
    return AutoencoderKL(
        block_out_channels=plan.vae,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=plan.groups,
        mid_block_add_attention=False,
        sample_size=SIZES[0][0],
        scaling_factor=1.0,
        force_upcast=False,
    )


def build_unet(plan: Plan) -> UNet2DConditionModel:
    """A UNet with text attention at all levels but the finest."""
    return UNet2DConditionModel(
        sample_size=SIZES[0][0] // DOWNSCALE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=plan.unet,
        layers_per_block=1,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * (len(plan.unet) - 1)),
        up_block_types=(*("CrossAttnUpBlock2D",) * (len(plan.unet) - 1), "UpBlock2D"),
        cross_attention_dim=plan.text_width,
        attention_head_dim=plan.heads,  # diffusers reads this as the number of heads
        norm_num_groups=plan.groups,
    )


def build_text_encoder(plan: Plan, vocabulary: int, start: int, end: int) -> CLIPTextModel:
    """A small CLIP text encoder for a tokenizer of `vocabulary` pieces."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=plan.text_width,
            intermediate_size=4 * plan.text_width,
            num_hidden_layers=plan.text_layers,
            num_attention_heads=plan.text_heads,
            max_position_embeddings=TEXT_LENGTH,
            projection_dim=plan.text_width,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def encode(vae: AutoencoderKL, pictures: Tensor) -> Tensor:
    """Mean latents (n, 4, h/8, w/8) of pictures (n, 3, h, w) in -1 … 1."""
    latents: Tensor = vae.quant_conv(vae.encoder(pictures))[:, :LATENT_CHANNELS]
    return latents


def decode(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Pictures (n, 3, 8h, 8w), about -1 … 1, of latents (n, 4, h, w)."""
    pictures: Tensor = vae.decoder(vae.post_quant_conv(latents))
    return pictures


@torch.no_grad()
def fold_spread(vae: AutoencoderKL, mean: Tensor, spread: Tensor) -> None:
    """Make the latents' channels zero-mean and unit-spread without changing any picture.

    Args:
        vae: Changed in place.
        mean: (4,) mean of each latent channel now.
        spread: (4,) standard deviation of each latent channel now.
    """
    out, back = vae.quant_conv, vae.post_quant_conv
    kept = slice(0, LATENT_CHANNELS)
    out.bias[kept] = (out.bias[kept] - mean) / spread
    out.weight[kept] /= spread[:, None, None, None]
    out.weight[LATENT_CHANNELS:] = 0
    out.bias[LATENT_CHANNELS:] = 2 * torch.log(torch.tensor(POSTERIOR_STD))
    back.bias += back.weight[:, :, 0, 0] @ mean
    back.weight *= spread[None, :, None, None]


def alphas_cumprod(device: torch.device | str = "cpu") -> Tensor:
    """The (1000,) signal powers of `SCHEDULE`."""
    low, high = SCHEDULE["beta_start"] ** 0.5, SCHEDULE["beta_end"] ** 0.5
    betas = torch.linspace(low, high, SCHEDULE["num_train_timesteps"], dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float().to(device)
