"""Following another program's recipe: what is drawn of it, and how near the picture comes.

Nothing is called reproduced on faith: another program's arithmetic is not ours, so the picture is
compared with the one that is there, and each field has its word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from sdgen.engine import Drawing
from sdgen.files.compare import Likeness, compare_pixels, likeness
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import Fidelity, FieldReport, short
from sdgen.metadata.record import FollowedRecord, pixels_sha256
from sdgen.models import LocalModel, find_model
from sdgen.models.by_hash import Known, Meant, known_of, model_meant, stem_of
from sdgen.models.finding import Search
from sdgen.models.other_hashes import digits_of, named_by
from sdgen.models.resolve import Plan, drawn_seed, plan, reworded
from sdgen.recipe.layers import Layer
from sdgen.recipe.prompt.wording import Written
from sdgen.recipe.texts import shown
from sdgen.verdict import Verdict

_BY: Mapping[Known, tuple[Fidelity, str]] = {
    "hash": ("exact", ""),
    "old hash": ("close", "by its old hash, which several files may have"),
    "name": ("unknown", "by its name; whether it is that one cannot be told"),
    "given": ("unknown", "you chose it; whether it is that one cannot be told"),
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where the user says that weights are: a model, folders of models, folders of LoRAs."""

    model: str | None = None
    models: Sequence[Path] = ()
    loras: Sequence[Path] = ()


def model_for(found: Foreign, places: Places) -> Meant:
    """The model to follow `found` with: the one that the user names, else the one that it means.

    Raises:
        ModelError: It is not here.
    """
    if places.model is None:
        return model_meant(found.model, found.model_hash, places.models)
    model = find_model(places.model)
    return Meant(model, known_of(model, found.model_hash))


def planned(
    taken: Layer, flags: Layer, meant: Meant, places: Places
) -> tuple[Plan, Written | None]:
    """What will be drawn: the model's defaults, under what the recipe says, under the flags.

    Seeds that nobody says are drawn. Choices are made in prompts of the user's; the recipe's braces
    are words.

    Args:
        taken: From `settings_of`.
        flags: What the user wants otherwise.
        meant: From `model_for`.
        places: Where LoRAs are looked for; no path of the recipe is followed.

    Raises:
        InputError: The recipe lacks a prompt, or the model cannot draw what it says.
        ModelError: A LoRA is not here.
    """
    are_given = flags.values.keys() & {"lora", "vae", "embedding", "upscaler"}
    names_only: dict[str, str] | None = None if are_given else {}
    found = plan(
        [drawn_seed(), taken, flags],
        find=lambda _: meant.model,
        search=Search(places.loras, names_only),
    )
    return reworded(found, flags.values)


def settled(
    found: Foreign, reports: Sequence[FieldReport], meant: Meant, flags: Layer, plan: Plan
) -> list[FieldReport]:
    """`reports`, after the model was found, LoRAs were compared, and flags had their say."""
    own = flags.values
    size = f"{plan.settings.width}x{plan.settings.height}"
    chosen: dict[str, Any] = {"size": size} if own.keys() & {"width", "height"} else {}
    chosen |= {name: shown(value) for name, value in own.items() if name not in ("width", "height")}
    settle: Mapping[str, Callable[[FieldReport], FieldReport]] = {
        "model": lambda one: _model_report(one, found, meant),
        "lora": lambda one: _lora_report(one, found, plan.model),
        "seed": lambda one: _seed_report(one, plan),
    }
    told = [settle[one.field](one) if one.field in settle else one for one in reports]
    told = [_chosen(one, chosen[one.field]) if one.field in chosen else one for one in told]
    fields = {one.field for one in told}
    return [*told, *(_added(name, value) for name, value in chosen.items() if name not in fields)]


def _model_report(one: FieldReport, found: Foreign, meant: Meant) -> FieldReport:
    fidelity, reason = _BY[meant.known]
    if meant.known in ("name", "given") and digits_of(found.model_hash):
        reason = f"{reason.partition(';')[0]}; its files do not have that hash"
    return FieldReport("model", one.said, meant.model.name, fidelity, reason)


def _lora_report(one: FieldReport, found: Foreign, model: LocalModel) -> FieldReport:
    """With the hash of the file that was found, where the recipe says one."""
    said = next((lora for lora in found.loras if one.said.startswith(lora.name)), None)
    name = stem_of(said.name) if said else ""
    here = next((lora for lora in model.loras if lora.name == name), None)
    if said is None or here is None or not digits_of(said.hash):
        return one
    if named_by(here.path, said.hash):
        return replace(one, taken=one.taken or here.name, fidelity="exact", reason="")
    reason = "the file of that name here has another hash"
    return replace(one, taken=one.taken or here.name, fidelity="approximated", reason=reason)


def _seed_report(one: FieldReport, plan: Plan) -> FieldReport:
    if one.taken:
        return one
    return replace(one, taken=str(plan.settings.seed), reason=f"{one.reason}; this one is drawn")


def _chosen(one: FieldReport, value: str) -> FieldReport:
    if one.taken == short(value):
        return one
    return replace(one, taken=short(value), fidelity="ignored", reason="you chose another")


def _added(name: str, value: str) -> FieldReport:
    return FieldReport(name, "", short(value), "unknown", "not said; you chose it")


def verdict_on(
    picture: Image.Image | None, drawing: Drawing, reports: Sequence[FieldReport], tolerance: int
) -> tuple[Verdict, Likeness | None]:
    """How near the new drawing comes to the picture that is there.

    Args:
        picture: The other program's; None where there is only its recipe.
        drawing: Ours.
        reports: From `settled`: what was not exact is the reason.
        tolerance: Levels that still count as equivalent.
    """
    why = _not_exact(reports)
    if picture is None:
        return Verdict("unchecked", f"drawn; there is no picture to compare with{why}"), None
    alike = likeness(picture, drawing.image)
    if picture.size != drawing.image.size:
        sizes = (f"{width}x{height}" for width, height in (picture.size, drawing.image.size))
        told = f"its size is {next(sizes)}, and {next(sizes)} was drawn; scaled, {alike}"
        return Verdict("different", f"{told}{why}"), alike
    distance = compare_pixels(picture, drawing.image)
    if not distance.pixels:
        return Verdict("identical", "every pixel is the same", distance), alike
    if distance.largest <= tolerance:
        return Verdict("equivalent", f"another program's arithmetic{why}", distance), alike
    return Verdict("different", f"{alike}{why}", distance), alike


def _not_exact(reports: Sequence[FieldReport]) -> str:
    named = [f"{one.field} {one.fidelity}" for one in reports if one.fidelity != "exact"]
    if not named:
        return "; every field is exact, so the arithmetic is another"
    more = f" and {len(named) - 8} more" if named[8:] else ""
    return f"; {', '.join(named[:8])}{more}"


def with_source(
    drawing: Drawing, found: Foreign, reports: Sequence[FieldReport], picture: Image.Image | None
) -> Drawing:
    """`drawing`, whose record tells whose recipe it follows and how well; no value of theirs."""
    source = FollowedRecord(
        tool=found.tool,
        version=found.version,
        pixels_sha256=pixels_sha256(picture) if picture else None,
        fidelity={one.field: one.fidelity for one in reports},
    )
    return Drawing(drawing.image, drawing.record.model_copy(update={"followed": source}))
