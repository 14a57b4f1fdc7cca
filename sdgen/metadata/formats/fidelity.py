"""How near sdgen comes to another program's recipe: what is taken, as what, and how well.

Nothing is looked up and no path is followed: models and LoRAs are named, and whoever draws says
where they are.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from sdgen.errors import InputError
from sdgen.metadata.formats.effects import reports_of_extras
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.loras_taken import loras_taken
from sdgen.metadata.formats.passes_taken import (
    has_second_pass,
    second_pass,
    tiling,
    without_passes,
)
from sdgen.metadata.formats.prompts_taken import prompts_of
from sdgen.metadata.formats.reports import Fidelity, FieldReport, Taken, short
from sdgen.recipe.beside import completed
from sdgen.recipe.layers import Layer
from sdgen.recipe.scheduler_table import Grade
from sdgen.recipe.schedulers import SCHEDULERS, Scheduler, find_scheduler, from_a1111
from sdgen.recipe.settings import Settings

_FIDELITY: dict[Grade, Fidelity] = {
    "exact": "exact",
    "close": "close",
    "approximate": "approximated",
}
_ON_DIFFUSERS = ("InvokeAI", "SD.Next", "Easy Diffusion", "a Space on Hugging Face")
"""Programs that draw with the same library: their samplers are its classes."""

_OWN_VAE = ("", "automatic", "none", "default (model)", "default")


def settings_of(found: Foreign) -> tuple[Layer, list[FieldReport]]:
    """What sdgen takes of a foreign recipe, and how well each field of it.

    Returns:
        A layer of settings that are each within their bounds, without a model; and for each thing
        that the recipe says one report, and for what it must say and does not.
    """
    parts = [_checked(part) for part in _parts(found)]
    values = {name: value for part in parts for name, value in part.values.items()}
    reports = [report for part in parts for report in part.reports]
    return Layer(f"the recipe of {found.tool}", values), [
        *reports,
        *reports_of_extras(without_passes(found)),
    ]


def _parts(found: Foreign) -> Iterator[Taken]:
    yield prompts_of(found)
    yield _model(found)
    yield loras_taken(found)
    yield _scheduler(found)
    for name in ("steps", "guidance_scale", "guidance_rescale", "ensd"):
        if (said := getattr(found, name)) is not None:
            yield _one(name, said, said, "exact")
    yield _eta(found)
    yield _seed(found)
    yield _variation(found)
    yield _size(found)
    yield _clip_skip(found)
    yield _noise(found)
    yield second_pass(found)
    yield tiling(found)
    yield _not_done(found)


def _one(name: str, said: object, taken: Any, fidelity: Fidelity, reason: str = "") -> Taken:
    return Taken({name: taken}, (FieldReport(name, short(said), short(taken), fidelity, reason),))


def _not_taken(name: str, said: object, fidelity: Fidelity, reason: str) -> Taken:
    return Taken({}, (FieldReport(name, short(said), "", fidelity, reason),))


def _checked(part: Taken) -> Taken:
    """`part` without the values that are out of bounds; their reports say so."""
    faults = {name: fault for name, value in part.values.items() if (fault := _fault(name, value))}
    if not faults:
        return part
    values = {name: value for name, value in part.values.items() if name not in faults}
    kept = [report for report in part.reports if report.field not in faults]
    said = {report.field: report.said for report in part.reports}
    lost = [
        FieldReport(name, said.get(name, ""), "", "ignored", fault)
        for name, fault in faults.items()
    ]
    return Taken(values, (*kept, *lost))


def _fault(name: str, value: Any) -> str:
    """Why `value` cannot be the setting `name`; empty if it can.

    Prompts are judged as plain words here: what their syntax refuses was seen to before.
    """
    whole = {"prompt": "fox", "seed": 0, "variation_seed": 0, "prompt_syntax": "plain", name: value}
    try:
        Settings.model_validate(completed(whole))
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return ""


def _model(found: Foreign) -> Taken:
    said = f"{found.model} [{found.model_hash}]" if found.model_hash else found.model
    reason = "only named; say which model draws it: --model" if said else "not said; give --model"
    return _not_taken("model", said, "unknown", reason)


def _scheduler(found: Foreign) -> Taken:
    said = ", ".join(filter(None, (found.sampler, found.schedule)))
    if not found.sampler:
        return _not_taken("scheduler", said, "unknown", "not said")
    if found.tool == "sdgen" and (own := _as_sdgen_wrote(found)):
        return _one("scheduler", said, own, "exact")
    if found.tool in _ON_DIFFUSERS:
        return _of_diffusers(said, found.sampler)
    try:
        match = from_a1111(found.sampler, found.schedule)
    except InputError as error:
        return _nearest_scheduler(said, found.sampler, str(error))
    return _graded(said, match, match.grade)


def _as_sdgen_wrote(found: Foreign) -> str:
    """Our scheduler that is written so, the plain one first; empty if it is none of ours."""
    pair = (found.sampler, found.schedule)
    named = (one.name for one in SCHEDULERS.values() if pair in (one.a1111, (one.name, None)))
    return next(named, "")


def _of_diffusers(said: str, sampler: str) -> Taken:
    try:
        match = find_scheduler(sampler)
    except InputError as error:
        return _not_taken("scheduler", said, "ignored", str(error))
    reason = "the same class of diffusers, spaced as the checkpoint says"
    return _one("scheduler", said, match.name, "close", reason)


def _nearest_scheduler(said: str, sampler: str, reason: str) -> Taken:
    """The sampler without the schedule that made the trouble; nothing if it was the sampler."""
    try:
        match = find_scheduler(sampler)
    except InputError as error:
        return _not_taken("scheduler", said, "ignored", str(error))
    return _one("scheduler", said, match.name, "approximated", reason)


def _graded(said: str, match: Scheduler, grade: Grade) -> Taken:
    reason = {
        "exact": "",
        "close": "timesteps are rounded otherwise",
        "approximate": "it draws other noise, or spaces its steps otherwise",
    }[grade]
    return _one("scheduler", said, match.name, _FIDELITY[grade], reason)


def _seed(found: Foreign) -> Taken:
    """Beyond 2⁶³ the low 32 bits: torch's generator on the CPU uses no others."""
    if found.seed is None or found.seed < 0:
        said = "" if found.seed is None else found.seed
        return _not_taken("seed", said, "unknown", "the file does not say which")
    if found.seed >= 2**63:
        low = found.seed % 2**32
        return _one("seed", found.seed, low, "exact", "torch draws the same from its low 32 bits")
    return _one("seed", found.seed, found.seed, "exact")


