"""Styles: words that are put around a prompt, as A1111's `styles.csv` has them."""

from collections.abc import Iterable
from dataclasses import dataclass

PLACE = "{prompt}"


@dataclass(frozen=True, slots=True)
class Style:
    """Where `{prompt}` stands the person's own words go; without it the style goes behind them."""

    name: str
    prompt: str = ""
    negative_prompt: str = ""


def with_styles(text: str, words: Iterable[str]) -> str:
    """`text` with the words of each style, one after the other."""
    for own in words:
        if PLACE in own:
            text = own.replace(PLACE, text)
        elif own.strip():
            text = f"{text}, {own}" if text.strip() else own
    return text
