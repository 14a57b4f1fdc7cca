"""Drawing again from a record: the model that it names, and its picture in the way it tells of."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from sdgen import engine
from sdgen.engine import Drawing, ImageGenerator, OnStep, Slots, Tell, no_progress, tell_nobody
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.metadata.record import Record
from sdgen.models import LocalModel, find_model
from sdgen.models.added import with_added_files
from sdgen.models.finding import Search
from sdgen.models.from_hub import find_referred
from sdgen.models.hub import pinned_reference
from sdgen.models.local import is_bare_name
from sdgen.models.lora_on_hub import places_on_hub
from sdgen.models.resolve import check_drawable
from sdgen.models.single_file import as_recorded, find_recorded, recorded_file
from sdgen.recipe.settings import Settings
from sdgen.verdict import DEFAULT_TOLERANCE, Original, Verdict, judge


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
    search = Search(lora_dirs, hashes, places_on_hub(record.added))
    return with_added_files(model, record.settings, search)[0]


def _recorded_alone(record: Record, place: str | None) -> LocalModel:
    name = place or record.settings.model
    if place is None and record.model.repository:
        said = record.model
        pinned = (said.repository, said.revision, said.files)
        return find_referred(pinned_reference("record", name, *pinned))
    if place is None and not is_bare_name(name):
        raise ModelError(f"the record names {name!r}, which is not a model's name")
    files = record.model.files
    found = None if place else find_recorded(name, files)
    try:
        return as_recorded(found or find_model(name), files)
    except ModelError as error:
        if place is not None:
            raise
        raise ModelError(
            f"the model {name!r} of this record is not here: {error}",
            hint=f"say where it is: --model {'FILE' if recorded_file(files) else 'FOLDER'}; "
            "its files are compared with the record",
        ) from error


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
