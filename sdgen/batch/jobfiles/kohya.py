"""kohya's prompt lines: `a red fox --n blurry --w 512 --h 768 --s 30 --d 1,2 --l 7.5`.

kohya drops an option that it does not know; here that is a fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sdgen.batch.rows import Fault, Part, Place, Row
from sdgen.recipe.settings import canonical_name

OPTIONS: Mapping[str, str] = {
    "n": "negative_prompt",
    "w": "width",
    "h": "height",
    "s": "steps",
    "d": "seed",
    "l": "guidance_scale",
    "ss": "scheduler",
    "f": "name",
}

_OPTION = re.compile(r"\s--([A-Za-z]\w*)(?=\s|$)\s*")


@dataclass(frozen=True, slots=True)
class _Option:
    letters: str
    place: Place
    value: str
    value_place: Place


def looks_like(lines: list[str]) -> bool:
    """Some line has an option behind its prompt: better a fault than `--steps 9` in a prompt."""
    return any(_OPTION.search(line) for line in lines)


def read_line(line: str, number: int) -> list[Row]:
    """One row, or one for each seed of `--d 1,2`.

    Raises:
        Fault: An option is unknown, doubled or without a value, or the prompt is missing.
    """
    options = list(_OPTION.finditer(line))
    prompt = line[: options[0].start()] if options else line
    start = (number, len(line) - len(line.lstrip()) + 1)
    if not prompt.strip() or prompt.lstrip().startswith("--"):
        raise Fault(start, "the prompt is missing; it comes before the options")
    said = {"prompt": prompt.strip()}
    where = {"prompt": start}
    for option in _read(options, line, number):
        key = _key(option)
        if key in said:
            raise Fault(option.place, f"--{option.letters} is given twice")
        said[key], where[key] = option.value, option.value_place
    return [Row(start, (part,)) for part in _one_for_each_seed(Part(said, where))]


def _read(options: list[re.Match[str]], line: str, number: int) -> list[_Option]:
    ends = [option.start() for option in options[1:]] + [len(line)]
    return [
        _Option(
            letters=option[1],
            place=(number, option.start() + 2),
            value=line[option.end() : end].strip(),
            value_place=(number, option.end() + 1),
        )
        for option, end in zip(options, ends, strict=False)
    ]


def _key(option: _Option) -> str:
    key = OPTIONS.get(option.letters.lower())
    if key is None:
        raise Fault(option.place, f"sdgen cannot honour --{option.letters}", hint=_hint(option))
    if not option.value:
        raise Fault(option.place, f"--{option.letters} has no value")
    return key


def _hint(option: _Option) -> str:
    """The letter for a setting written out, or all the letters there are."""
    meant = canonical_name(option.letters)
    for letters, key in OPTIONS.items():
        if key == meant:
            return f"in this syntax {meant} is --{letters}"
    known = ", ".join(f"--{letters}" for letters in OPTIONS)
    return f"known are {known}; --dialect plain takes the line as a prompt"


def _one_for_each_seed(part: Part) -> list[Part]:
    if "seed" not in part.said:
        return [part]
    seeds = str(part.said["seed"]).split(",")
    return [Part({**part.said, "seed": seed.strip()}, part.where) for seed in seeds]
