"""What there is to look at: the pictures of folders, each with what made it where that is known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdgen.errors import InputError
from sdgen.files.folders import is_folder
from sdgen.files.foreign import read_recipe_of
from sdgen.files.formats import SUFFIXES
from sdgen.files.reading import NoRecordError
from sdgen.files.sheets import sheet_note
from sdgen.files.walk import find_pictures
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.record import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture; `recipe` is our record, another program's recipe, or None where it has neither."""

    path: Path
    recipe: Record | Foreign | None

    @property
    def prompt(self) -> str:
        """As it was drawn; empty where nobody knows it."""
        if isinstance(self.recipe, Record):
            return self.recipe.settings.prompt
        return self.recipe.prompt if self.recipe else ""

    @property
    def seed(self) -> int | None:
        """Of the noise; None where nobody knows it."""
        if isinstance(self.recipe, Record):
            return self.recipe.settings.seed
        return self.recipe.seed if self.recipe else None


def paths_in(sources: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The pictures among `sources` and below the folders among them, and what cannot be looked at.

    Raises:
        InputError: A folder cannot be read.
    """
    paths: list[Path] = []
    faults: list[str] = []
    for source in sources:
        if not is_folder(source):
            paths.append(source)
            continue
        found = find_pictures(source)
        paths += [path for path in found.items if path.suffix.lower() in SUFFIXES]
        faults += [f"{path}: {reason}" for path, reason in found.refused.items()]
    return list(dict.fromkeys(paths)), faults


def entries_of(paths: Iterable[Path]) -> Iterator[Entry | InputError]:
    """Each picture with its recipe, or what is wrong with it; sheets of sdgen's are left out."""
    for path in paths:
        try:
            entry = entry_of(path)
        except InputError as error:
            yield error
            continue
        if entry is not None:
            yield entry


def entry_of(path: Path) -> Entry | None:
    """The picture at `path` with its recipe; None for a sheet.

    Raises:
        InputError: It is damaged, or its record is.
    """
    try:
        return Entry(path, read_recipe_of(path))
    except NoRecordError:
        return None if sheet_note(path) is not None else Entry(path, None)
