"""Drawing again from a record, and the verdict: identical, equivalent, or different because….

Pixels are compared, not files. Nothing is called reproduced on faith.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from PIL import Image

from sdgen import engine
from sdgen.engine import Drawing, ImageGenerator, OnStep, Slots, Tell, no_progress, tell_nobody
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.files.compare import PixelDifference, compare_pixels, unlike_lossy
from sdgen.metadata.compare import Difference, differences
from sdgen.metadata.record import Record, pixels_sha256
from sdgen.models import LocalModel, find_model
from sdgen.models.added import KINDS, with_added_files
from sdgen.models.finding import Search
from sdgen.models.local import is_bare_name
from sdgen.models.resolve import check_drawable
from sdgen.recipe.settings import Settings

DEFAULT_TOLERANCE = 2
"""Levels of 255. Other thread counts, batch shapes and CPU kernels move pixels by one or two."""

Kind = Literal["identical", "equivalent", "different", "unchecked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a picture came out again, and why or why not.

    `unchecked` says that nothing speaks against it, but only drawing it could tell. `distance` is
    None where there are no pixels to measure against, only their hash. `differences` are the facts
    that are not as recorded, of an identical picture too; `reason` tells them in words.
    """

    kind: Kind
    reason: str
    distance: PixelDifference | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether that counts as the same picture."""
        return self.kind != "different"

    def __str__(self) -> str:
        if self.kind == "equivalent" and self.distance is not None:
            levels = f"{self.distance.largest} level{'s' if self.distance.largest > 1 else ''}"
            return f"equivalent within {levels}: {self.reason}"
        return f"{self.kind}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Original:
    """What is to be drawn again: a record, and the picture itself where it is there."""

    record: Record
    image: Image.Image | None = None

    @property
    def lossless(self) -> bool:
        """Whether the file should hold exactly the pixels that the record tells of."""
        return not self.record.image.lossy

    @property
    def tampered(self) -> bool:
        """The picture is not the one that its record tells of."""
        return self.change is not None

    @property
    def change(self) -> Difference | None:
        """Recorded and present pixels, as their hashes; None where they agree or cannot be told."""
        if self.image is None or not self.lossless:
            return None
        recorded, here = self.record.image.sha256, pixels_sha256(self.image)
        return Difference("image", "sha256", recorded, here) if recorded != here else None


def recorded_model(record: Record, place: str | None, lora_dirs: Sequence[Path] = ()) -> LocalModel:
    """The model that `record` names, and what was added to it, where they are on this machine.

    Args:
        record: It may only name a model; a path in it would not be followed.
        place: A folder or name that the user gave for it; None looks the recorded name up.
        lora_dirs: Where the user keeps LoRAs.

    Raises:
        ModelError: One of them is not here.
    """
    hashes = {f"{one.kind} {one.name}": one.sha256 for one in record.added}
    model = _recorded_alone(record, place)
    return with_added_files(model, record.settings, Search(lora_dirs, hashes))[0]


def _recorded_alone(record: Record, place: str | None) -> LocalModel:
    name = place or record.settings.model
    if place is None and not is_bare_name(name):
        raise ModelError(f"the record names {name!r}, which is not a model's name")
    try:
        return find_model(name)
    except ModelError as error:
        if place is not None:
            raise
        raise ModelError(
            f"the model {name!r} of this record is not here: {error}",
            hint="say where it is: --model FOLDER; its files are compared with the record",
        ) from error


def changed_weights(record: Record, model: LocalModel) -> list[str]:
    """The files of `model` that are not the recorded ones; empty when it is the same model."""
    return [change.name for change in _changed_files(record, model)]


def _changed_files(record: Record, model: LocalModel) -> list[Difference]:
    recorded, here = dict(record.model.files), model.hashes()
    recorded |= {f"{one.kind} {one.name}": one.sha256 for one in record.added}
    here |= {one.key: one.sha256 for one in model.added}
    return [
        Difference("model", name, recorded.get(name), here.get(name))
        for name in sorted({*here, *recorded})
        if here.get(name) != recorded.get(name)
    ]


def check(original: Original, model: LocalModel) -> Verdict | None:
    """What can be told without drawing; None when nothing speaks against the picture."""
    if change := original.change:
        reason = "the picture was changed after it was drawn"
        return Verdict("different", reason, differences=(change,))
    changed = _changed_files(original.record, model)
    if changed:
        shown = ", ".join(one.name for one in changed[:3])
        more = f" and {len(changed) - 3} more" if changed[3:] else ""
        return Verdict(
            "different",
            f"the model has other files than it had: {shown}{more} "
            f"(if the right one lies elsewhere: {_where(changed)} FOLDER)",
            differences=tuple(changed),
        )
    return None


def _where(changed: Sequence[Difference]) -> str:
    is_added = all(one.name.startswith(KINDS) for one in changed)
    return "--lora-dir" if is_added else "--model"


def check_only(original: Original, model: LocalModel) -> Verdict:
    """The verdict without drawing; it never says that the picture would come out again."""
    if known := check(original, model):
        return known
    agree = "record and model files agree"
    if original.image is None:
        return Verdict("unchecked", f"{agree}; the picture is not here (nothing drawn)")
    if not original.lossless:
        return Verdict("unchecked", f"{agree}; the file is lossy (nothing drawn)")
    return Verdict("unchecked", f"picture, {agree} (nothing drawn)")


def open_like(record: Record, device: str) -> ImageGenerator:
    """The generator to draw `record` again with.

    Args:
        record: Says which kind of device drew.
        device: What the user chose; auto takes the CPU where the CPU drew, though there is a GPU,
            since only it gives the same pixels.

    Raises:
        InputError: There is no such device here.
    """
    is_cpus = device == "auto" and record.environment.get("device") == "cpu"
    return engine.open_generator("cpu" if is_cpus else device)


def redraw(
    original: Original,
    model: LocalModel,
    generator: ImageGenerator,
    *,
    tolerance: int = DEFAULT_TOLERANCE,
    on_step: OnStep = no_progress,
    tell: Tell = tell_nobody,
) -> tuple[Drawing, Verdict]:
    """Draw the recorded picture again and compare.

    A number format that this device cannot do is replaced by its own, and the verdict says so.

    Raises:
        InputError: The model cannot draw what the record says; nobody drew that with it.
    """
    record = original.record
    check_drawable(record.settings, model)
    drawing = draw_like(record, record.settings, model, generator, on_step=on_step, tell=tell)
    return drawing, judge(original, drawing, tolerance)


def draw_like(
    record: Record,
    settings: Settings,
    model: LocalModel,
    generator: ImageGenerator,
    *,
    on_step: OnStep = no_progress,
    tell: Tell = tell_nobody,
) -> Drawing:
    """Draw `settings` in the way that `record` tells of.

    In a call of as many images, in the same slot, with the recorded threads and switches. What
    cannot be had here is as it is here, and the new record says so; afterwards all is as before.
    On another kind of device no slot gives the same pixels, and the picture is drawn alone.

    Raises:
        SdgenError: The picture could not be drawn.
    """
    filled = {record.batch.slot: settings}
    [outcome] = draw_call(filled, record, model, generator, on_step=on_step, tell=tell)
    if isinstance(outcome, SdgenError):
        raise outcome
    return outcome


def draw_call(
    filled: Mapping[int, Settings],
    record: Record,
    model: LocalModel,
    generator: ImageGenerator,
    *,
    on_step: OnStep = no_progress,
    tell: Tell = tell_nobody,
) -> list[Drawing | SdgenError]:
    """Draw several pictures in one call in the way that `record` tells of, as `draw_like` does.

    `filled` is slot → picture in the order of the slots, all of one `engine.shape_key`. The record
    is that of one of them; size of the call and environment of the others must be the same. Each
    has its outcome, in the same order: the picture, or why there is none.

    Raises:
        SdgenError: None of them could be drawn.
    """
    with generator.restored(record.environment):
        ready = {slot: _feasible(settings, generator) for slot, settings in filled.items()}
        calls: list[Slots] = [[one] for one in ready.values()]
        if _is_kind(generator, record):
            calls = [[ready.get(slot) for slot in range(record.batch.size)]]
        drawn = (generator.generate_batch(slots, model, on_step, tell) for slots in calls)
        return list(chain.from_iterable(drawn))


def _feasible(settings: Settings, generator: ImageGenerator) -> Settings:
    """`settings`, in float32 where the device cannot do their number format: near to them all.

    And with a GPU's noise imitated where there is none.
    """
    try:
        generator.check_dtype(settings.dtype)
    except InputError:
        settings = settings.model_copy(update={"dtype": "float32"})
    try:
        generator.check_rng(settings.rng)
    except InputError:
        return settings.model_copy(update={"rng": "nv"})
    return settings


def _is_kind(generator: ImageGenerator, record: Record) -> bool:
    """Whether the kind of device that drew `record` draws now; where it does not say: yes."""
    kind = record.environment.get("device")
    return kind is None or generator.device.startswith(str(kind))


def judge(original: Original, drawing: Drawing, tolerance: int) -> Verdict:
    """Compare a new drawing with the recorded picture."""
    found = tuple(
        one for one in differences(original.record, drawing.record) if one.part != "model"
    )
    if drawing.record.image.sha256 == original.record.image.sha256:
        shown = None if original.lossless else original.image
        quality = original.record.image.quality
        if shown is not None and (how := unlike_lossy(shown, drawing.image, quality)):
            changed = f"the picture was changed after it was drawn: {how}"
            return Verdict("different", changed, differences=found)
        return Verdict("identical", "every pixel is the same", differences=found)
    reason = _why(found)
    if original.image is None or original.image.size != drawing.image.size:
        missing = f"{reason}; the picture is not here, so not how far"
        return Verdict("different", missing, differences=found)
    distance = compare_pixels(original.image, drawing.image)
    if original.lossless and distance.largest <= tolerance:
        return Verdict("equivalent", reason, distance, found)
    lossy = "" if original.lossless else "; the file is lossy, which adds to it"
    return Verdict("different", f"{distance}: {reason}{lossy}", distance, found)


def _why(found: Sequence[Difference]) -> str:
    """What differs, where both records say something: a CPU has no CUDA version to compare."""
    said = [str(one) for one in found if one.is_said]
    return ", ".join(said) or "nothing recorded differs; the cause is outside the record"
