"""The families of models: what each is made of, how it reads prompts, and what it can do.

The one table behind recognition (`models/folder.py`), refusals (`models/capabilities.py`), `sdgen
models info` and docs/families.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from sdgen.errors import ModelError

CLIP_LENGTH = 77
"""Tokens that CLIP's text encoders read, its two marks among them."""

Kind = Literal["clip", "t5", "qwen"]


@dataclass(frozen=True, slots=True)
class TextReader:
    """A tokenizer of a pipeline: its name there, its kind, and how many tokens are read at most."""

    part: str
    kind: Kind
    length: int


@dataclass(frozen=True, slots=True)
class Family:
    """Models that are drawn alike.

    Attributes:
        name: As the catalogue and `sdgen models info` say it.
        title: For people.
        pipelines: Classes that `model_index.json` may name → the class of diffusers that draws.
        parts: What each cannot do without.
        classes: The classes that may load a part, where that differs from `folder.CLASSES`.
        readers: Its tokenizers; the last one reads the most.
        can: What of `ABILITIES` it can do.
        flow: Whether it was trained by flow matching, which has schedulers of its own.
        patch: Latents that a side must have a multiple of.
        defaults: Steps and guidance that its makers advise.
        languages: Of prompts, in words.
    """

    name: str
    title: str
    pipelines: Mapping[str, str]
    parts: tuple[str, ...]
    readers: tuple[TextReader, ...]
    can: frozenset[str]
    classes: Mapping[str, str] = field(default_factory=dict)
    flow: bool = False
    patch: int = 1
    defaults: Mapping[str, Any] = field(default_factory=dict)
    languages: str = "English"


ABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "negative prompt": "`negative_prompt` and guidance by it",
        "weights": "weights in prompts, `(red:1.3)`, `BREAK`, and prompts of any length in chunks",
        "clip_skip": "an earlier layer of the text encoder",
        "embedding": "words learned from files (textual inversion)",
        "guidance_rescale": "contrast taken back",
        "tiling": "edges that meet",
        "freeu": "FreeU",
        "deepcache": "`approximate deepcache`",
        "guidance_until": "`approximate guidance-until`",
        "controlnet": "ControlNets",
        "ip_adapter": "IP-Adapters",
        "word maps": "`sdgen film --word`: where the model looked for each word",
        "fused": "`--kernels fused` on a GPU",
    }
)
"""What not every family can do → in words.

All draw in batches, from pictures, with LoRAs, VAEs and previews, and draw a picture again."""

_UNET = frozenset(ABILITIES)
_PLAIN, _XL = "StableDiffusionPipeline", "StableDiffusionXLPipeline"
_SD = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_CLIP = TextReader("tokenizer", "clip", CLIP_LENGTH)
_CLIP_2 = TextReader("tokenizer_2", "clip", CLIP_LENGTH)
_T5 = {"text_encoder": r"CLIPTextModel", "text_encoder_2": r"T5EncoderModel",
       "tokenizer_2": r"T5Tokenizer(Fast)?"}  # fmt: skip
_FLOW = ("transformer", "vae", "text_encoder", "tokenizer", "scheduler")

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="sd1",
            title="Stable Diffusion 1",
            pipelines={
                "StableDiffusionPipeline": _PLAIN,
                "StableDiffusionInpaintPipeline": _PLAIN,
                "LatentConsistencyModelPipeline": _PLAIN,
            },
            parts=_SD,
            readers=(_CLIP,),
            can=_UNET,
        ),
        Family(
            name="sd2",
            title="Stable Diffusion 2",
            pipelines={},  # those of sd1; `family_of` tells them apart
            parts=_SD,
            readers=(_CLIP,),
            can=_UNET,
        ),
        Family(
            name="sdxl",
            title="SDXL",
            pipelines={
                "StableDiffusionXLPipeline": _XL,
                "StableDiffusionXLInpaintPipeline": _XL,
            },
            parts=(*_SD, "text_encoder_2", "tokenizer_2"),
            readers=(_CLIP, _CLIP_2),
            can=_UNET,
        ),
        Family(
            name="sd3",
            title="Stable Diffusion 3",
            pipelines={"StableDiffusion3Pipeline": "StableDiffusion3Pipeline"},
            parts=(*_FLOW, "text_encoder_2", "tokenizer_2"),
            readers=(_CLIP, _CLIP_2, TextReader("tokenizer_3", "t5", 256)),
            can=frozenset(
                {"negative prompt", "clip_skip", "guidance_until"}
            ),
            classes={"transformer": r"SD3Transformer2DModel",
                     "text_encoder": r"CLIPTextModelWithProjection"},
            flow=True,
            patch=2,
            defaults={"steps": 28, "guidance_scale": 7.0},
        ),
        Family(
            name="flux",
            title="FLUX.1",
            pipelines={"FluxPipeline": "FluxPipeline"},
            parts=(*_FLOW, "text_encoder_2", "tokenizer_2"),
            readers=(_CLIP, TextReader("tokenizer_2", "t5", 512)),
            can=frozenset(),
            classes={**_T5, "transformer": r"FluxTransformer2DModel"},
            flow=True,
            patch=2,
            defaults={"steps": 28, "guidance_scale": 3.5},
        ),
        Family(
            name="z-image",
            title="Z-Image",
            pipelines={"ZImagePipeline": "ZImagePipeline"},
            parts=_FLOW,
            readers=(TextReader("tokenizer", "qwen", 512),),
            can=frozenset({"negative prompt", "guidance_until"}),
            classes={"transformer": r"ZImageTransformer2DModel", "text_encoder": r"Qwen3Model",
                     "tokenizer": r"Qwen2Tokenizer(Fast)?"},
            flow=True,
            patch=2,
            defaults={"steps": 28, "guidance_scale": 4.0},
            languages="Chinese and English",
        ),
    )
}  # fmt: skip
"""In the order in which they appeared."""

