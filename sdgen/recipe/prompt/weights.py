r"""A1111's emphasis: `(x)` 1.1 times, `[x]` divided by 1.1, `(x:1.3)`, `\(` a bracket, `BREAK`.

The rules are those of that program's attention parser, also for what nobody writes on purpose: a
bracket that is never closed reaches to the end, one that was never opened is text, and a backslash
before anything but a bracket or a backslash is dropped. Two differ: `BREAK` ends a chunk inside of
brackets too (there it is painted as a word), and a weight that is no number (`(x:1.2.3)`) is text
(there it ends the program).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from sdgen.recipe.prompt.loras import TAG

PER_BRACKET = 1.1

_TOKEN = re.compile(
    r"\\[()\[\]\\]|\\|[()\[\]]|:\s*(?P<weight>[+-]?[.\d]+)\s*\)|[^\\()\[\]:]+|:", re.DOTALL
)
_BREAK = re.compile(r"\bBREAK\b")
_AND = re.compile(r"\bAND\b")
_SPECIAL = re.compile(r"[()\[\]\\]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, its brackets and escapes gone, and how much it weighs; 1 is plain."""

    text: str
    weight: float = 1.0


Sections = tuple[tuple[Span, ...], ...]
"""A prompt: what stands between its `BREAK`s, at least one section, any of which may be empty."""


def parse(prompt: str) -> Sections:
    """Read a prompt in A1111's syntax; any text can be read. LoRA tags are left out."""
    reader = _Reader()
    for token in _TOKEN.finditer(TAG.sub("", prompt)):
        reader.take(token[0], token["weight"])
    reader.close_all()
    return reader.sections()


def text_of(sections: Sections) -> str:
    """The words of a prompt without weights, brackets and BREAKs."""
    return " ".join("".join(span.text for span in section) for section in sections)


def escaped(text: str) -> str:
    """`text` written so that `parse` gives it back as one span that weighs 1.

    In A1111 too, which joins prompts at the word AND.
    """
    plain = _SPECIAL.sub(r"\\\g<0>", text).replace("BREAK", r"BR\EAK")
    plain = _AND.sub(r"A\\ND", plain)
    return TAG.sub(lambda tag: f"<\\{tag[0][1:]}", plain)


def written(sections: Sections) -> str:
    """A prompt that reads as `sections`."""
    return " BREAK ".join("".join(map(_written, section)) for section in sections)


def _written(span: Span) -> str:
    text = escaped(span.text)
    return text if span.weight == 1 else f"({text}:{Decimal(repr(span.weight)):f})"


@dataclass(slots=True)
class _Piece:
    text: str | None
    """None is a BREAK."""
    weight: float = 1.0


class _Reader:
    """Collects pieces; a closing bracket weighs all pieces since the one that it closes."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._open: dict[str, list[int]] = {"(": [], "[": []}

    def take(self, token: str, weight: str | None) -> None:
        """Read one token; `weight` is the number in one such as `:1.3)`."""
        number = _number(weight)
        if token in self._open:
            self._open[token].append(len(self._pieces))
        elif token[0] == "\\":
            self._pieces.append(_Piece(token[1:]))
        elif token[-1] == ")" and self._open["("]:
            if weight is not None and number is None:
                self._pieces.append(_Piece(token[:-1]))
            self._weigh("(", PER_BRACKET if number is None else number)
        elif token == "]" and self._open["["]:
            self._weigh("[", 1 / PER_BRACKET)
        else:
            self._add_text(token)

    def close_all(self) -> None:
        """Brackets that were never closed reach to the end."""
        for bracket, factor in (("(", PER_BRACKET), ("[", 1 / PER_BRACKET)):
            while self._open[bracket]:
                self._weigh(bracket, factor)

    def sections(self) -> Sections:
        """The pieces between the BREAKs, neighbours of one weight joined."""
        sections: list[list[_Piece]] = [[]]
        for piece in self._pieces:
            if piece.text is None:
                sections.append([])
            elif piece.text:
                sections[-1].append(piece)
        return tuple(tuple(_joined(section)) for section in sections)

    def _weigh(self, bracket: str, factor: float) -> None:
        for piece in self._pieces[self._open[bracket].pop() :]:
            piece.weight *= factor

    def _add_text(self, text: str) -> None:
        """A BREAK takes the space around it along."""
        *before, last = _BREAK.split(text)
        for number, part in enumerate(before):
            self._pieces += [_Piece((part.lstrip() if number else part).rstrip()), _Piece(None)]
        self._pieces.append(_Piece(last.lstrip() if before else last))


def _number(text: str | None) -> float | None:
    """The weight that `text` says; None where it says none."""
    try:
        return None if text is None else float(text)
    except ValueError:  # 1.2.3, or dots alone
        return None


def _joined(pieces: Iterable[_Piece]) -> Sequence[Span]:
    equal = groupby(pieces, key=lambda piece: piece.weight)
    return [Span("".join(piece.text or "" for piece in run), weight) for weight, run in equal]
