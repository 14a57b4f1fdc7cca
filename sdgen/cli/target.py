"""Where a command's pictures go: what `-o` and `--format` mean together."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sdgen.errors import InputError
from sdgen.files.folders import is_folder
from sdgen.files.formats import SUFFIXES, Inside, check_side, format_named, format_of, is_foreign
from sdgen.files.formats import Format as ImageFormat
from sdgen.files.objects import ObjectFolder, is_address
from sdgen.files.save import check_exact_name
from sdgen.files.signing import Signing
from sdgen.files.write import check_folder
from sdgen.recipe.passes import hires_size
from sdgen.recipe.post import enlarged_size
from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """Where pictures go: a folder, and a stem when the user named the file."""

    folder: Path
    format: ImageFormat
    stem: str | None = None
    suffix: str = ""
    overwrite: bool = False
    root: Path | None = None
    """The folder without links in its path, once it was looked at."""
    inside: Inside = "record"
    """What the pictures themselves tell."""
    signing: Signing | None = None
    """What they are signed with."""

    def stem_of(self, number: int) -> str | None:
        """The stem of picture `number` (from 0) when the user named the file."""
        return f"{self.stem}-{number + 1}" if self.stem and number else self.stem

    def checked(self, count: int) -> Self:
        """Find out before the work whether `count` pictures can be written.

        Returns:
            The same, held to the place that it is now.

        Raises:
            OutputError: The folder cannot be written to, or a name is taken.
        """
        root = check_folder(self.folder)
        for number in range(count):
            stem = self.stem_of(number)
            if stem is not None:
                check_exact_name(self.folder, stem, self.suffix, overwrite=self.overwrite)
        return replace(self, root=root)


def check_size_in(target: Target, settings: Settings) -> None:
    """Refuse, before it is drawn, a picture that is too large for its format.

    Raises:
        InputError: So it is.
    """
    check_side(enlarged_size(hires_size(settings), settings.post), target.format)


def refuse_picture(output: Path, whose: str) -> None:
    """Many pictures go to a folder; `-o fox.png`, `fox.gif` or `fox.pgn` means one picture.

    Raises:
        InputError: `output` looks like one, and is no folder.
    """
    is_picture = output.suffix.lower() in SUFFIXES or is_foreign(output.suffix)
    if is_picture and not is_folder(output):
        raise InputError(f"--output of {whose} is a folder, and {output.name} looks like a picture")


def target_of(
    output: Path, wanted: str | None, *, overwrite: bool, inside: Inside = "record"
) -> Target:
    """Folder, stem and format from `-o` and `--format`: an image ending makes `-o` a file.

    Raises:
        InputError: Ending and format contradict each other, or one of them is none we write.
    """
    chosen = format_named(wanted)
    if is_folder(output) or output.suffix.lower() not in SUFFIXES:
        if is_foreign(output.suffix) and not is_folder(output):  # `-o fox.gif`, `-o fox.pgn`
            suffixes = ", ".join(SUFFIXES)
            raise InputError(
                f"sdgen writes no {output.suffix} pictures", hint=f"the endings are {suffixes}"
            )
        return Target(output, chosen or "png", overwrite=overwrite, inside=inside)
    named = format_of(output)
    if chosen not in (None, named):
        raise InputError(f"--format {wanted} contradicts {output.name}")
    return Target(output.parent, named, output.stem, output.suffix, overwrite, inside=inside)


def folder_of(output: Path) -> Path | ObjectFolder:
    """The folder that `-o` means: one on a disk, or one in object storage (`s3://bucket/cats`).

    Raises:
        InputError: It is an address that sdgen does not write to.
    """
    text = str(output)  # a path has lost one of the slashes of an address
    if text.startswith("file:/"):
        return Path(text.removeprefix("file:"))
    return ObjectFolder.at(text) if is_address(text) else output
