"""FreeU as a setting: `B1,B2,S1,S2`, how the UNet's decoder weighs what it sums up.

Source: Si et al. 2023, FreeU: Free Lunch in Diffusion U-Net (arXiv 2309.11497). b1 and b2 multiply
the backbone's features in the two deepest stages, s1 and s2 the low frequencies of what skips
past it.
"""

from dataclasses import astuple, dataclass
from typing import Any

MOST = 10.0

_FORM = "must be four numbers B1,B2,S1,S2 above 0, up to 10, such as 1.2,1.4,0.9,0.2"


@dataclass(frozen=True, slots=True)
class FreeU:
    """The four factors; 1 changes nothing."""

    b1: float
    b2: float
    s1: float
    s2: float

    def __str__(self) -> str:
        return ",".join(f"{factor:g}" for factor in astuple(self))


def parse_freeu(text: str) -> FreeU | None:
    """Read `1.2,1.4,0.9,0.2`; None for the empty text.

    Raises:
        ValueError: It is nothing of the kind; the message goes on after the setting's name.
    """
    if not text.strip():
        return None
    try:
        factors = [float(word) for word in text.split(",")]
    except ValueError:
        factors = []
    if len(factors) != 4 or not all(0 < factor <= MOST for factor in factors):
        raise ValueError(f"{_FORM}, not {text!r}")
    return FreeU(*factors)


def read_freeu(value: Any) -> str:
    """The setting in its one form, from text or a list of four numbers.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        raise ValueError(f"{_FORM}, not {value!r}")
    return str(parse_freeu(value) or "")
