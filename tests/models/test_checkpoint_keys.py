"""What a file holds, told from names and shapes alone: each family, and each thing that is none."""

import re

import pytest

from sdgen.models.checkpoint_keys import Contents, contents_of
from sdgen.models.weights import Tensor

UNET, FIRST = "model.diffusion_model.", "model.diffusion_model.input_blocks.0.0.weight"
SD1_TEXT = "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight"
SD2_TEXT = "cond_stage_model.model.transformer.resblocks.0.ln_1.weight"
XL_TEXT = "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight"
XL_TEXT_2 = "conditioner.embedders.1.model.ln_final.weight"
CONTEXT = f"{UNET}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
VAE = "first_stage_model.decoder.conv_out.weight"


def of(shapes: dict[str, tuple[int, ...]]) -> Contents:
    return contents_of({name: Tensor("F16", shape, 0, 0) for name, shape in shapes.items()})


def model(*texts: str, width: int, channels: int = 4, **more: tuple[int, ...]) -> dict:
    """The tensors by which a whole model is known."""
    shapes = {FIRST: (320, channels, 3, 3), CONTEXT: (640, width), VAE: (3, 128, 3, 3)}
    return shapes | dict.fromkeys(texts, (1,)) | more


SD1 = model(SD1_TEXT, width=768)
SD2 = model(SD2_TEXT, width=1024)
XL = model(XL_TEXT, XL_TEXT_2, width=2048)


@pytest.mark.parametrize(
    ("shapes", "family", "channels"),
    [(SD1, "sd1", 4), (SD2, "sd2", 4), (XL, "sdxl", 4),
     (model(SD1_TEXT, width=768, channels=9), "sd1", 9),
     (model(SD2_TEXT, width=1024, channels=9), "sd2", 9),
     (model(XL_TEXT, XL_TEXT_2, width=2048, channels=9), "sdxl", 9)],
)  # fmt: skip
def test_families_that_are_drawn_with(shapes, family, channels):
    found = of(shapes)
    assert found.family is not None
    assert (found.family.name, found.channels, found.instead) == (family, channels, "")
    assert (found.is_v, found.is_zero_snr) == (False, False)


def test_marks_of_v_prediction_and_zero_snr():
    found = of(XL | {"v_pred": (0,), "ztsnr": (0,)})
    assert (found.is_v, found.is_zero_snr) == (True, True)
    assert of(XL | {"v_pred": (0,)}).is_v


