"""A second pass and edges that meet, where a recipe has them and sdgen draws them too."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sdgen.metadata.formats.facts import number, whole
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import Fidelity, FieldReport, Taken, short

_SCALE, _STEPS, _UPSCALER, _SIZE = "Hires upscale", "Hires steps", "Hires upscaler", "Hires resize"
_TILING: Mapping[str, str] = {"true": "xy", "x": "x", "y": "y"}
_SEAMLESS = ("seamless_x", "seamless_y")


def second_pass(found: Foreign) -> Taken:
    """What A1111 calls hires fix; nothing where there is none, or one to a size of its own."""
    scale = number(found.extras.get(_SCALE))
    if not has_second_pass(found) or scale is None:
        return Taken()
    is_ours = found.tool == "sdgen"
    said = found.extras.get(_UPSCALER, "")
    upscaler, how, why = _upscaler(said, is_ours=is_ours)
    rows = [
        ("hires_scale", scale, scale, "exact", ""),
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
    """Whether there is one that sdgen draws: enlarged by a factor that it can do."""
    scale = number(found.extras.get(_SCALE))
    to_size = found.extras.get(_SIZE, "0x0") not in ("", "0x0")
    return found.dialect == "a1111" and scale is not None and 1 <= scale <= 4 and not to_size


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
        yield from (_SCALE, _STEPS, _UPSCALER)
    if tiling(found).values:
        yield from ("Tiling", *_SEAMLESS)
