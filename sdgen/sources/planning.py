"""From the pictures that somebody named to settings: found, judged by size, named by content."""

from dataclasses import replace
from pathlib import Path

from sdgen.errors import InputError
from sdgen.recipe.layers import DEFAULTS, Resolved
from sdgen.recipe.outpaint import margins_of
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size, SizeRule, check_size, nearest_size
from sdgen.sources.store import Role, Source, find_source, is_reference, source_named

GUIDES: tuple[Role, ...] = ("control_image", "ip_adapter_image")
"""Pictures that are no part of the drawn one: any size will do."""

FIT = "--fit crop, pad or stretch brings it to size"


def with_sources(found: Resolved, rule: SizeRule, *, model: str, own: str) -> Resolved:
    """`found` with its pictures named by their content, and the size that they ask for.

    A picture is drawn in its own size unless somebody says another, and then has to have it, or to
    be brought to it by `fit`.

    Args:
        found: Pictures are paths, or names of content that was found before.
        rule: Of the model.
        model: Its name.
        own: The place that gives the model's own settings.

    Raises:
        InputError: A picture cannot be read, or does not have the size.
    """
    found = _with_guides(found)
    settings = found.settings
    if settings.image is None:
        return _shaped_by_guide(found, rule, own)
    image = _find(settings.image, "image", found)
    update: dict[str, object] = {"image": image.reference}
    if settings.mask is not None:
        mask = _find(settings.mask, "mask", found)
        _check_mask(mask, image)
        update["mask"] = mask.reference
    natural = _natural(image, settings)
    size = (settings.width, settings.height)
    if not _is_size_said(found, own):
        size = _size_for(natural, settings, rule, image, model)
        found = _sized_by(f"the size of {image.name}", found)
    elif natural != size and settings.fit is None:
        raise InputError(
            f"{image.name} asks for {_said(natural)}, not {_said(size)}",
            hint=f"{FIT}; without --size it has its own",
        )
    update |= {"width": size[0], "height": size[1]}
    return replace(found, settings=settings.model_copy(update=update))


def _is_size_said(found: Resolved, own: str) -> bool:
    return any(found.sources[name] not in (DEFAULTS, own) for name in ("width", "height"))


def _sized_by(place: str, found: Resolved) -> Resolved:
    return replace(found, sources={**found.sources, "width": place, "height": place})


def _with_guides(found: Resolved) -> Resolved:
    """`found` with the pictures that steer it, or that it looks at, named by their content."""
    update: dict[str, tuple[str, ...]] = {}
    for role in GUIDES:
        said: tuple[str, ...] = getattr(found.settings, role)
        if said:
            update[role] = tuple(_find(one, role, found).reference for one in said)
    if not update:
        return found
    return replace(found, settings=found.settings.model_copy(update=update))


def _shaped_by_guide(found: Resolved, rule: SizeRule, own: str) -> Resolved:
    """`found` in the shape of the picture that steers it, where nobody says a size."""
    settings = found.settings
    if not settings.control_image or _is_size_said(found, own):
        return found
    guide = source_named(settings.control_image[0])
    width, height = nearest_size(guide.size, rule, (settings.width, settings.height))
    update = {"width": width, "height": height}
    found = replace(found, settings=settings.model_copy(update=update))
    return _sized_by(f"the shape of {guide.name}", found)


def _find(said: str, role: Role, found: Resolved) -> Source:
    try:
        return (
            source_named(said) if is_reference(said) else find_source(Path(said).expanduser(), role)
        )
    except InputError as error:
        raise InputError(f"{role} ({found.sources[role]}) {error}", hint=error.hint) from error


def _check_mask(mask: Source, image: Source) -> None:
    if mask.size != image.size:
        raise InputError(
            f"the mask {mask.name} is {_said(mask.size)}, and {image.name} {_said(image.size)}",
            hint="both must have one size",
        )


def _natural(image: Source, settings: Settings) -> Size:
    """The size that the picture asks for: its own, with what is added at its edges."""
    margins = margins_of(settings.extend)
    width, height = image.size
    return width + margins.left + margins.right, height + margins.top + margins.bottom


def _size_for(natural: Size, settings: Settings, rule: SizeRule, image: Source, model: str) -> Size:
    if settings.fit is not None:
        return nearest_size(natural, rule, (settings.width, settings.height))
    try:
        check_size(natural, rule, model=model)
    except InputError as error:
        raise InputError(f"{image.name} asks for {_said(natural)}: {error}", hint=FIT) from None
    return natural


def _said(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
