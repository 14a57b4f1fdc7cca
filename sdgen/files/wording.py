"""What prompts are put together from beside themselves, read from a person's files."""

from collections.abc import Sequence
from pathlib import Path

from sdgen.files.configs import wording_in
from sdgen.files.styles import find_styles
from sdgen.files.wildcards import Wildcards
from sdgen.recipe.prompt.wording import Wording, no_lines


def wording_of(
    wildcards: Path | None,
    styles: Sequence[str],
    styles_file: Path | None = None,
    configs: Sequence[str] = (),
) -> Wording:
    """The lines of a folder and the styles of a table.

    Args:
        wildcards: Folder of text files for `__name__`; None has none.
        styles: Names in the table, in the order in which they go around a prompt.
        styles_file: The table; None is the usual one.
        configs: Which may name a folder and styles; they, and the person's own defaults, count
            where the above say none.

    Raises:
        InputError: A folder, table or style is not there or cannot be read.
    """
    put = wording_in(configs)
    wildcards, styles = wildcards or put.wildcards, styles or put.styles
    lines = no_lines if wildcards is None else Wildcards(wildcards)
    return Wording(
        find_styles(styles, styles_file), lines, lambda names: find_styles(names, styles_file)
    )
