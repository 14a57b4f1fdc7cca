"""Random-weight Stable Diffusion pipelines of about a megabyte, built during the test run.

They are the real diffusers and transformers classes at toy size: the same files, the same calls,
the same size rules (one latent is 8 pixels), pictures without meaning. The native size is 64
pixels. Equal seeds give equal weights, so a test may compare pixels; the global generator is left
as it was.
"""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

TEXT_WIDTH = 32
START, END = "<|startoftext|>", "<|endoftext|>"
TRAINED_BETAS = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}


@torch.random.fork_rng(devices=[])
def build_sd(folder: Path, seed: int = 0) -> Path:
    """Write a tiny Stable Diffusion 1.x pipeline as a diffusers folder of safetensors.

    Args:
        folder: Where to write; made if it is missing.
        seed: Decides the weights.

    Returns:
        `folder`.
    """
    return _one_encoder(StableDiffusionPipeline, folder, seed)


@torch.random.fork_rng(devices=[])
def build_inpaint(folder: Path, seed: int = 0) -> Path:
    """Write a tiny pipeline that was trained to repaint: its UNet takes nine channels.

    Args:
        folder: Where to write; made if it is missing.
        seed: Decides the weights.

    Returns:
        `folder`.
    """
    return _one_encoder(StableDiffusionInpaintPipeline, folder, seed, in_channels=9)


def _one_encoder(
    kind: type[DiffusionPipeline], folder: Path, seed: int, **unet_config: Any
) -> Path:
    """Write a pipeline of one text encoder, in the shape of Stable Diffusion 1.x."""
    pipeline = kind(
        vae=vae(seed, scaling_factor=0.18215),
        text_encoder=text_encoder(seed + 1),
        tokenizer=tokenizer(folder / "tokenizer"),
        unet=unet(seed + 2, cross_attention_dim=TEXT_WIDTH, **unet_config),
        scheduler=DDIMScheduler(
            **TRAINED_BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return save(pipeline, folder)


@torch.random.fork_rng(devices=[])
def build_sdxl(folder: Path, seed: int = 0) -> Path:
    """Write a tiny pipeline of the shape of SDXL: two text encoders, pooled text, size numbers.

    Args:
        folder: Where to write; made if it is missing.
        seed: Decides the weights.

    Returns:
        `folder`.
    """
    numbers, embedding = 6, 8  # original size, crop and target size; width of each one's embedding
    pipeline = StableDiffusionXLPipeline(
        vae=vae(seed, scaling_factor=0.13025),
        text_encoder=text_encoder(seed + 1),
        text_encoder_2=text_encoder(seed + 3, model_class=CLIPTextModelWithProjection),
        tokenizer=tokenizer(folder / "tokenizer"),
        tokenizer_2=tokenizer(folder / "tokenizer_2"),
        unet=unet(
            seed + 2,
            cross_attention_dim=2 * TEXT_WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=embedding,
            projection_class_embeddings_input_dim=TEXT_WIDTH + numbers * embedding,
        ),
        scheduler=EulerDiscreteScheduler(
            **TRAINED_BETAS, timestep_spacing="leading", steps_offset=1
        ),
        add_watermarker=False,
    )
    return save(pipeline, folder)


def save(pipeline: DiffusionPipeline, folder: Path) -> Path:
    """Write a pipeline as a folder of safetensors."""
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def unet(seed: int, in_channels: int = 4, **more: Any) -> UNet2DConditionModel:
    """A UNet of two levels."""
    torch.manual_seed(seed)
    shape: dict[str, Any] = {"attention_head_dim": 2, **more}
    return UNet2DConditionModel(
        sample_size=8,  # 64 pixels
        in_channels=in_channels,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        norm_num_groups=4,
        **shape,
    )


def vae(seed: int, scaling_factor: float, **more: Any) -> AutoencoderKL:
    """A VAE of four levels and, unless `more` says otherwise, four channels."""
    shape: dict[str, Any] = {"latent_channels": 4, **more}
    torch.manual_seed(seed)
    return AutoencoderKL(
        sample_size=64,
        in_channels=3,
        out_channels=3,
        block_out_channels=(4, 4, 4, 4),  # four levels: one latent is 8 pixels
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=2,
        scaling_factor=scaling_factor,
        **shape,
    )


def text_encoder(seed: int, model_class: type[Any] = CLIPTextModel, **more: Any) -> Any:
    """A CLIP text encoder of three layers."""
    torch.manual_seed(seed)
    return model_class(
        CLIPTextConfig(
            vocab_size=514,
            hidden_size=TEXT_WIDTH,
            intermediate_size=37,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=77,
            bos_token_id=512,
            eos_token_id=513,
            pad_token_id=513,
            **more,
        )
    ).eval()


def tokenizer(folder: Path, **marks: str) -> CLIPTokenizer:
    """A CLIP tokenizer without merges: each byte of the prompt is one token."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [*byte_letters(), *(letter + "</w>" for letter in byte_letters()), START, END]
    vocabulary = {token: index for index, token in enumerate(letters)}
    vocabulary_file, merges_file = folder / "vocab.json", folder / "merges.txt"
    vocabulary_file.write_text(json.dumps(vocabulary), encoding="utf-8")
    merges_file.write_text("#version: 0.2\n", encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77, **marks)


def byte_letters() -> list[str]:
    """The printable character that GPT-2 style tokenizers use for each of the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(hidden))]


@torch.random.fork_rng(devices=[])
def add_checker(folder: Path, *, refuses: bool) -> Path:
    """Give the Stable Diffusion pipeline in `folder` a safety checker that lets all or none pass.

    A concept counts as seen where its likeness to the picture is above its threshold: likenesses
    lie between -1 and 1, so a threshold of -2 is always passed, and one of 2 never.
    """
    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 2}  # fmt: skip
    torch.manual_seed(0)
    config = CLIPConfig(
        vision_config={**size, "image_size": 16, "patch_size": 8},
        text_config={**size, "vocab_size": 8},
        projection_dim=8,
    )
    checker = StableDiffusionSafetyChecker(config)
    with torch.no_grad():
        for name in ("concept_embeds", "special_care_embeds"):
            getattr(checker, name).normal_()
            getattr(checker, f"{name}_weights").fill_(-2.0 if refuses else 2.0)
    checker.save_pretrained(folder / "safety_checker", safe_serialization=True)
    side = {"height": 16, "width": 16}
    CLIPImageProcessor(size=side, crop_size=side).save_pretrained(folder / "feature_extractor")
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    index["requires_safety_checker"] = True
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
