"""`sdgen contact-sheet FOLDER…`: the pictures of a folder or batch on one sheet."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sdgen.cli.options import Json, Overwrite, Quiet
from sdgen.cli.output import Output
from sdgen.errors import GenerationError, InputError, SdgenError, with_hint
from sdgen.files.formats import Format, format_of
from sdgen.files.write import name_taken, publish

if TYPE_CHECKING:
    from sdgen.gallery.entries import Entry
    from sdgen.gallery.sheet import Tile

Sources = Annotated[
    list[Path], typer.Argument(metavar="FOLDER|IMAGE...", help="Folders, or pictures, in order.")
]
SheetPath = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="The sheet: .png, .webp, .jpg or .avif."),
]
Columns = Annotated[
    int | None, typer.Option("--columns", min=1, max=200, metavar="N", help="Pictures in a row.")
]
Size = Annotated[
    int, typer.Option("--size", min=32, max=2048, metavar="PIXELS", help="Longest side of each.")
]
LabelKind = Literal["prompt", "seed", "name", "none"]
Label = Annotated[LabelKind, typer.Option("--label", help="The words under each picture.")]


def contact_sheet(
    *,
    sources: Sources,
    output: SheetPath = Path("contact-sheet.png"),
    columns: Columns = None,
    size: Size = 256,
    label: Label = "prompt",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Put the pictures of folders on one sheet. Pictures of other programs may be among them."""
    out = Output(as_json=json, quiet=quiet)
    format = checked_sheet(output, overwrite=overwrite)
    tiles, faults = _tiles(sources, label, size, out)
    if not tiles:
        raise InputError(f"no picture in {', '.join(map(str, sources))}", details=faults)
    from sdgen.files.sheets import encode_sheet
    from sdgen.gallery.sheet import contact_sheet as drawn

    with with_hint("a smaller --size, or fewer pictures"):
        image = drawn(tiles, size, columns)
    publish(encode_sheet(image, "contact sheet", {}, format), output, overwrite=overwrite)
    out.say(f"{len(tiles)} pictures on {image.width}x{image.height} pixels")
    out.result(str(output))
    out.json({"sheet": str(output), "pictures": len(tiles), "failed": len(faults)})
    conclude(faults, len(tiles) + len(faults))


def checked_sheet(output: Path, *, overwrite: bool) -> Format:
    """The format of the sheet, before the work.

    Raises:
        InputError: Its ending is of no picture that sdgen writes.
        OutputError: It is there.
    """
    format = format_of(output)
    if output.exists() and not overwrite:
        raise name_taken(output)
    return format


def conclude(faults: list[str], count: int) -> None:
    """End with 3 where some pictures are missing.

    Raises:
        GenerationError: Some are.
    """
    if faults:
        raise GenerationError(f"{len(faults)} of {count} pictures could not be read")


def _tiles(
    sources: list[Path], label: LabelKind, size: int, out: Output
) -> "tuple[list[Tile], list[str]]":
    from sdgen.files.reading import open_pixels
    from sdgen.gallery.entries import entries_of, paths_in
    from sdgen.gallery.lettering import letters_missing
    from sdgen.gallery.sheet import Tile, fitted

    paths, faults = paths_in(sources)
    tiles = []
    for entry in entries_of(paths):
        try:
            if isinstance(entry, SdgenError):
                raise entry
            image = fitted(open_pixels(entry.path), size)
        except InputError as error:
            faults.append(str(error))
            continue
        tiles.append(Tile(image, LABELS[label](entry)))
    for fault in faults:
        out.warn(fault)
    if any(letters_missing(tile.label) for tile in tiles):
        out.warn("no font here has all letters of the words; Noto Sans CJK, say, has Chinese ones")
    return tiles, faults


LABELS: "dict[LabelKind, Callable[[Entry], str]]" = {
    "prompt": lambda entry: entry.prompt or entry.path.stem,
    "seed": lambda entry: f"seed {entry.seed}" if entry.seed is not None else entry.path.stem,
    "name": lambda entry: entry.path.name,
    "none": lambda entry: "",
}
"""What `--label` may say → the words."""
