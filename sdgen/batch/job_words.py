"""The few words of a row that are about the job and not the pixels, read and checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.batch.names import checked_name
from sdgen.batch.rows import Fault, Place
from sdgen.errors import InputError
from sdgen.files.styles import find_styles
from sdgen.files.wildcards import Wildcards
from sdgen.recipe.prompt.choices import Lines
from sdgen.recipe.prompt.styles import Style
from sdgen.recipe.prompt.wording import FindStyles
from sdgen.sources.paths import from_folder

MAX_IMAGES = 10_000
"""Pictures of one row."""


@dataclass(frozen=True, slots=True)
class Word:
    """The value of a job key, and where it stands."""

    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class JobWords:
    """What a row says: the stem of its files, how many pictures, and what its prompts are put with.

    `lines` are those of its own folder of wildcards; None are the command's.
    """

    name: str = ""
    num_images: int = 1
    styles: tuple[Style, ...] = ()
    lines: Lines | None = None


def job_words(
    words: Mapping[str, Word],
    folder: Path,
    table: FindStyles | None,
    known: dict[Path, Wildcards],
) -> tuple[JobWords, list[Fault]]:
    """What is said under the keys of a job, and what is wrong with it.

    Args:
        words: Job key, by its own name → what the row says.
        folder: Where the job file lies, from which a folder of wildcards is meant.
        table: Where styles are found; None is the usual place.
        known: The folders of wildcards that rows have named by now; a new one joins them.
    """
    readers: dict[str, tuple[str, Callable[[Word], Any]]] = {
        "name": ("name", lambda word: checked_name(word.value, word.place)),
        "num_images": ("num_images", _checked_count),
        "style": ("styles", lambda word: _styles(word, table or find_styles)),
        "wildcards": ("lines", lambda word: _lines(word, folder, known)),
    }
    found: dict[str, Any] = {}
    faults = []
    for key, word in words.items():
        field, read = readers[key]
        try:
            found[field] = read(word)
        except Fault as fault:
            faults.append(fault)
    return JobWords(**found), faults


def _styles(word: Word, table: FindStyles) -> tuple[Style, ...]:
    """The styles that a row names, as text with commas or as a list."""
    said = word.value.split(",") if isinstance(word.value, str) else word.value
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise Fault(word.place, f"style must be names of styles, not {word.value!r}")
    try:
        return table([one.strip() for one in said if one.strip()])
    except InputError as error:
        raise Fault(word.place, str(error), hint=error.hint) from error


def _lines(word: Word, folder: Path, known: dict[Path, Wildcards]) -> Lines | None:
    """The folder of wildcards that a row names; an empty name is none of its own."""
    if not isinstance(word.value, str):
        raise Fault(word.place, f"wildcards must be a folder, not {word.value!r}")
    if not word.value.strip():
        return None
    meant = from_folder(word.value, folder)
    try:
        if meant not in known:
            known[meant] = Wildcards(meant)
    except InputError as error:
        raise Fault(word.place, str(error), hint=error.hint) from error
    return known[meant]


def _checked_count(word: Word) -> int:
    text = str(word.value).strip()
    is_whole = not isinstance(word.value, bool) and text.isascii() and text.isdigit()
    if not is_whole or len(text) > 9 or not 1 <= int(text) <= MAX_IMAGES:
        reason = f"num_images must be a whole number from 1 to {MAX_IMAGES}, not {word.value!r}"
        raise Fault(word.place, reason)
    return int(text)
