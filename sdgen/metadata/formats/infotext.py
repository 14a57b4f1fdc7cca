"""The grammar of A1111's text: prompt, `Negative prompt: …`, one line of `Key: value` pairs.

Described, not copied: a key is a word, then words, spaces, hyphens or slashes; a value is a string
in double quotes, JSON, or all up to the next comma. Everything is read once from left to right.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FEWEST_PAIRS = 3
"""A last line with fewer pairs belongs to the prompt."""

MOST_JSON = 16
"""Values in braces that are tried as JSON, so that broken ones cannot cost a pass each."""

_NEGATIVE = "Negative prompt:"
_FIRST_KEY = "Steps: "
_TEMPLATES = ("Template:", "Negative Template:")
_KEY = re.compile(r"\s*(\w[\w \-/]{0,100}):\s*")
_QUOTED = re.compile(r'"(?:\\.|[^\\"])*"(?=\s*(?:,|$))', re.DOTALL)
_END = re.compile(r"\s*(?:,|$)")
_BARE = ("Model", "Sampler", "VAE", "Tiling", "User")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Infotext:
    """The three blocks; `pairs` is empty where there are no parameters."""

    prompt: str
    negative: str
    pairs: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def read_infotext(text: str) -> Infotext:
    """Split `text` into its blocks; any text can be read."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    at = _parameter_line(lines)
    pairs: dict[str, str] = {}
    for line in lines[at:]:
        template = next((word for word in _TEMPLATES if line.startswith(word)), "")
        found = {template[:-1]: line[len(template) :].strip()} if template else read_pairs(line)
        pairs.update({key: value for key, value in found.items() if key not in pairs})
    prompt, negative, headings = _prompts(lines[:at])
    notices = (_AMBIGUOUS,) if headings > 1 else ()
    return Infotext(prompt, negative, pairs, notices)


_AMBIGUOUS = (
    f"several lines begin with {_NEGATIVE!r}: all behind the first is read as the negative prompt, "
    "as A1111 does"
)


def _parameter_line(lines: list[str]) -> int:
    """Where the parameters begin: at the last line from `Steps: `, else at the last line."""
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].startswith(_FIRST_KEY) and len(read_pairs(lines[at])) >= FEWEST_PAIRS:
            return at
    last = len(lines) - 1
    while last > 0 and lines[last].startswith(_TEMPLATES):
        last -= 1
    return last if len(read_pairs(lines[last])) >= FEWEST_PAIRS else len(lines)


def _prompts(lines: list[str]) -> tuple[str, str, int]:
    """Prompt, negative prompt, and the number of headings that the latter has."""
    blocks: tuple[list[str], list[str]] = ([], [])
    headings = 0
    for line in lines:
        if line.strip().startswith(_NEGATIVE):
            headings += 1
            line = line.strip()[len(_NEGATIVE) :].strip()  # noqa: PLW2901  # its text is the line
        blocks[1 if headings else 0].append(line)
    return "\n".join(blocks[0]).strip(), "\n".join(blocks[1]).strip(), headings


def read_pairs(line: str) -> dict[str, str]:
    """Keys and values of one line; of a key that stands twice, the first."""
    pairs: dict[str, str] = {}
    for key, value in _pairs(line):
        pairs.setdefault(key, value)
    return pairs


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    at, tries = 0, MOST_JSON
    while at < len(line):
        key = _KEY.match(line, at)
        if not key:
            end = _comma(line, at)
            if (word := line[at:end].strip()) in _BARE:
                yield word, word  # a value that equals its key is written once
            at = end + 1
            continue
        value, at = _value(line, key.end(), tries)
        tries -= line[key.end() : key.end() + 1] in ("{", "[")
        yield key[1].strip(), value


def _value(line: str, at: int, tries: int) -> tuple[str, int]:
    """The value that begins at `at`, and where the next pair begins."""
    if quoted := _QUOTED.match(line, at):
        return _unquoted(quoted[0]), _comma(line, quoted.end()) + 1
    if tries > 0 and line[at : at + 1] in ("{", "["):
        end = _json_end(line, at)
        if end and _END.match(line, end):
            return line[at:end], _comma(line, end) + 1
    end = _comma(line, at)
    return line[at:end].strip(), end + 1


def _comma(line: str, at: int) -> int:
    """Where the next comma stands, or the end of the line."""
    found = line.find(",", at)
    return len(line) if found < 0 else found


def _json_end(line: str, at: int) -> int:
    try:
        return _DECODER.raw_decode(line, at)[1]
    except (ValueError, RecursionError):
        return 0


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]
