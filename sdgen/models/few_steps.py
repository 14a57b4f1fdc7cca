"""Models and LoRAs that were distilled to draw in few steps, and the guidance that suits them.

Distilling puts the guidance into the weights; guided again, colours burn out. That something was
distilled shows in one of four ways, the surest first: the UNet takes the guidance as an input
(`time_cond_proj_dim`), a LoRA's header says what it was made for, its name or the model's does, or
the scheduler is one that only distilled models are drawn with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_GUIDANCE = 2.0
"""What the makers of LCM, Lightning, Hyper-SD and Turbo advise at the most."""

SCHEDULERS = ("lcm", "tcd")
"""Schedulers for distilled models; each step of theirs goes to the picture and back."""

_ALONE = re.compile(r"(?<![a-z])(lcm|tcd|dmd2?|hyper ?sd(xl|\d+)?)(?![a-z])")
_BESIDE = re.compile(r"(?<![a-z])(turbo|lightning)(?![a-z])")
_FAMILY = re.compile(r"sd|xl|diffusion|z image|flux|\d ?steps?")
"""A turbo may be a car's and lightning a storm's, unless a family or a number of steps is near."""


@dataclass(frozen=True, slots=True)
class MadeFor:
    """What a LoRA was distilled for: its guidance (1 is none) and steps, where its header says."""

    guidance: float
    steps: int | None = None

    def __str__(self) -> str:
        steps = f" in {self.steps} steps" if self.steps else ""
        return f"a guidance of {self.guidance:g}{steps}"


def made_for(notes: Mapping[str, str]) -> MadeFor | None:
    """From `guidance_scale` and `num_inference_steps` in a header; None where they do not stand."""
    guidance, steps = (notes.get(name, "") for name in ("guidance_scale", "num_inference_steps"))
    if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?", guidance):
        return None
    return MadeFor(float(guidance), int(steps) if re.fullmatch(r"[1-9]\d{0,2}", steps) else None)


def is_named_so(name: str) -> bool:
    """Whether a model's or a LoRA's name says that it was distilled: `lcm-lora-sdv1-5`."""
    words = re.sub(r"[-_. ]+", " ", name.lower())
    beside = _BESIDE.search(words) and _FAMILY.search(words)
    return bool(_ALONE.search(words) or beside)


def guidance_notice(
    guidance: float, model: str, loras: Sequence[tuple[str, MadeFor | None]], scheduler: str
) -> str | None:
    """What to say of a guidance that is too much for something distilled; None where it suits.

    Args:
        guidance: As asked for.
        model: Its name.
        loras: Names of the LoRAs that act, with what their headers say.
        scheduler: sdgen's name for it.
    """
    for name, known in loras:
        if known and guidance > max(1.0, known.guidance) * MOST_GUIDANCE:
            return f"guidance_scale {guidance:g} does not suit {name}, made for {known}"
    if guidance <= MOST_GUIDANCE:
        return None
    unknown = [name for name, known in loras if known is None]
    if name := next(filter(is_named_so, [*unknown, model]), ""):
        return (
            f"guidance_scale {guidance:g} does not suit {name}, distilled by its name: use 1 to 2"
        )
    if scheduler in SCHEDULERS:
        return (
            f"guidance_scale {guidance:g} does not suit the scheduler {scheduler}, which is for "
            "distilled models: use 1 to 2"
        )
    return None
