"""A second pass and edges that meet, where a recipe has them and sdgen draws them too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sdgen.metadata.formats.facts import number, whole
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import Fidelity, FieldReport, Taken, short
from sdgen.recipe.pixels import LARGEST

_SCALE, _STEPS, _UPSCALER, _SIZE = "Hires upscale", "Hires steps", "Hires upscaler", "Hires resize"
_TILING: Mapping[str, str] = {"true": "xy", "x": "x", "y": "y"}
_SEAMLESS = ("seamless_x", "seamless_y")


def second_pass(found: Foreign) -> Taken:
    """What A1111 calls hires fix; nothing where there is none."""
    size, scale = _own_size(found), number(found.extras.get(_SCALE))
    if not has_second_pass(found):
        return Taken()
    larger: tuple[str, Any] = ("hires_size", size) if size else ("hires_scale", scale)
    is_ours = found.tool == "sdgen"
    said = found.extras.get(_UPSCALER, "")
    upscaler, how, why = _upscaler(said, is_ours=is_ours)
    rows = [
        (larger[0], larger[1], larger[1], "exact", ""),
        ("hires_upscaler", said, upscaler, how, why),
    ]
    rounded: tuple[Fidelity, str] = ("exact", "") if is_ours else ("close", "steps round otherwise")
    if found.strength is not None:
        rows.append(("hires_strength", found.strength, found.strength, *rounded))
    if steps := whole(found.extras.get(_STEPS)):
        rows.append(("hires_steps", steps, steps, "exact", ""))
    values = {name: taken for name, _, taken, _, _ in rows}
    return Taken(values, tuple(
        FieldReport(name, short(said), short(taken), how, why)
        for name, said, taken, how, why in rows
    ))  # fmt: skip


def has_second_pass(found: Foreign) -> bool:
    """Whether there is one that sdgen draws: to a size, or by a factor, that it can do."""
    if found.dialect != "a1111":
        return False
    if _has_own_size(found):
        return _own_size(found) is not None
    scale = number(found.extras.get(_SCALE))
    return scale is not None and 1 <= scale <= 4


def _has_own_size(found: Foreign) -> bool:
    return found.extras.get(_SIZE, "0x0") not in ("", "0x0")


def _own_size(found: Foreign) -> str | None:
    """The size of `Hires resize`; a side of 0 there follows from the other, rounded down."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", found.extras.get(_SIZE, ""))
    if not match or not found.width or not found.height:
        return None
    width, height = int(match[1]), int(match[2])
    width = width or height * found.width // found.height
    height = height or width * found.height // found.width
    is_larger = width >= found.width and height >= found.height
    return f"{width}x{height}" if is_larger and max(width, height) <= LARGEST else None


def _upscaler(said: str, *, is_ours: bool) -> tuple[str, Fidelity, str]:
    name = said.strip().lower()
    if is_ours and name in ("latent", "lanczos"):
        return name, "exact", ""
    if name == "latent":
        return "latent", "close", "latents are enlarged in the same way, bilinearly"
    if name.startswith("latent"):
        return "latent", "approximated", "latents are enlarged bilinearly"
    if name == "lanczos":
        return "lanczos", "close", "another program's lanczos"
    return "lanczos", "approximated", "its upscaler is not here: pixels are enlarged by lanczos"


def tiling(found: Foreign) -> Taken:
    """Edges that meet, as A1111 and InvokeAI make them."""
    said = found.extras.get("Tiling", "")
    if found.dialect == "a1111" and (kind := _TILING.get(said.lower())):
        return _tiled(said, kind, "exact")
    ways = [name for name in _SEAMLESS if found.extras.get(name, "").lower() == "true"]
    if ways:
        return _tiled(", ".join(ways), "".join(name[-1] for name in ways), "close")
    return Taken()


def _tiled(said: str, kind: str, how: Fidelity) -> Taken:
    reason = "" if how == "exact" else "as A1111 does it"
    return Taken({"tiling": kind}, (FieldReport("tiling", said, kind, how, reason),))


def without_passes(found: Foreign) -> Foreign:
    """`found` without the words that the above took."""
    taken = set(_taken(found))
    return replace(found, extras={k: v for k, v in found.extras.items() if k not in taken})


def _taken(found: Foreign) -> Iterator[str]:
    if has_second_pass(found):
        yield from (_SCALE, _SIZE, _STEPS, _UPSCALER)
    if tiling(found).values:
        yield from ("Tiling", *_SEAMLESS)
