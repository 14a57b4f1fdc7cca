"""The text that AUTOMATIC1111's web UI writes into its pictures, and that everybody else reads.

Three blocks: the prompt, `Negative prompt: …`, and one line of `Key: value` pairs that begins with
`Steps: `. Key order, omissions and quoting follow that program's `create_infotext` (1.9 and later);
readers look for the line by its first word and compare numbers as text.
"""

import json
from collections.abc import Iterator

from sdgen.metadata.record import Record
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings

Pair = tuple[str, str]


def parameters_text(record: Record) -> str:
    """The A1111 text for `record`.

    It says less than the record: no hash of a checkpoint (a folder of weights has none, and sites
    act on what they are told), no revision, no environment.
    """
    settings = record.settings
    pairs = [*_pairs(settings), ("Version", f"{record.software.name} {record.software.version}")]
    last = ", ".join(_written(key, value) for key, value in pairs)
    blocks = [settings.prompt + "".join(f" <lora:{one}>" for one in settings.lora), last]
    if settings.negative_prompt:
        blocks.insert(1, f"Negative prompt: {settings.negative_prompt}")
    return "\n".join(blocks).strip()


def _pairs(settings: Settings) -> Iterator[Pair]:
    """Keys and values in A1111's order, less those that it leaves out at their default."""
    sampler, schedule = SCHEDULERS[settings.scheduler].a1111 or (settings.scheduler, "")
    yield "Steps", str(settings.steps)
    yield "Sampler", sampler
    if schedule:
        yield "Schedule type", schedule
    yield "CFG scale", _number(settings.guidance_scale)
    yield "Seed", str(settings.seed)
    yield "Size", f"{settings.width}x{settings.height}"
    yield "Model", settings.model
    if settings.clip_skip > 1:
        yield "Clip skip", str(settings.clip_skip)
    yield "RNG", "CPU"  # the noise is drawn on the CPU; A1111's own default is the GPU
    if settings.eta:
        yield "Eta DDIM", _number(settings.eta)
    if settings.guidance_rescale:
        yield "CFG rescale", _number(settings.guidance_rescale)


def _number(value: float) -> str:
    """7 for 7.0 and 7.5 for 7.5: as a web form's number prints in Python."""
    return str(int(value)) if value.is_integer() else str(value)


def _written(key: str, value: str) -> str:
    return key if key == value else f"{key}: {_quoted(value)}"


def _quoted(value: str) -> str:
    """`value`, as a JSON string where a reader would otherwise split it."""
    if any(sign in value for sign in ",\n:"):
        return json.dumps(value, ensure_ascii=False)
    return value
