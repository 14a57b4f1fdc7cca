"""The text that AUTOMATIC1111's web UI writes into its pictures, and that everybody else reads.

Three blocks: the prompt, `Negative prompt: …`, and one line of `Key: value` pairs that begins with
`Steps: `. Key order, omissions and quoting follow that program's `create_infotext` (1.9 and later);
readers look for the line by its first word and compare numbers as text.
"""

import json
import math
import re
from collections.abc import Iterator

from sdgen.metadata.control_text import control_pairs
from sdgen.metadata.record import Record
from sdgen.recipe.loras import LoraEntry, parse_lora
from sdgen.recipe.passes import has_second_pass
from sdgen.recipe.post import parse_post
from sdgen.recipe.prompt.loras import TAG, lora_tags
from sdgen.recipe.prompt.weights import escaped
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings

Pair = tuple[str, str]

_INVERSIONS = ("embedding",)
"""Kinds of added weights that A1111 calls TI."""

_ENDS_BLOCK = re.compile(r"^([^\S\n]*)(?=Negative prompt:|Steps: )", re.MULTILINE)


def parameters_text(record: Record) -> str:
    """The A1111 text for `record`.

    It says less than the record: the hash of a checkpoint only where the model was one file (a
    folder of weights has none, and sites act on what they are told), no revision, no environment.
    """
    settings = record.settings
    version = f"{record.software.name} {record.software.version}"
    pairs = [*_pairs(record), *_hashes(record), ("Version", version)]
    last = ", ".join(_written(key, value) for key, value in pairs)
    blocks = [_prompt(settings), last]
    if settings.negative_prompt:
        blocks.insert(1, f"Negative prompt: {_as_read(settings.negative_prompt, settings)}")
    return "\n".join(blocks).strip()


def _prompt(settings: Settings) -> str:
    """The prompt with a tag for each LoRA: where it has one, with the scale that counted."""
    entries = {entry.source: entry for entry in map(parse_lora, settings.lora)}
    prompt = _as_read(settings.prompt, settings)
    tagged: set[str] = set()

    def rescaled(tag: re.Match[str]) -> str:
        [found] = lora_tags(tag[0])[1]
        if found.name not in entries:
            return tag[0]
        is_first = found.name not in tagged
        tagged.add(found.name)
        return _tag(entries[found.name]) if is_first else ""

    prompt = TAG.sub(rescaled, prompt)
    return prompt + "".join(f" {_tag(one)}" for name, one in entries.items() if name not in tagged)


def _tag(entry: LoraEntry) -> str:
    return f"<lora:{entry}>"


def _as_read(text: str, settings: Settings) -> str:
    """`text` so that A1111 reads of it what sdgen read.

    Plain words have their brackets escaped. What would end the block where it begins a line gets a
    backslash in front, which A1111 drops when it paints.
    """
    text = text if settings.prompt_syntax == "a1111" else escaped(text)
    return _ENDS_BLOCK.sub(r"\g<1>\\", text)


def _vae(record: Record) -> Iterator[Pair]:
    for one in record.added:
        if one.kind == "vae":
            yield "VAE hash", one.sha256[:10]
            yield "VAE", one.name


def _pairs(record: Record) -> Iterator[Pair]:
    """Keys and values in A1111's order, less those that it leaves out at their default."""
    settings = record.settings
    sampler, schedule = SCHEDULERS[settings.scheduler].a1111 or (settings.scheduler, "")
    yield "Steps", str(settings.steps)
    yield "Sampler", sampler
    if schedule:
        yield "Schedule type", schedule
    yield "CFG scale", _number(settings.guidance_scale)
    yield "Seed", str(settings.seed)
    yield "Size", f"{settings.width}x{settings.height}"
    if record.model.file_sha256:
        yield "Model hash", record.model.file_sha256[:10]
    yield "Model", settings.model
    yield from _vae(record)
    if settings.variation_strength:
        yield "Variation seed", str(settings.variation_seed)
        yield "Variation seed strength", _number(settings.variation_strength)
    strength = settings.strength if settings.hires_strength is None else settings.hires_strength
    if strength is not None:
        yield "Denoising strength", _number(strength)
    if settings.clip_skip > 1:
        yield "Clip skip", str(settings.clip_skip)
    if settings.ensd and SCHEDULERS[settings.scheduler].noisy:
        yield "ENSD", str(settings.ensd)
    if settings.rng != "gpu":  # which is A1111's own default, and not written
        yield "RNG", settings.rng.upper()
    yield from _last_pairs(settings)
    yield from _passes(settings)


def _last_pairs(settings: Settings) -> Iterator[Pair]:
    if settings.tiling != "none":
        yield "Tiling", "True" if settings.tiling == "xy" else settings.tiling
    if settings.eta:
        yield "Eta DDIM", _number(settings.eta)
    if settings.guidance_rescale:
        yield "CFG rescale", _number(settings.guidance_rescale)
    if settings.freeu:
        yield "FreeU", settings.freeu
    yield from control_pairs(settings)
    if settings.post:
        yield "Post", ", ".join(settings.post)
    if scales := [step.amount for step in map(parse_post, settings.post) if step.name == "esrgan"]:
        yield "Postprocess upscale by", _number(math.prod(scales))
        yield "Postprocess upscaler", settings.upscaler


def _passes(settings: Settings) -> Iterator[Pair]:
    """What A1111 says of masks and second passes, behind all else."""
    if settings.mask_blur is not None:
        yield "Mask blur", str(settings.mask_blur)
    if settings.hires_scale is not None:
        yield "Hires upscale", _number(settings.hires_scale)
    if settings.hires_size is not None:
        yield "Hires resize", settings.hires_size
    if has_second_pass(settings):
        if settings.hires_steps is not None:
            yield "Hires steps", str(settings.hires_steps)
        is_named = settings.hires_upscaler == "esrgan"
        shown = settings.upscaler if is_named else str(settings.hires_upscaler).capitalize()
        yield "Hires upscaler", shown


def _hashes(record: Record) -> Iterator[Pair]:
    """What was added, by the hashes that A1111 and Civitai know it by; none where it is not known.

    12 digits each: of a LoRA's numbers, and of the whole file of an embedding.
    """
    loras = {one.name: one.tensors_sha256 for one in record.added if one.kind == "lora"}
    inversions = {one.name: one.sha256 for one in record.added if one.kind in _INVERSIONS}
    for key, hashes in (("Lora hashes", loras), ("TI hashes", inversions)):
        if said := ", ".join(f"{name}: {digest[:12]}" for name, digest in hashes.items() if digest):
            yield key, said


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