Guidance = Literal["free", "input", "none"]
"""How a model is guided: by a second look without the prompt, by a number that its network takes,
or not at all."""

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "StableDiffusionXLImg2ImgPipeline": "an SDXL refiner, which only finishes what another "
        "model drew; sdgen draws whole pictures, so take the base model",
        "KolorsPipeline": "Kolors, whose tokenizer needs a library that sdgen does not bring; of "
        "the models that read Chinese, sdgen draws with Z-Image",
        "FluxFillPipeline": "a FLUX that only repaints; sdgen repaints with the usual FLUX.1",
        "FluxKontextPipeline": "a FLUX that edits by instruction, which sdgen does not",
        "Flux2Pipeline": "a FLUX.2, which sdgen does not draw with yet; it draws with FLUX.1",
        "StableDiffusionInstructPix2PixPipeline": "a model that edits by instruction, which sdgen "
        "does not",
        "StableDiffusionUpscalePipeline": "a model that enlarges; sdgen upscale does that with the "
        "model that drew",
    }
)
"""Pipelines that people may have, and why sdgen does not draw with them."""

SCHNELL_LENGTH = 256
"""Tokens of T5 that a FLUX without an input for guidance was trained with."""


def family_named(pipeline: object, folder: str) -> Family:
    """The family whose pipelines have the class `pipeline`; of two with the same, the first.

    Args:
        pipeline: What `model_index.json` names.
        folder: The model's, for the message.

    Raises:
        ModelError: None has.
    """
    name = pipeline if isinstance(pipeline, str) else ""
    for family in FAMILIES.values():
        if name in family.pipelines:
            return family
    if name in REFUSED:
        raise ModelError(f"{folder} is {REFUSED[name]}")
    titles = ", ".join(family.title for family in FAMILIES.values())
    raise ModelError(f"{folder} holds a {pipeline}; sdgen draws with {titles}")


def told_apart(family: Family, unet: Mapping[str, Any]) -> Family:
    """`family`, or the one that has the same pipelines but another UNet.

    Stable Diffusion 2 came with linear projections in its attention, and 1 has none.

    Args:
        family: From `family_named`.
        unet: The UNet's configuration; empty where there is none.
    """
    is_second = family.name == "sd1" and unet.get("use_linear_projection") is True
    return FAMILIES["sd2"] if is_second else family


def guidance_of(family: Family, network: Mapping[str, Any]) -> Guidance:
    """How a model of `family` is guided.

    Args:
        family: Of the model.
        network: The configuration of its UNet or transformer.
    """
    if family.name == "flux":
        return "input" if network.get("guidance_embeds") is True else "none"
    return "input" if network.get("time_cond_proj_dim") is not None else "free"


def readers_of(
    family: Family, network: Mapping[str, Any], parts: Collection[str]
) -> tuple[TextReader, ...]:
    """The tokenizers of a model of `family`, the one that reads the most last.

    Args:
        family: Of the model.
        network: The configuration of its UNet or transformer.
        parts: The names of what the model has.
    """
    there = tuple(one for one in family.readers if one.part in parts)
    if family.name == "flux" and guidance_of(family, network) == "none":
        there = (*there[:-1], replace(there[-1], length=SCHNELL_LENGTH))
    return there
