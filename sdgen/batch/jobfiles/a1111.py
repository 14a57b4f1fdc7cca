"""The lines of A1111's "Prompts from file": `--prompt a fox --steps 20 --cfg_scale 7`.

A1111 turns a line that it cannot read into a prompt, and drops what it does not know. Here both
are faults: who writes `--styles x` wants the style.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sdgen.batch.rows import Fault, Part, Place, Row
from sdgen.errors import did_you_mean

HONOURED = (
    "prompt",
    "negative_prompt",
    "seed",
    "subseed",
    "subseed_strength",
    "steps",
    "sampler_name",
    "cfg_scale",
    "width",
    "height",
    "sd_model",
    "batch_size",
    "n_iter",
)

NEUTRAL: Mapping[str, tuple[str, ...]] = {
    "seed_resize_from_h": ("0", "-1"),
    "seed_resize_from_w": ("0", "-1"),
    "restore_faces": ("false",),
    "tiling": ("false",),
    "do_not_save_samples": ("false",),
    "do_not_save_grid": ("true",),
}
"""Tags that sdgen honours only with the values that ask for nothing."""

REFUSED: Mapping[str, str] = {
    "sampler_index": "use --sampler_name; the numbers changed from version to version",
    "outpath_samples": "the output folder is an option of the command",
    "outpath_grids": "the output folder is an option of the command",
    "styles": "write the style's words into the prompt",
    "prompt_for_display": "",
}

_RUN_ON = ("prompt", "negative_prompt")
_PIECE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)""")
_GAP = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    place: Place
    is_tag: bool


def looks_like(lines: list[str]) -> bool:
    """Some line starts with a tag, or names the prompt by one."""
    return any(re.match(r"\s*--[a-z]", line) or " --prompt " in line for line in lines)


def read_line(line: str, number: int) -> list[Row]:
    """One line of tags; a line without `--` is the prompt itself.

    Raises:
        Fault: A quote is not closed, or a tag is unknown, doubled, or asks for the impossible.
    """
    if "--" not in line:
        start = (number, len(line) - len(line.lstrip()) + 1)
        return [Row(start, (Part({"prompt": line.strip()}, {"prompt": start}),))]
    words = _words(line, number)
    said: dict[str, str] = {}
    where: dict[str, Place] = {}
    while words:
        tag, value = _take(words)
        key = _known(tag, value)
        if key in said:
            raise Fault(tag.place, f"--{key} is given twice")
        said[key], where[key] = value.text, value.place
    return [Row(_start(where, number), (_part(said, where),))]


def _start(where: Mapping[str, Place], number: int) -> Place:
    return next(iter(where.values()), (number, 1))


def _take(words: list[_Word]) -> tuple[_Word, _Word]:
    """Take a tag and its value from the front of `words`."""
    tag = words.pop(0)
    if not tag.is_tag:
        hint = "write --prompt before it, and quote a text that contains --"
        raise Fault(tag.place, f"{tag.text!r} belongs to no tag", hint=hint)
    if not words or words[0].is_tag:
        raise Fault(tag.place, f"{tag.text} has no value")
    value = words.pop(0)
    while tag.text[2:] in _RUN_ON and words and not words[0].is_tag:
        value = _Word(f"{value.text} {words.pop(0).text}", value.place, is_tag=False)
    return tag, value


def _known(tag: _Word, value: _Word) -> str:
    name = tag.text[2:]
    if name in HONOURED or value.text.lower() in NEUTRAL.get(name, ()):
        return name
    if name in NEUTRAL or name in REFUSED:
        hint = REFUSED.get(name, "")
        raise Fault(tag.place, f"sdgen cannot honour {tag.text} {value.text}", hint=hint)
    raise Fault(tag.place, f"unknown tag {tag.text}", hint=did_you_mean(name, HONOURED))


def _part(said: Mapping[str, str], where: Mapping[str, Place]) -> Part:
    """`batch_size` x `n_iter` pictures; a seed of -1 is none."""
    kept = {key: text for key, text in said.items() if key not in NEUTRAL}
    for key in ("seed", "subseed"):
        if kept.get(key) == "-1":
            del kept[key]
    factors = [key for key in ("batch_size", "n_iter") if key in kept]
    places = {key: where[key] for key in kept if key not in factors}
    if factors:
        kept["num_images"] = str(_product([(kept.pop(key), where[key]) for key in factors]))
        places["num_images"] = where[factors[0]]
    return Part(kept, places)


def _product(factors: list[tuple[str, Place]]) -> int:
    product = 1
    for text, place in factors:
        if not re.fullmatch(r"[0-9]{1,6}", text):
            raise Fault(place, f"must be a whole number, not {text!r}")
        product *= int(text)
    return product


def _words(line: str, number: int) -> list[_Word]:
    """Split a line as a POSIX shell does, and remember where each word stands."""
    words = []
    at = _after_gap(line, 0)
    while at < len(line):
        start, text = at, ""
        while at < len(line) and not line[at].isspace():
            piece = _PIECE.match(line, at)
            if piece is None:
                hint = '''quote the whole text: "a fox's den"'''
                raise Fault((number, at + 1), "this quote is never closed", hint=hint)
            text += _unquoted(piece)
            at = piece.end()
        words.append(_Word(text, (number, start + 1), line.startswith("--", start)))
        at = _after_gap(line, at)
    return words


def _after_gap(line: str, at: int) -> int:
    gap = _GAP.match(line, at)
    return gap.end() if gap else at


def _unquoted(piece: re.Match[str]) -> str:
    single, double, escaped, bare = piece.groups()
    if double is not None:
        return re.sub(r'\\(["\\])', r"\1", double)
    return single if single is not None else escaped or bare
