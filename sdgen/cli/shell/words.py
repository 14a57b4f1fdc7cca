"""The words of the shell: which line is a command, which one a prompt."""

import difflib
import shlex
from dataclasses import dataclass

from sdgen.errors import InputError, did_you_mean, nearest
from sdgen.recipe.settings import ALIASES, canonical_name

QUOTES = ('"', "'")


@dataclass(frozen=True, slots=True)
class Word:
    """A command of the shell: how it is written, and what it does."""

    usage: str
    summary: str

    @property
    def name(self) -> str:
        return self.usage.split()[0]


WORDS = {
    word.name: word
    for word in (
        Word("draw PROMPT", "draw words that begin like a command; others need no draw"),
        Word("again [N]", "the same with another seed, N times"),
        Word("redraw", "the same seed with the settings as they are now"),
        Word("vary [N] [STRENGTH]", "N neighbours of the picture; strength 0 to 1, usually 0.2"),
        Word("more like this [N]", "N near neighbours: vary with a strength of 0.1"),
        Word("set [NAME VALUE]", "show all settings, or say one; set seed random lets the seed go"),
        Word("unset NAME ...", "take back what was said"),
        Word("size WxH", "set size"),
        Word("negative [TEXT]", "set negative_prompt; without text, none"),
        Word("model NAME", "set model"),
        Word("keep", "set seed to the picture's"),
        Word("undo", "take back what the last line changed; pictures stay"),
        Word("redo", "change it again"),
        Word("use N", "go on from picture N, with its settings"),
        Word("back [N]", "go on from the picture N before this one"),
        Word("history", "the pictures of this session"),
        Word("show", "what made the picture"),
        Word("open", "where the picture is"),
        Word("save NAME", "write the settings as a config that --config reads"),
        Word("load NAME|FILE", "say what a config says"),
        Word("help [COMMAND]", "this"),
        Word("quit", "end; so does Ctrl-D"),
    )
}

ALSO = {"exit": "quit", "?": "help"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was typed: its command, and the rest; a prompt is the rest of `draw`."""

    word: str
    rest: str
    text: str

    @property
    def as_prompt(self) -> str:
        """How its words are drawn, as a hint."""
        return f"to draw these words: draw {self.text}"

    def unread(self, wanted: str) -> InputError:
        """The rest of the line is not what the command takes."""
        return InputError(f"{self.word} takes {wanted}, not {self.rest!r}", hint=self.as_prompt)

    def nothing(self) -> None:
        """Refuse a rest where the command takes none."""
        if self.rest:
            raise self.unread("nothing behind it")


def read_line(text: str) -> Line | None:
    """What a line means; None where it is empty, or a comment.

    Raises:
        InputError: One word that is a slip of a command's.
    """
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    if len(text) > 2 and text[0] in QUOTES and text[-1] == text[0]:
        return Line("draw", text[1:-1], text)
    first, _, rest = text.partition(" ")
    word = ALSO.get(first, first)
    if word in WORDS:
        return Line(word, rest.strip(), text)
    _refuse_slip(text)
    return Line("draw", text, text)


def _refuse_slip(text: str) -> None:
    """`undoo` alone must not be drawn."""
    close = nearest(text, [*WORDS, *ALSO], most=1) if text.isascii() and text.isalpha() else []
    if close and difflib.SequenceMatcher(None, text.casefold(), close[0]).ratio() >= 0.8:
        raise InputError(
            f"no command {text!r}", hint=f"did you mean {close[0]}? To draw it: draw {text}"
        )


def pairs(line: Line) -> dict[str, str]:
    """The settings in `set NAME VALUE` or `set NAME=VALUE NAME=VALUE`, as text.

    Raises:
        InputError: There is a name without a value.
    """
    name, _, value = line.rest.partition(" ")
    if "=" not in name:
        if not value.strip():
            raise InputError(f"set {name} lacks a value", hint=f"to take it back: unset {name}")
        return {name: value.strip()}
    try:
        parts = shlex.split(line.rest)
    except ValueError:
        raise line.unread("NAME=VALUE, with a quote at both ends of a text") from None
    if not all("=" in part for part in parts):
        raise line.unread("NAME VALUE, or NAME=VALUE several times")
    return dict(part.split("=", 1) for part in parts)


def whole_number(line: Line, text: str, default: int, most: int = 1000) -> int:
    """`text` as a number from 1 to `most`; `default` where it is empty.

    Raises:
        InputError: It is none.
    """
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise line.unread(f"a number from 1 to {most}")
    return int(text)


def share(line: Line, text: str, default: float) -> float:
    """`text` as a number above 0, up to 1; `default` where it is empty.

    Raises:
        InputError: It is none.
    """
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1
    if not 0 < value <= 1:
        raise line.unread("a number, and a strength above 0 and up to 1")
    return value


def is_free_seed(key: str, value: str) -> bool:
    """Whether it says that each picture has a seed of its own, as where nobody says any."""
    return canonical_name(key) == "seed" and value.casefold() in ("random", "-1")


def names_of(word: str) -> tuple[str, ...]:
    """The settings that a word to `unset` means.

    Raises:
        InputError: There is no such setting.
    """
    if word.lower() == "size":
        return ("width", "height")
    name = canonical_name(word)
    if name is None:
        raise InputError(f"unknown setting {word!r}", hint=did_you_mean(word, [*ALIASES, "size"]))
    return (name,)