OTHERS: dict[str, tuple[dict[str, tuple[int, ...]], str, str]] = {
    "refiner": (
        model("conditioner.embedders.0.model.ln_final.weight", width=1280),
        "the refiner of Stable Diffusion XL", "base model",
    ),
    "SD3 without T5": (
        {f"{UNET}joint_blocks.0.x_block.attn.qkv.weight": (1,), VAE: (3, 128, 3, 3),
         "text_encoders.clip_l.transformer.text_model.final_layer_norm.weight": (1,)},
        "a Stable Diffusion 3 model without T5", "diffusers folder",
    ),
    "SD3 with T5": (
        {f"{UNET}joint_blocks.0.x_block.attn.qkv.weight": (1,),
         "text_encoders.t5xxl.transformer.shared.weight": (1,)},
        "a Stable Diffusion 3 model in one file", "diffusers folder",
    ),
    "FLUX": ({"double_blocks.0.img_attn.qkv.weight": (1,)}, "a FLUX model without T5", "--model"),
    "FLUX with prefix and T5": (
        {f"{UNET}double_blocks.0.img_attn.qkv.weight": (1,),
         "text_encoders.t5xxl.transformer.shared.weight": (1,)},
        "a FLUX model in one file", "diffusers folder",
    ),
    "CosXL": (XL | {"edm_vpred.sigma_max": (1,)}, "EDM", ""),
    "Playground": (XL | {"edm_mean": (4,)}, "EDM", ""),
    "unCLIP": (SD2 | {f"{UNET}label_emb.0.0.weight": (1280, 2048)}, "unCLIP", ""),
    "InstructPix2Pix": (model(SD1_TEXT, width=768, channels=8), "InstructPix2Pix", ""),
    "depth": (model(SD2_TEXT, width=1024, channels=5), "depth-to-image", ""),
    "upscaler": (model(SD2_TEXT, width=1024, channels=7), "an upscaler of Stable", ""),
    "other channels": (model(SD1_TEXT, width=768, channels=6), "of 6 channels", ""),
    "other widths": (model(SD1_TEXT, width=512), "relative of Stable Diffusion 1", ""),
    "no VAE": (
        {n: s for n, s in SD1.items() if n != VAE}, "a Stable Diffusion 1 model without its VAE",
        "in one",
    ),
    "no text encoder": (
        {n: s for n, s in XL.items() if "conditioner" not in n},
        "a Stable Diffusion XL model without text encoder", "in one",
    ),
    "no text encoder, unknown": (
        {FIRST: (320, 4, 3, 3)}, "a model without text encoder", "in one"
    ),
    "a scalar where the first layer is": ({**SD1, FIRST: ()}, "relative of", ""),
    "a UNet alone": ({"input_blocks.0.0.weight": (320, 4, 3, 3)}, "the UNet of a model", "in one"),
    "a diffusers UNet": ({"conv_in.weight": (320, 4, 3, 3)}, "one part of a diffusers folder",
                         "--model FOLDER"),
    "a diffusers transformer": (
        {"transformer_blocks.0.attn.to_q.weight": (1, 1)}, "one part of a diffusers folder",
        "--model FOLDER",
    ),
    "LoRA": (
        {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 8),
         "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight": (8, 4)},
        "a LoRA, not a model", "--lora FILE",
    ),
    "LoKr": ({"lora_unet_mid_block.lokr_w1": (4, 8)}, "a LoRA, not a model", "--lora FILE"),
    "VAE": (
        {"decoder.conv_out.weight": (3, 128, 3, 3), "decoder.up.0.block.0.conv1.weight": (1,)},
        "a VAE, not a whole model", "--vae FILE",
    ),
    "embedding": ({"emb_params": (2, 768)}, "an embedding, not a model", "--embedding FILE"),
    "ControlNet": ({"control_model.time_embed.0.weight": (1,)}, "a ControlNet, not",
                   "--controlnet FILE"),
    "ControlNet in a model": (SD1 | {"control_model.time_embed.0.weight": (1,)}, "ControlNet", ""),
    "diffusers ControlNet": (
        {"controlnet_cond_embedding.conv_in.weight": (1,), "conv_in.weight": (1,)},
        "a ControlNet", "",
    ),
    "T2I-Adapter": ({"adapter.body.0.in_conv.weight": (1,)}, "a T2I-Adapter", ""),
    "IP-Adapter": (
        {"ip_adapter.1.to_k_ip.weight": (1,)}, "an IP-Adapter, not", "--ip-adapter FILE"
    ),
    "ESRGAN": (
        {"body.0.rdb1.conv1.weight": (1,), "conv_first.weight": (1,)}, "ESRGAN", "--with FILE"
    ),
    "CLIP": ({"text_model.encoder.layers.0.mlp.fc1.weight": (1,)}, "a text encoder alone",
             "--model FOLDER"),
    "T5": ({"encoder.block.0.layer.0.SelfAttention.q.weight": (1,)}, "a text encoder alone", ""),
    "nothing": ({}, "a file without tensors", ""),
    "anything": ({"b": (1,), "a": (2,)}, "nothing that sdgen knows: 2 tensors, such as 'a'", ""),
    "another model of that prefix": ({f"{UNET}blocks.0.diff": (1,)}, "nothing that sdgen", ""),
}  # fmt: skip


@pytest.mark.parametrize(("shapes", "words", "hint"), OTHERS.values(), ids=OTHERS)
def test_what_it_is_instead(shapes, words, hint):
    found = of(shapes)
    assert found.family is None
    assert re.search(re.escape(words), found.instead)
    assert hint in found.hint
    assert "\n" not in found.instead + found.hint
