"""`sdgen strip IMAGE…`: copies of pictures, or the pictures themselves, with nothing but pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sdgen.cli.options import Json, Overwrite, Quiet
from sdgen.cli.output import Output
from sdgen.cli.several import check_targets, each
from sdgen.errors import InputError, OutputError
from sdgen.files.folders import is_file, is_folder
from sdgen.files.formats import SUFFIXES
from sdgen.files.reading import readable
from sdgen.files.strip import stripped
from sdgen.files.write import numbered, publish

MOST_BYTES = 2**30

Sources = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG, WebP or AVIF.")]
Where = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PATH", help="Folder for the copies, or one file."),
]
InPlace = Annotated[bool, typer.Option("--in-place", help="Change the files themselves.")]
DropMark = Annotated[
    bool, typer.Option("--drop-mark", help="Remove the mark that a model made the picture, too.")
]


def strip(
    sources: Sources,
    output: Where = None,
    in_place: InPlace = False,
    drop_mark: DropMark = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Take everything out of pictures but the pixels, which stay bit by bit as they are.

    Writes fox-stripped.png beside fox.png unless told where. Prompts, settings, EXIF, comments go;
    the mark that a model made the picture stays if it is there. Any program's pictures will do.
    """
    out = Output(as_json=json, quiet=quiet)
    _check(sources, output, in_place=in_place, overwrite=overwrite)

    def work(source: Path) -> None:
        bare = _stripped(source, keep_mark=not drop_mark)
        written = _write(bare, source, output, in_place=in_place, overwrite=overwrite)
        out.result(str(written))
        out.json({"image": str(written), "source": str(source), "bytes": len(bare)})
        if in_place and is_file(source.with_suffix(".json")):
            out.say(f"{source.with_suffix('.json')} still has the record")

    each(sources, work, out, "stripped")


def _check(
    sources: Sequence[Path], output: Path | None, *, in_place: bool, overwrite: bool
) -> None:
    if in_place and (output is not None or overwrite):
        raise InputError("--in-place takes no --output and no --overwrite")
    if len(sources) > 1 and output is not None and _is_picture(output):
        raise InputError(f"{len(sources)} pictures do not go into {output.name}")
    if output is not None or overwrite:  # else the files themselves, or names that are free
        check_targets((source, _target(source, output)) for source in sources)


def _is_picture(output: Path) -> bool:
    return output.suffix.lower() in SUFFIXES and not is_folder(output)


def _stripped(source: Path, *, keep_mark: bool) -> bytes:
    with readable(source) as file:
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise InputError("is larger than the 1 GiB that are read")
        return stripped(data, keep_mark=keep_mark)


def _write(
    data: bytes, source: Path, output: Path | None, *, in_place: bool, overwrite: bool
) -> Path:
    """Whole or not at all, under the name that was asked for, or one that is free."""
    if in_place:
        return publish(data, source, overwrite=True)
    own = _target(source, output)
    if output is not None:
        if _is_same(own, source):
            raise InputError(f"{own} is the picture itself", hint="--in-place changes it")
        return publish(data, own, overwrite=overwrite)
    if overwrite:
        return publish(data, own, overwrite=True)
    for stem in numbered(own.stem):
        target = own.with_name(stem + source.suffix)
        if not target.exists():
            return publish(data, target)
    raise OutputError(f"no name is free for {own}")


def _target(source: Path, output: Path | None) -> Path:
    """The name that was asked for, or the first that is tried beside the picture."""
    if output is None:
        return source.with_name(f"{source.stem}-stripped{source.suffix}")
    return output if _is_picture(output) else output / source.name


def _is_same(target: Path, source: Path) -> bool:
    return target.exists() and target.samefile(source)
