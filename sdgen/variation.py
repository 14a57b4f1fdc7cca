"""Drawing a recorded picture with changes, and telling its record where it came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from PIL import Image

from sdgen import engine
from sdgen.engine import Drawing
from sdgen.errors import InputError
from sdgen.metadata.record import ParentRecord, Record, now, pixels_of, pixels_sha256
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile, Search
from sdgen.models.lora_on_hub import places_on_hub
from sdgen.models.resolve import Plan, drawn_seed, plan, reworded
from sdgen.models.upscaler import recorded_as
from sdgen.recipe.layers import Layer
from sdgen.recipe.passes import check_after
from sdgen.recipe.post import enlarged_size
from sdgen.recipe.prompt.wording import Written
from sdgen.recipe.settings import Settings


def vary(
    record: Record, flags: Layer, model: LocalModel, lora_dirs: Sequence[Path] = ()
) -> tuple[Plan, Written | None]:
    """The plan of a variation: what the record says, under what the user changed.

    Choices are made in prompts that the user changed; the record's were made already.

    Args:
        record: Of the parent.
        flags: The changes.
        model: From `recorded_model`.
        lora_dirs: Where the user keeps LoRAs.

    Raises:
        InputError: A changed value is wrong.
        ModelError: A LoRA is not here.
    """
    recorded = Layer("record", record.settings.model_dump(exclude_none=True))
    layers = [drawn_seed(), recorded, flags]
    search = Search(lora_dirs, on_hub=places_on_hub(record.added))
    planned = plan(layers, find=lambda _: model, search=search)
    return reworded(planned, flags.values)


def with_parent(drawing: Drawing, parent: Record) -> Drawing:
    """`drawing` as a variation of `parent`; its record tells the parent and what changed."""
    before, after = parent.settings.model_dump(), drawing.record.settings.model_dump()
    changed: dict[str, Any] = {k: v for k, v in before.items() if v != after[k]}
    lineage = ParentRecord(pixels_sha256=parent.image.sha256, changed=changed)
    return Drawing(drawing.image, drawing.record.model_copy(update={"parent": lineage}))


Method = Literal["lanczos", "esrgan", "latent", "redraw"]
"""How a picture is enlarged: its pixels, or drawn over after its latents or pixels were."""

METHODS: tuple[Method, ...] = get_args(Method)

_OF_THIS_PICTURE = {
    "image", "strength", "fit", "mask", "mask_blur", "extend", "width", "height", "post",
    "hires_scale", "hires_size", "hires_strength", "hires_steps", "hires_upscaler", "upscaler",
    "controlnet", "control_image", "control_prepare", "control_mode", "control_fit",
    "ip_adapter", "ip_adapter_image", "image_encoder",
}  # fmt: skip
"""Settings that made the picture what it is, and are not meant for one that is drawn over it."""


def enlarged(image: Image.Image, record: Record, scale: float) -> Drawing:
    """The recorded picture so many times as large by Lanczos: a step more after the drawing.

    Raises:
        InputError: These are not the recorded pixels, or there would be too many.
    """
    _check_recorded(image, record)
    settings = _with_step(record.settings, f"enlarge={scale:g}")
    size = enlarged_size(image.size, settings.post[-1:])
    larger = image.resize(size, Image.Resampling.LANCZOS)
    return _enlarged(larger, record, {"settings": settings})


def enlarged_by(
    file: AddedFile, image: Image.Image, record: Record, scale: float, device: str
) -> Drawing:
    """The recorded picture so many times as large by an upscaler: a step more after the drawing.

    Args:
        file: From `check_upscaler`.
        image: The picture.
        record: Its own.
        scale: Times as wide and high.
        device: Which computes; auto takes the CPU where the CPU drew, as a replay will.

    Raises:
        InputError: These are not the recorded pixels, there would be too many, or the record has
            another upscaler.
        SdgenError: The upscaler does not work.
    """
    _check_recorded(image, record)
    others = [one for one in record.added if one.kind == file.kind]
    if any(one.sha256 != file.sha256 for one in others):
        raise InputError(
            f"it was enlarged by {others[0].name}, and a record holds one upscaler",
            hint="--method redraw draws over what is there",
        )
    said = {"upscaler": file.name}
    settings = _with_step(record.settings.model_copy(update=said), f"esrgan={scale:g}")
    size = enlarged_size(image.size, settings.post[-1:])
    is_cpus = device == "auto" and record.environment.get("device") == "cpu"
    place = "cpu" if is_cpus else device
    larger, how = engine.upscale(image, file, size, place, record.environment)
    added = record.added if others else [*record.added, recorded_as(file)]
    changes = {"settings": settings, "added": added, "environment": record.environment | how}
    return _enlarged(larger, record, changes)


def _check_recorded(image: Image.Image, record: Record) -> None:
    if record.image.lossy or pixels_sha256(image) != record.image.sha256:
        kind = "holds them only nearly" if record.image.lossy else "was changed after it was drawn"
        raise InputError(
            f"the file does not have the recorded pixels: it {kind}",
            hint="--method redraw draws over what is there",
        )


def _with_step(settings: Settings, step: str) -> Settings:
    found = settings.model_copy(update={"post": (*settings.post, step)})
    check_after(found)
    return found


def _enlarged(larger: Image.Image, record: Record, changes: Mapping[str, Any]) -> Drawing:
    before = record.image.before_post or record.image.sha256
    pixels = pixels_of(larger).model_copy(update={"before_post": before})
    update = {"image": pixels, "created": now(), "job": None, **changes}
    return with_parent(Drawing(larger, record.model_copy(update=update)), record)


def plan_over(
    path: Path,
    record: Record | None,
    flags: Layer,
    scale: float,
    upscaler: str,
    weights: str = "",
    find: Callable[[str], LocalModel] | None = None,
    lora_dirs: Sequence[Path] = (),
) -> tuple[Plan, Written | None]:
    """The plan of a larger picture over the one at `path`: what its record says, under the flags.

    The picture takes the place of a first pass of which no step is drawn, and `strength` is that
    of the second.

    Args:
        path: Of the picture.
        record: Its own, if it has one.
        flags: What the user wants otherwise; without a record at least a prompt.
        scale: Times as wide and high.
        upscaler: The setting `hires_upscaler`.
        weights: The setting `upscaler`; empty is none.
        find: Finds the model.
        lora_dirs: Where the user keeps LoRAs.

    Raises:
        InputError: A value is wrong, or the model cannot draw that size.
        ModelError: The model or a LoRA is not here.
    """
    said = {name: value for name, value in flags.values.items() if name != "strength"}
    if "strength" in flags.values:
        said.setdefault("hires_strength", flags.values["strength"])
    own: dict[str, Any] = {
        "image": str(path),
        "strength": 0.0,
        "hires_scale": scale,
        "hires_upscaler": upscaler,
    }
    under = [drawn_seed(), *_as_layer(record)]
    own |= {"upscaler": weights} if weights else {}
    layers = [*under, replace(flags, values=said), Layer("flags", own)]
    search = Search(lora_dirs, on_hub=places_on_hub(record.added if record else ()))
    return reworded(plan(layers, find=find, search=search), said)


def _as_layer(record: Record | None) -> list[Layer]:
    if record is None:
        return []
    said = record.settings.model_dump(exclude_none=True, exclude=_OF_THIS_PICTURE)
    return [Layer("record", said)]
