"""Pictures as text for terminals: the protocols of kitty, iTerm2 and sixel, and half blocks.

Of our own, since a line of progress stands below the picture and both are painted again in place:
whoever writes one must know where the other left the cursor.
"""

import base64
import io
import os
import re
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sdgen.cli.preview import Kind

RESET = "\x1b[0m"
_KITTY_PART = 4096
_KITTY_ID = 7342
"""Of the one picture under way, which the next replaces; another program's have other numbers."""

USUAL_CELL = (10, 20)
"""Width and height of a letter in pixels, where the terminal does not say."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the terminal: letters wide, lines high; `cell` is a letter in pixels."""

    columns: int
    rows: int
    cell: tuple[int, int] = USUAL_CELL

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        return self.columns * self.cell[0], self.rows * self.cell[1]


def place_for(image: Image.Image, most_rows: int = 18) -> Place:
    """Where `image` has room, in its shape, with lines left for what is said below it."""
    screen = shutil.get_terminal_size()
    cell = cell_size()
    rows = max(2, min(most_rows, screen.lines - 4))
    per_row = cell[1] / cell[0] * image.width / image.height
    columns = max(2, min(round(rows * per_row), screen.columns - 2))
    return Place(columns, max(1, round(columns / per_row)), cell)


def cell_size() -> tuple[int, int]:
    """A letter of the terminal on stderr, in pixels."""
    try:
        import fcntl
        import struct
        import termios

        told = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        rows, columns, width, height = struct.unpack("HHHH", told)
    except (ImportError, OSError, ValueError):
        return USUAL_CELL
    if not (rows and columns and width and height):
        return USUAL_CELL
    return max(1, width // columns), max(1, height // rows)


def drawn(image: Image.Image, kind: Kind, place: Place, *, stays: bool = False) -> str:
    """Text that shows `image` there; the cursor stands at its upper left, and does so again.

    Args:
        image: What to show.
        kind: How.
        place: Where it has room.
        stays: It is never replaced, nor taken away by `removed`.
    """
    rgb = image.convert("RGB")
    if kind == "kitty":
        text = _kitty(rgb, place, number=None if stays else _KITTY_ID)
    else:
        text = _WRITERS[kind](rgb, place)
    return f"\x1b7{text}\x1b8"


def removed(kind: Kind) -> str:
    """Text that takes away what cleared lines leave behind."""
    return f"\x1b_Ga=d,d=i,i={_KITTY_ID},q=2\x1b\\" if kind == "kitty" else ""


def _png(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _kitty(image: Image.Image, place: Place, number: int | None) -> str:
    """Source: kitty's graphics protocol; `C=1` leaves the cursor, `q=2` wants no answer.

    A second picture of one number takes the first one's place, wherever that is by then; one
    without a number is the terminal's own.
    """
    data = _png(image)
    parts = [data[at : at + _KITTY_PART] for at in range(0, len(data), _KITTY_PART)]
    named = "" if number is None else f"i={number},p=1,"
    head = f"a=T,f=100,q=2,C=1,{named}c={place.columns},r={place.rows},"
    return "".join(
        f"\x1b_G{head if at == 0 else ''}m={int(at < len(parts) - 1)};{part}\x1b\\"
        for at, part in enumerate(parts)
    )


def _iterm2(image: Image.Image, place: Place) -> str:
    """Source: iTerm2's inline images protocol."""
    said = f"inline=1;width={place.columns};height={place.rows};preserveAspectRatio=0"
    return f"\x1b]1337;File={said}:{_png(image)}\x07"


def _sixel(image: Image.Image, place: Place) -> str:
    """Bands of six rows; in each, for each colour, which are of it. Source: DEC STD 070."""
    small = image.resize(place.pixels, Image.Resampling.LANCZOS).quantize(128)
    palette = small.getpalette() or []
    numbers = np.asarray(small)
    used = sorted(set(np.unique(numbers).tolist()))
    colours = (
        f"#{n};2;" + ";".join(str(round(level * 100 / 255)) for level in palette[3 * n : 3 * n + 3])
        for n in used
    )
    bands = (_band(numbers[top : top + 6]) for top in range(0, len(numbers), 6))
    width, height = place.pixels
    return f'\x1bP0;1q"1;1;{width};{height}{"".join(colours)}{"-".join(bands)}\x1b\\'


def _band(rows: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> str:
    bits = 1 << np.arange(len(rows))[:, None]
    lines = []
    for number in np.unique(rows):
        marks = ((rows == number) * bits).sum(axis=0) + 63
        lines.append(f"#{number}" + "".join(_runs(marks.tolist())))
    return "$".join(lines)


def _runs(marks: list[int]) -> Iterator[str]:
    start = 0
    for end in range(1, len(marks) + 1):
        if end == len(marks) or marks[end] != marks[start]:
            count = end - start
            yield f"!{count}{chr(marks[start])}" if count > 3 else chr(marks[start]) * count
            start = end


def _blocks(image: Image.Image, place: Place) -> str:
    """Two pixels a letter: `▀` has the upper one's colour, on the lower one's."""
    size = place.columns, 2 * place.rows
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX)).tolist()
    paint = _exact if _has_all_colours(os.environ) else _of_256
    lines = []
    for row in range(place.rows):
        line, before = "", ""
        for upper, lower in zip(pixels[2 * row], pixels[2 * row + 1], strict=True):
            colours = f"\x1b[38;{paint(upper)};48;{paint(lower)}m"
            line += f"{colours if colours != before else ''}▀"
            before = colours
        lines.append(f"{line}{RESET}")
    return f"\x1b[B\x1b[{place.columns}D".join(lines)  # down, and back to where a line begins


def _has_all_colours(environment: Mapping[str, str]) -> bool:
    return environment.get("COLORTERM", "") in ("truecolor", "24bit")


def _exact(colour: list[int]) -> str:
    return "2;{};{};{}".format(*colour)


def _of_256(colour: list[int]) -> str:
    """The nearest of the 6 x 6 x 6 colours that xterm's palette has from number 16 on."""
    red, green, blue = (max(0, (level - 35) // 40) for level in colour)
    return f"5;{16 + 36 * red + 6 * green + blue}"


_WRITERS: Mapping[Kind, Callable[[Image.Image, Place], str]] = {
    "iterm2": _iterm2, "sixel": _sixel, "blocks": _blocks
}  # fmt: skip


def kind_of_terminal(environment: Mapping[str, str]) -> Kind:
    """What the terminal can do: its name says kitty's or iTerm2's; sixel is asked for."""
    terminal, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    inside = "TMUX" in environment or terminal.startswith(("tmux", "screen"))
    if not inside:
        if "KITTY_WINDOW_ID" in environment or "kitty" in terminal or "ghostty" in terminal:
            return "kitty"
        if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
            return "iterm2"
    return "sixel" if _says_sixel(_attributes()) else "blocks"


def _says_sixel(attributes: str) -> bool:
    match = re.search(r"\x1b\[\?([\d;]+)c", attributes)
    return match is not None and "4" in match[1].split(";")


def _attributes(patience: float = 0.3) -> str:
    """What the terminal answers to "what are you" (DA1); empty where nobody answers in time."""
    try:
        import termios
        import tty

        with open(os.ctermid(), "r+b", buffering=0) as terminal:  # noqa: PTH123  # a device
            before = termios.tcgetattr(terminal)
            try:
                tty.setcbreak(terminal.fileno(), termios.TCSANOW)
                terminal.write(b"\x1b[c")
                return _answer(terminal.fileno(), time.monotonic() + patience)
            finally:
                termios.tcsetattr(terminal, termios.TCSANOW, before)
    except (ImportError, OSError):  # no terminal, or not one of these systems
        return ""


def _answer(terminal: int, last: float) -> str:
    heard = b""
    while not heard.endswith(b"c"):
        left = last - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            break
        heard += os.read(terminal, 64)
    return heard.decode("latin-1")
