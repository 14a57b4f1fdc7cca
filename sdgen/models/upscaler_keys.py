"""Which network an upscaler's file holds, told from the names and shapes of its tensors alone.

Two architectures are read, which are nearly all that people share. RRDBNet is ESRGAN's (Wang et
al. 2018, "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks") and, behind a pixel
unshuffle where it enlarges less than four times, Real-ESRGAN's (Wang et al. 2021). The compact one
is Real-ESRGAN's small network for video. RRDBNet's tensors have three sets of names, by the age of
the code that trained it; here they get the latest, Real-ESRGAN's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Literal

from sdgen.models.weights import Tensor

_PREFIX = re.compile(r"^(params_ema\.|params\.|module\.)+")

_NAMES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"model\.0\.", "conv_first."),
        (r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3."),
        (r"model\.1\.sub\.\d+\.(?=weight|bias)", "conv_body."),
        (r"RRDB_trunk\.(\d+)\.RDB(\d)\.", r"body.\1.rdb\2."),
        (r"trunk_conv\.", "conv_body."),
        (r"upconv(\d)\.", r"conv_up\1."),
        (r"HRconv\.", "conv_hr."),
    )
)
"""What older code calls a layer → what the newest calls it."""

_AFTER_BODY = re.compile(r"model\.(\d+)\.(weight|bias)$")
"""Layers behind the body have numbers in the oldest code, activations and enlargements counted."""

MOST_SCALE = 8
MOST_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Network:
    """What must be known to build the network, beside its weights.

    Attributes:
        kind: `rrdb` or `compact`.
        scale: Times as wide and high is what comes out.
        unshuffle: So many pixels in a row become channels before the first layer; 1 is none.
        channels: Of the features.
        growth: Channels that each layer of a dense block adds; 0 in a compact one.
        blocks: Residual blocks, or layers between the first and the last of a compact one.
        names: The file's name of a tensor → the network's.
    """

    kind: Literal["rrdb", "compact"]
    scale: int
    unshuffle: int
    channels: int
    growth: int
    blocks: int
    names: Mapping[str, str]


def network_of(tensors: Mapping[str, Tensor]) -> Network | None:
    """The network that holds tensors of these names and shapes; None where none is known."""
    plain = {name: _PREFIX.sub("", name) for name in tensors}
    shapes = {plain[name]: tensor.shape for name, tensor in tensors.items()}
    found = _compact(shapes, plain) if "body.1.weight" in shapes else _rrdb(shapes, plain)
    is_sound = found and 1 <= found.scale <= MOST_SCALE and 1 <= found.blocks <= MOST_BLOCKS
    return found if is_sound else None


def _compact(shapes: Mapping[str, tuple[int, ...]], plain: Mapping[str, str]) -> Network | None:
    """A chain `body`: convolutions at even places, a slope for each channel at odd ones."""
    places = sorted(int(name.split(".")[1]) for name in shapes if name.endswith(".weight"))
    if places != list(range(len(places))) or not all(n.startswith("body.") for n in shapes):
        return None
    first, last = shapes["body.0.weight"], shapes[f"body.{places[-1]}.weight"]
    if len(first) != 4 or len(last) != 4 or first[1] != 3 or len(shapes["body.1.weight"]) != 1:
        return None
    scale = isqrt(last[0] // 3)
    if 3 * scale * scale != last[0]:
        return None
    return Network("compact", scale, 1, first[0], 0, (len(places) - 3) // 2, plain)


def _rrdb(shapes: Mapping[str, tuple[int, ...]], plain: Mapping[str, str]) -> Network | None:
    behind = sorted({int(match[1]) for name in shapes if (match := _AFTER_BODY.match(name))} - {0})
    names = {name: _newest(own, behind) for name, own in plain.items()}
    shapes = {_newest(own, behind): shape for own, shape in shapes.items()}
    first, grown = shapes.get("conv_first.weight"), shapes.get("body.0.rdb1.conv1.weight")
    if first is None or grown is None or len(first) != 4 or len(grown) != 4:
        return None
    unshuffle = isqrt(first[1] // 3)
    ups = len({name for name in shapes if re.fullmatch(r"conv_up\d\.weight", name)})
    if 3 * unshuffle * unshuffle != first[1] or 2**ups % unshuffle:
        return None
    blocks = 1 + max(_blocks(shapes), default=-1)
    return Network("rrdb", 2**ups // unshuffle, unshuffle, first[0], grown[0], blocks, names)


def _blocks(names: Iterable[str]) -> list[int]:
    return [int(match[1]) for name in names if (match := re.match(r"body\.(\d{1,4})\.", name))]


def _newest(name: str, behind: list[int]) -> str:
    """`name` as the newest code calls it; `behind` are the numbers of the layers behind the body.

    Those are the enlargements' layers, then `conv_hr` and `conv_last`.
    """
    if (match := _AFTER_BODY.match(name)) and int(match[1]):
        at, last = behind.index(int(match[1])), len(behind)
        layer = {last - 2: "conv_hr", last - 1: "conv_last"}.get(at, f"conv_up{at + 1}")
        return f"{layer}.{match[2]}"
    for pattern, newer in _NAMES:
        found, count = pattern.subn(newer, name, count=1)
        if count and pattern.match(name):
            return found
    return name
