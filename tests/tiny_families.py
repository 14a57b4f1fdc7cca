"""Tiny pipelines with random weights of the families beside Stable Diffusion 1 and SDXL.

As those of `tests/tiny_models.py`: the real classes at toy size, with tokenizers made here, so that
nothing is fetched. T5's knows letters and a few words, Qwen's the 256 bytes and a Chinese word.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import (
    CLIPTextModelWithProjection,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from tests.tiny_models import (
    TEXT_WIDTH,
    TRAINED_BETAS,
    build_sd,
    build_sdxl,
    byte_letters,
    save,
    text_encoder,
    tokenizer,
    unet,
    vae,
)

CHANNELS = 8
"""Of latents; real ones have 16."""


@torch.random.fork_rng(devices=[])
def build_sd2(folder: Path, seed: int = 0) -> Path:
    """Write a tiny Stable Diffusion 2: OpenCLIP's activation, linear projections, velocity."""
    pipeline = StableDiffusionPipeline(
        vae=vae(seed, scaling_factor=0.18215),
        text_encoder=text_encoder(seed + 1, hidden_act="gelu"),
        tokenizer=tokenizer(folder / "tokenizer", pad_token="!"),
        unet=unet(
            seed + 2,
            cross_attention_dim=TEXT_WIDTH,
            use_linear_projection=True,
            attention_head_dim=[2, 4],
        ),
        scheduler=DDIMScheduler(
            **TRAINED_BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1,
            prediction_type="v_prediction",
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    return save(pipeline, folder)


@torch.random.fork_rng(devices=[])
def build_sd3(folder: Path, seed: int = 0, *, with_t5: bool = True) -> Path:
    """Write a tiny Stable Diffusion 3, with its T5 or without."""
    encoders = {
        name: text_encoder(seed + number, model_class=CLIPTextModelWithProjection)
        for number, name in enumerate(("text_encoder", "text_encoder_2"), 1)
    }
    torch.manual_seed(seed + 4)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=CHANNELS,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=2 * TEXT_WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=2 * TEXT_WIDTH,
        out_channels=CHANNELS,
        pos_embed_max_size=16,
    )
    pipeline = StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=flow_vae(seed, scaling_factor=1.5305, shift_factor=0.0609),
        **encoders,
        text_encoder_3=t5(seed + 3, width=2 * TEXT_WIDTH) if with_t5 else None,
        tokenizer=tokenizer(folder / "tokenizer"),
        tokenizer_2=tokenizer(folder / "tokenizer_2"),
        tokenizer_3=t5_tokenizer() if with_t5 else None,
    )
    return save(pipeline, folder)


@torch.random.fork_rng(devices=[])
def build_flux(folder: Path, seed: int = 0, *, guided: bool = True) -> Path:
    """Write a tiny FLUX: dev, which takes the guidance as an input, or else schnell."""
    encoder = text_encoder(seed + 1)
    torch.manual_seed(seed + 4)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4 * CHANNELS,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=TEXT_WIDTH,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=guided,
    )
    shifting = {"use_dynamic_shifting": True, "shift": 3.0} if guided else {"shift": 1.0}
    pipeline = FluxPipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(**shifting),
        vae=flow_vae(seed, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=encoder,
        tokenizer=tokenizer(folder / "tokenizer"),
        text_encoder_2=t5(seed + 3, width=TEXT_WIDTH),
        tokenizer_2=t5_tokenizer(),
    )
    return save(pipeline, folder)


def build_schnell(folder: Path, seed: int = 0) -> Path:
    """Write a tiny FLUX without an input for guidance."""
    return build_flux(folder, seed, guided=False)


@torch.random.fork_rng(devices=[])
def build_z_image(folder: Path, seed: int = 0) -> Path:
    """Write a tiny Z-Image, whose text encoder is a Qwen3."""
    torch.manual_seed(seed + 1)
    encoder = Qwen3Model(
        Qwen3Config(
            vocab_size=300,
            hidden_size=TEXT_WIDTH,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
        )
    ).eval()
    torch.manual_seed(seed + 4)
    transformer = ZImageTransformer2DModel(
        in_channels=CHANNELS,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=TEXT_WIDTH,
        axes_dims=[4, 4, 8],
        axes_lens=[1024, 64, 64],
    )
    with torch.no_grad():
        for token in (transformer.x_pad_token, transformer.cap_pad_token):
            token.normal_()
    pipeline = ZImagePipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=flow_vae(seed, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=encoder,
        tokenizer=qwen_tokenizer(),
    )
    return save(pipeline, folder)


def flow_vae(seed: int, **scale: float) -> AutoencoderKL:
    """A VAE as models trained by flow matching have it: more channels, a shift, no quantisation."""
    return vae(
        seed, latent_channels=CHANNELS, use_quant_conv=False, use_post_quant_conv=False, **scale
    )


def t5(seed: int, width: int) -> T5EncoderModel:
    """The encoder of a T5 of two layers."""
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=160, d_model=width, d_kv=8, d_ff=32, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    return T5EncoderModel(config).eval()


def t5_tokenizer() -> T5Tokenizer:
    """T5's tokenizer with all of ASCII that can be seen, and words of a few letters."""
    letters = [chr(code) for code in range(33, 127)]
    words = ["▁a", "▁red", "▁fox", "▁cat", "▁the", "in", "▁snow", "he", "ing", "▁of"]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    vocabulary += [(word, -3.0) for word in words] + [(letter, -6.0) for letter in letters]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)


CHAT = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content"
    " + '<|im_end|>' + '\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
"""What Qwen3's own template makes of one message of a user, with thinking allowed."""


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Qwen's tokenizer with the 256 bytes, and merges for a word of English and one of Chinese."""
    letters = byte_letters()
    merges = [("f", "o"), ("fo", "x"), ("Ġ", "fox"), ("ç", "Ĭ"), ("çĬ", "Ģ"), ("ç", "ī"),
              ("çī", "Ľ"), ("çĬĢ", "çīĽ")]  # fmt: skip
    vocabulary = {piece: n for n, piece in enumerate([*letters, *("".join(m) for m in merges)])}
    made = Qwen2Tokenizer(vocab=vocabulary, merges=merges, chat_template=CHAT)
    made.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    return made


FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "sd1": build_sd,
    "sd2": build_sd2,
    "sdxl": build_sdxl,
    "sd3": build_sd3,
    "flux": build_flux,
    "schnell": build_schnell,
    "z-image": build_z_image,
}
"""Name → what writes its folder."""


def parts_of(pipeline: Any) -> list[str]:
    """The names of the networks in a pipeline."""
    return [name for name, part in pipeline.components.items() if hasattr(part, "parameters")]
