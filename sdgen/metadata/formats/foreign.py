"""What every foreign format is read from, and what it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Dialect = Literal["a1111", "comfyui", "invokeai", "novelai", "plain"]
"""How a program reads weights in a prompt: `(fox:1.2)`, `fox++`, `{fox}`, or not at all."""

Noise = Literal["", "CPU", "GPU", "NV"]
"""Where a program's noise comes from; NV imitates a GPU's on the CPU, empty is not known."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file carries beside its pixels, unjudged.

    Attributes:
        texts: PNG keyword → text.
        comment: EXIF's UserComment.
        exif: Other text tags of EXIF by name: Make, Model, Software, ImageDescription, MakerNote.
        xmp: The XMP packet.
        plain: A JPEG's comment, or all of a text file.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    exif: Mapping[str, str] = field(default_factory=dict)
    xmp: str = ""
    plain: str = ""

    @property
    def software(self) -> str:
        return self.texts.get("Software") or self.exif.get("Software", "")

    @property
    def parameters(self) -> str:
        """The text that A1111, and many after it, put where their container has room for it."""
        return self.texts.get("parameters") or self.comment or self.plain


@dataclass(frozen=True, slots=True)
class ForeignLora:
    """A LoRA as a foreign recipe names it; `weight` is None where the prompt's tag or nobody says.

    `hash` is as written: of the program's own kind and length.
    """

    name: str
    weight: float | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A recipe that another program wrote; empty and None are what it did not say.

    Attributes:
        tool: The program.
        version: As it says itself.
        prompt: As written, weights and tags included.
        negative_prompt: Likewise.
        dialect: How the program reads both.
        steps: Denoising steps.
        sampler: In the program's own words, perhaps with the schedule in it.
        schedule: The schedule type in its own words; None if it does not write one.
        guidance_scale: What most call the CFG scale.
        guidance_rescale: Share of contrast taken back.
        seed: As written; some programs count beyond 2⁶³, or write −1 for any.
        width: Pixels of the first pass, which may have been enlarged afterwards.
        height: Likewise.
        clip_skip: Counted as sdgen does: 1 is the model's own layer.
        eta: Fresh noise in DDIM's steps.
        ensd: Added to the seed for the noise in the steps.
        strength: Share of the steps that were really taken from a given picture.
        variation_seed: Seed of the noise that was mixed in.
        variation_strength: Share of it.
        noise: Where the noise came from.
        model: The checkpoint's name.
        model_hash: Its hash, of the program's own kind and length.
        vae: Another decoder's name.
        loras: What the program lists; tags in the prompt stay there.
        extras: Everything else that was said, in its order.
        notices: What the reader could not settle, for people.
    """

    tool: str
    version: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    dialect: Dialect = "plain"
    steps: int | None = None
    sampler: str = ""
    schedule: str | None = None
    guidance_scale: float | None = None
    guidance_rescale: float | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    clip_skip: int | None = None
    eta: float | None = None
    ensd: int | None = None
    strength: float | None = None
    variation_seed: int | None = None
    variation_strength: float | None = None
    noise: Noise = ""
    model: str = ""
    model_hash: str = ""
    vae: str = ""
    loras: tuple[ForeignLora, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
