"""Letters on sheets: the font that Pillow carries, and one of the system's for what that lacks."""

from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WIDER_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "NotoSerifCJK-Regular.ttc",
    "PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Arial Unicode.ttf",
    "msyh.ttc", "simsun.ttc", "DejaVuSans.ttf",
)  # fmt: skip
"""Files that have Chinese letters, or at least more than Latin ones, where systems keep fonts."""

_NO_LETTER = "\U0010ffff"
"""Never a letter: what a font draws for it, it draws for every letter that it lacks."""

_CLOSING = "，。、！？：；）】》」』”’"


@lru_cache(maxsize=64)
def _own_font(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _wider_font(size: int) -> Font | None:
    for name in WIDER_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:  # not on this system
            continue
    return None


@lru_cache(maxsize=4096)
def _has(font: Font, letter: str) -> bool:
    drawn = font.getmask(letter)
    missing = font.getmask(_NO_LETTER)
    return letter.isspace() or (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def font_for(text: str, size: int) -> Font:
    """The font that has the letters of `text`, or the one that lacks fewest."""
    own, wider = _own_font(size), _wider_font(size)
    if text.isascii() or wider is None or all(_has(own, letter) for letter in text):
        return own
    return wider


def letters_missing(text: str) -> bool:
    """Whether no font here has all letters of `text`, so that boxes would stand for some."""
    font = font_for(text, 12)
    return not text.isascii() and not all(_has(font, letter) for letter in text)


def wrapped(text: str, size: int, width: int, most: int = 2) -> list[str]:
    """`text` in at most `most` lines of `width` pixels; what is left out is told by `…`.

    Lines end between words, and inside a word where it is wider than a line or, as in Chinese,
    words are not parted.
    """
    font = font_for(text, size)
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        end = _fitting(rest, lambda part: font.getlength(part) <= width)
        if end < len(rest) and len(lines) == most - 1:
            lines.append(_cut(rest, font, width))
            return lines
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return lines


def _fitting(text: str, fits: Callable[[str], bool]) -> int:
    """How many letters of `text` fit in a line, at least one: up to a space if there is one."""
    if fits(text):
        return len(text)
    low, high = 1, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle)
    space = text.rfind(" ", 1, low + 1)
    if space > low // 2:
        return space
    return low + 1 if text[low] in _CLOSING else low  # a hanging comma, not one that begins a line


def _cut(text: str, font: Font, width: int) -> str:
    end = _fitting(text, lambda part: font.getlength(f"{part}…") <= width)
    return f"{text[:end].rstrip()}…"


def letter(image: Image.Image, at: tuple[float, float], text: str, size: int, colour: str) -> None:
    """Write one line with the middle of its upper edge `at` (x, y)."""
    draw = ImageDraw.Draw(image)
    font = font_for(text, size)
    draw.text((at[0] - font.getlength(text) / 2, at[1]), text, fill=colour, font=font)
