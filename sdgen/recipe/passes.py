"""Which steps are drawn: all from noise, or the last ones over a picture, perhaps in two passes."""

from sdgen.errors import InputError
from sdgen.recipe.outpaint import margins_of
from sdgen.recipe.pixels import parse_size
from sdgen.recipe.post import enlarged_size, parse_post
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size, SizeRule, check_size

MAX_PIXELS_AFTER = 89_478_485
"""Of a finished picture: what Pillow, and so sdgen, reads without asking."""


def steps_over(steps: int, strength: float) -> int:
    """How many of `steps`, the last ones, are drawn over a picture; rounded down, as diffusers."""
    return min(int(steps * strength), steps)


def has_second_pass(settings: Settings) -> bool:
    """Whether the drawn picture is enlarged and drawn over."""
    return settings.hires_scale is not None or settings.hires_size is not None


def hires_size(settings: Settings) -> Size:
    """Width and height of the second pass; those of the first where there is none.

    Raises:
        InputError: They are no whole pixels.
    """
    if settings.hires_size is not None:
        return parse_size(settings.hires_size)
    scale = settings.hires_scale or 1.0
    sides = (settings.width * scale, settings.height * scale)
    if any(side != int(side) for side in sides):
        size = f"{settings.width}x{settings.height}"
        raise InputError(f"hires_scale {scale:g} makes {size} no whole pixels")
    return int(sides[0]), int(sides[1])


def hires_steps(settings: Settings) -> int:
    """Steps of the second pass, of which `hires_strength` are drawn."""
    return settings.hires_steps or settings.steps


def steps_drawn_over(settings: Settings) -> int:
    """The steps that the second pass draws."""
    return steps_over(hires_steps(settings), settings.hires_strength or 0)


def steps_drawn(settings: Settings) -> int:
    """Steps of both passes; some schedulers look twice in a step."""
    first = settings.steps
    if settings.strength is not None:
        first = steps_over(first, settings.strength)
    if not has_second_pass(settings):
        return first
    return first + steps_drawn_over(settings)


def check_passes(settings: Settings, rule: SizeRule, *, model: str) -> None:
    """Refuse passes that draw nothing, or a size that cannot be drawn or read again.

    Raises:
        InputError: So it is.
    """
    _check_margins(settings)
    is_only_second = settings.strength == 0 and has_second_pass(settings)
    if settings.strength is not None and not is_only_second:
        _check_steps("strength", settings.strength, settings.steps)
    _check_upscaler(settings)
    if has_second_pass(settings):
        _check_second(settings, rule, model=model)
    check_after(settings)


def check_after(settings: Settings) -> None:
    """Refuse a finished picture that is too large to be read again.

    Raises:
        InputError: So it is.
    """
    check_size_after(enlarged_size(hires_size(settings), settings.post))


def check_size_after(size: Size) -> None:
    """Refuse a size that is too large to be read again.

    Raises:
        InputError: So it is.
    """
    width, height = size
    if width * height > MAX_PIXELS_AFTER:
        raise InputError(f"post makes {width}x{height} pixels, more than are read again")


def _check_second(settings: Settings, rule: SizeRule, *, model: str) -> None:
    said = "hires_scale" if settings.hires_size is None else "hires_size"
    if settings.mask is not None or settings.extend is not None:
        raise InputError(
            f"{said} cannot stand beside mask or extend",
            hint="sdgen upscale enlarges the picture afterwards",
        )
    if None not in (settings.hires_scale, settings.hires_size):
        raise InputError(f"hires_size {settings.hires_size} cannot stand beside hires_scale")
    first, second = (settings.width, settings.height), hires_size(settings)
    if any(large < small for small, large in zip(first, second, strict=True)):
        raise InputError(
            f"hires_size {settings.hires_size} is smaller than the {first[0]}x{first[1]} before it"
        )
    assert settings.hires_strength is not None  # a setting's own rule
    _check_steps("hires_strength", settings.hires_strength, hires_steps(settings))
    check_size(hires_size(settings), SizeRule(rule.multiple, longest=rule.longest), model=model)


def _check_upscaler(settings: Settings) -> None:
    """Refuse an enlargement by a network without one, and a network that enlarges nothing."""
    is_step = any(step.name == "esrgan" for step in map(parse_post, settings.post))
    is_between = settings.hires_upscaler == "esrgan"
    if (is_step or is_between) and not settings.upscaler:
        said = "post esrgan" if is_step else "hires_upscaler esrgan"
        raise InputError(f"{said} needs an upscaler", hint="--upscaler FILE.safetensors")
    if settings.upscaler and not (is_step or is_between):
        raise InputError(
            "upscaler does nothing alone",
            hint="--post esrgan=2, or --hires-scale 2 --hires-upscaler esrgan",
        )


def _check_steps(name: str, strength: float, steps: int) -> None:
    if not steps_over(steps, strength):
        raise InputError(
            f"{name} {strength:g} of {steps} steps leaves none to draw",
            hint=f"at least {1 / steps:.3g}, or more steps",
        )


def _check_margins(settings: Settings) -> None:
    margins, size = margins_of(settings.extend), (settings.width, settings.height)
    inner = (size[0] - margins.left - margins.right, size[1] - margins.top - margins.bottom)
    if min(inner) < 8:
        raise InputError(f"extend {margins} leaves no room for the image in {size[0]}x{size[1]}")