def _eta(found: Foreign) -> Taken:
    """Only where the sampler has one: programs write it beside others, too."""
    if found.eta is None:
        return Taken()
    name = _scheduler(found).values.get("scheduler")
    if found.eta and name is not None and not SCHEDULERS[name].takes_eta:
        return _not_taken("eta", found.eta, "ignored", f"{name} has none")
    return _one("eta", found.eta, found.eta, "exact")


def _variation(found: Foreign) -> Taken:
    """Both or none: a share of no seed, or a seed of which there is no share, changes nothing."""
    seed, share = found.variation_seed, found.variation_strength
    if seed is None or not share:
        return Taken()
    if not (0 <= seed < 2**63 and 0 < share <= 1):
        said = f"{share:g} of {seed}"
        return _not_taken("variation_seed", said, "ignored", "no such seed or no such share of it")
    values = {"variation_seed": seed, "variation_strength": share}
    is_known = found.tool in ("AUTOMATIC1111", "Forge", "sdgen")
    how: Fidelity = "exact" if is_known else "close"
    why = "" if is_known else "mixed as A1111 does"
    return Taken(
        values,
        tuple(
            FieldReport(name, short(said), short(said), how, why) for name, said in values.items()
        ),
    )


def _size(found: Foreign) -> Taken:
    if not found.width or not found.height:
        return _not_taken("size", "", "unknown", "the file does not say it")
    said = f"{found.width}x{found.height}"
    width, height = found.width // 8 * 8, found.height // 8 * 8
    is_same = (width, height) == (found.width, found.height)
    fault = _fault("width", width) or _fault("height", height)
    if fault:
        return _not_taken("size", said, "ignored", fault)
    reason = "" if is_same else "models draw multiples of 8 pixels"
    report = FieldReport("size", said, f"{width}x{height}", "exact" if is_same else "close", reason)
    return Taken({"width": width, "height": height}, (report,))


def _clip_skip(found: Foreign) -> Taken:
    said = found.clip_skip
    if said is None:
        return Taken()
    if said > 1 and found.dialect == "comfyui":
        reason = "counted from the end: for an SDXL model, one less is meant"
        return _one("clip_skip", said, said, "approximated", reason)
    return _one("clip_skip", said, said, "exact")


def _noise(found: Foreign) -> Taken:
    if not found.noise:
        reason = "the program does not say where its noise came from"
        return _not_taken("rng", "", "unknown", reason)
    fidelity, reason = _followed(found)
    return _one("rng", found.noise, "cpu" if found.noise == "CPU" else "nv", fidelity, reason)


def _followed(found: Foreign) -> tuple[Fidelity, str]:
    """How well the noise can be drawn again, and why not better."""
    if found.noise == "CPU":
        return "exact", "for the first picture of a call" if found.dialect == "comfyui" else ""
    if found.noise == "NV":
        return "exact", ""
    if found.dialect != "a1111":
        return "approximated", "drawn on a GPU, in a number format that is not said"
    return (
        "close",
        "a GPU's numbers imitated: other ones where the picture had more than its threads",
    )


def _not_done(found: Foreign) -> Taken:
    """Given pictures and other decoders."""
    reports: list[FieldReport] = []
    is_enlarged = any(key.startswith("Hires") for key in found.extras)
    if found.strength is not None and not has_second_pass(found):
        given = "it was drawn from another picture, which is not in the file"
        reason = "of the second pass, which sdgen does not draw" if is_enlarged else given
        reports.append(FieldReport("strength", short(found.strength), "", "ignored", reason))
    if found.vae.strip().lower() not in _OWN_VAE:
        reason = "sdgen decodes with the model's own unless --vae names one"
        reports.append(FieldReport("vae", short(found.vae), "", "ignored", reason))
    return Taken({}, tuple(reports))
