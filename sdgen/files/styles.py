"""Styles in a table as A1111 writes it: `name,prompt,negative_prompt`."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdgen.errors import InputError, did_you_mean
from sdgen.files.configs import user_folder
from sdgen.files.text import read_text
from sdgen.recipe.prompt.styles import Style

FILE = "styles.csv"
MAX_BYTES = 4 * 2**20

_COLUMNS = ("name", "prompt", "negative_prompt")


def find_styles(names: Sequence[str], file: Path | None = None) -> tuple[Style, ...]:
    """The styles called `names`, in this order.

    Args:
        names: As in the table; case does not count.
        file: The table; None is `styles.csv` here, else the one in the person's own settings.

    Raises:
        InputError: There is no such table or style, or it cannot be read.
    """
    if not names:
        return ()
    table = read_styles(file or _usual())
    missing = [name for name in names if name.casefold() not in table]
    if missing:
        known = [style.name for style in table.values()]
        hint = did_you_mean(missing[0], known) or f"these are there: {', '.join(known[:20])}"
        raise InputError(f"there is no style {missing[0]!r}", hint=hint)
    return tuple(table[name.casefold()] for name in names)


def read_styles(path: Path) -> dict[str, Style]:
    """Name in small letters → style; of two of one name the last counts, as there.

    Raises:
        InputError: It cannot be read, or has no such columns.
    """
    text = read_text(path, str(path), most=MAX_BYTES)
    try:
        return {style.name.casefold(): style for style in _styles(text)}
    except (csv.Error, ValueError) as error:
        raise InputError(f"{path} is no table of styles: {error}") from None


def _styles(text: str) -> Iterator[Style]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    # A1111's first tables called the prompt's column `text`
    columns = ["prompt" if name == "text" else name for name in reader.fieldnames or ()]
    if not {"name", "prompt"} <= set(columns):
        raise ValueError(f"its first line must be {','.join(_COLUMNS)}")
    reader.fieldnames = columns
    for row in reader:
        if row["name"]:
            yield Style(row["name"], row["prompt"] or "", row.get("negative_prompt") or "")


def _usual() -> Path:
    own = user_folder()
    here = Path(FILE)
    return here if here.is_file() or own is None else own / FILE
