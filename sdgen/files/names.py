"""File names from settings: the one door through which words become paths.

A template says how names are built: `{prompt}-{seed}`, `{model}/{index:05}`. A parser with a closed
list of fields reads it, never `str.format`, which would follow attributes. What a field says
becomes part of one name, never a path; only a `/` in the template itself makes folders.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sdgen.errors import InputError, did_you_mean
from sdgen.recipe.settings import Settings

MAX_PART_BYTES = 200
"""Of the 255 that file systems allow; the rest is for numbers, suffixes and hidden names."""

MAX_VALUE_BYTES = 80
"""What one field may take of a name, so that the seed after a long prompt is still seen."""

DEFAULT_TEMPLATE = "{prompt}-{seed}"

_WITHOUT_NAME = "picture"
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FORMAT = re.compile(r"0[1-9]")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])")
_FORBIDDEN = frozenset('<>:"|?*\\')

Value = str | int


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the fields of a template get their values from."""

    settings: Settings
    index: int | None


def _index(source: _Source) -> int:
    if source.index is None:
        raise InputError("the name template asks for {index}, but this picture has none")
    return source.index


FIELDS: Mapping[str, Callable[[_Source], Value]] = {
    "prompt": lambda source: source.settings.prompt,
    "seed": lambda source: source.settings.seed,
    "index": _index,
    "width": lambda source: source.settings.width,
    "height": lambda source: source.settings.height,
    "steps": lambda source: source.settings.steps,
    "guidance_scale": lambda source: f"{source.settings.guidance_scale:g}",
    "scheduler": lambda source: source.settings.scheduler,
    "model": lambda source: source.settings.model,
}
"""The words that a template may use, in braces."""

_NUMBERS = ("seed", "index", "width", "height", "steps")


def file_stem(
    settings: Settings, *, index: int | None = None, template: str = DEFAULT_TEMPLATE
) -> str:
    """The name of a picture without its suffix; with `/` where the template has folders.

    Every part is at most `MAX_PART_BYTES` of UTF-8, and a sound name on Linux, macOS and Windows.

    Args:
        settings: What the picture is made from. The clock has no part in it: a run that is taken up
            again tomorrow knows its pictures by their names.
        index: The place in a run, from 0.
        template: Fields in braces, `{{` for a brace; numbers take a width, as in `{index:05}`.

    Raises:
        InputError: The template is wrong, or asks for an index that is not there.
    """
    source = _Source(settings, index)
    pieces = [
        piece if isinstance(piece, str) else piece.render(FIELDS[piece.field](source))
        for piece in _parsed(template)
    ]
    return "/".join(safe_part(part) for part in "".join(pieces).split("/"))


def check_template(template: str) -> None:
    """Refuse a template that names unknown fields or leaves the folder.

    Raises:
        InputError: It is wrong; the message says where.
    """
    list(_pieces(template))


@dataclass(frozen=True, slots=True)
class _Field:
    field: str
    width: int

    def render(self, value: Value) -> str:
        return str(value).zfill(self.width) if isinstance(value, int) else words(value)


@lru_cache(maxsize=16)  # one template names every picture of a batch
def _parsed(template: str) -> tuple["str | _Field", ...]:
    return tuple(_pieces(template))


def _pieces(template: str) -> Iterator[str | _Field]:
    """Literal text and fields of a template, in order."""
    _check_folders(template)
    end = 0
    for match in _FIELD.finditer(template):
        yield template[end : match.start()]
        end = match.end()
        yield match[0][0] if match[0] in ("{{", "}}") else _field(match[1], template)
    yield template[end:]


def _field(text: str | None, template: str) -> _Field:
    if text is None:
        raise InputError(f"name template {template!r} has a single brace", hint="write {{ or }}")
    name, colon, form = text.partition(":")
    if name not in FIELDS:
        hint = did_you_mean(name, FIELDS) or f"the fields are {', '.join(FIELDS)}"
        raise InputError(f"name template {template!r} has an unknown field {name!r}", hint=hint)
    if colon and not (name in _NUMBERS and _FORMAT.fullmatch(form)):
        raise InputError(
            f"name template {template!r} has the format {form!r} for {name}",
            hint="only numbers have one: 01 to 09, the digits to fill up to",
        )
    return _Field(name, int(form or 0))


def _check_folders(template: str) -> None:
    """Refuse what could only be meant to leave the folder; cleaning it quietly would surprise."""
    if not template.strip():
        raise InputError("the name template is empty")
    for part in template.split("/"):
        if part.strip() in ("", ".", ".."):
            raise InputError(
                f"name template {template!r} has a folder {part!r}",
                hint="use a path inside the output folder, without . and ..",
            )
    found = next((sign for sign in template if sign == "\\" or not sign.isprintable()), None)
    if found:
        raise InputError(f"name template {template!r} contains {found!r}")


def legible(name: str) -> str:
    r"""`name` as text that can be written: bytes of it that are no UTF-8 stand as `\udcff`."""
    return name.encode("utf-8", "backslashreplace").decode()


def words(text: str) -> str:
    """`text` as words with hyphens between them, at most `MAX_VALUE_BYTES`.

    Letters and digits of every script, accents and pictographs stay; a dot stays between digits.
    What is cut off is replaced by a short hash of the whole, so that two long prompts with the same
    beginning get two names.
    """
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(sign if _is_word(sign) else " " for sign in plain)
    kept = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", kept)
    return _shortened("-".join(kept.split()), MAX_VALUE_BYTES, whole=text)


@lru_cache(maxsize=4096)
def _is_word(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category[0] in "LNM" or category == "So" or sign in "._+"


def safe_part(text: str) -> str:
    """`text` as one part of a path that every system takes literally, at most `MAX_PART_BYTES`."""
    kept = "".join("-" if is_unsafe(sign) else sign for sign in text)
    kept = _shortened(kept.strip(". ").lstrip("-. "), MAX_PART_BYTES, whole=text)
    if _RESERVED.fullmatch(kept.partition(".")[0].rstrip(" ")):
        kept = f"_{kept}"  # Windows opens a device instead of a file of this name
    return kept or _WITHOUT_NAME


@lru_cache(maxsize=4096)
def is_unsafe(sign: str) -> bool:
    """A separator, a character that some system refuses, or one that cannot be seen."""
    category = unicodedata.category(sign)
    return sign == "/" or sign in _FORBIDDEN or category[0] == "C" or category in ("Zl", "Zp")


def _shortened(text: str, most: int, *, whole: str) -> str:
    """`text`, or where it has over `most` bytes, its start and 6 digits of the hash of `whole`."""
    if len(text.encode()) <= most:
        return text
    digest = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:6]
    start = text.encode()[: most - 7].decode(errors="ignore")
    at_word, hyphen, _ = start.rpartition("-")
    if hyphen and len(at_word.encode()) > most // 2:
        start = at_word
    return f"{start.rstrip('-. ')}-{digest}"
