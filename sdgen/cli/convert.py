"""`sdgen convert IMAGE… --format webp`: pictures in another format, with what they tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sdgen.cli.options import Format, Json, Overwrite, Quiet
from sdgen.cli.output import Output
from sdgen.cli.several import check_targets, each
from sdgen.errors import InputError
from sdgen.files.convert import converted
from sdgen.files.folders import is_folder
from sdgen.files.formats import SUFFIXES, format_named, format_of, is_foreign, suffix_of
from sdgen.files.formats import Format as ImageFormat
from sdgen.files.write import publish

Sources = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG, WebP or AVIF.")]
Where = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PATH", help="Folder, or one file; else beside it."),
]
Quality = Annotated[
    int | None,
    typer.Option(
        "--quality", min=1, max=100, metavar="1-100",
        help="Of JPEG and AVIF, else 95; makes WebP lossy, which is exact otherwise.",
    ),
]  # fmt: skip


def convert(
    sources: Sources,
    format: Format = None,
    output: Where = None,
    quality: Quality = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write pictures in another format, with the record or another program's recipe inside.

    The pixels stay as the file has them; a lossy format keeps them nearly, and the record says so.
    """
    out = Output(as_json=json, quiet=quiet)
    wanted = _wanted(sources, format, output, quality)
    targets = {source: _target(source, wanted, output) for source in sources}
    check_targets((source, targets[source]) for source in sources)

    def work(source: Path) -> None:
        _convert(source, targets[source], wanted, quality, out, overwrite=overwrite)

    each(sources, work, out, "converted")


def _wanted(
    sources: Sequence[Path], format: str | None, output: Path | None, quality: int | None
) -> ImageFormat:
    """The format that `--format`, or the ending of `-o`, asks for.

    Raises:
        InputError: Neither does, they contradict each other, or PNG should have a quality.
    """
    named = format_named(format)
    is_file = output is not None and _is_picture(output)
    if output is not None and is_foreign(output.suffix) and not is_folder(output):
        raise InputError(f"sdgen writes no {output.suffix} pictures", hint=", ".join(SUFFIXES))
    if is_file and len(sources) > 1:
        raise InputError("several pictures need a folder, not one file, behind --output")
    by_ending = format_of(output) if is_file and output is not None else None
    if named and by_ending and named != by_ending:
        raise InputError(f"--format {format} contradicts {output.name if output else ''}")
    wanted = named or by_ending
    if wanted is None:
        raise InputError("which format?", hint="--format webp, or a file with an ending behind -o")
    if wanted == "png" and quality is not None:
        raise InputError("PNG is exact, and has no quality")
    return wanted


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_folder(path)


def _target(source: Path, format: ImageFormat, output: Path | None) -> Path:
    if output is not None and _is_picture(output):
        return output
    return (output or source.parent) / f"{source.stem}{suffix_of(format)}"


def _convert(
    source: Path,
    target: Path,
    format: ImageFormat,
    quality: int | None,
    out: Output,
    *,
    overwrite: bool,
) -> None:
    if target.exists() and target.samefile(source):
        raise InputError(f"{source} would replace itself", hint="say where: -o FOLDER")
    found = converted(source, format, quality)
    for notice in found.notices:
        out.warn(f"{source}: {notice}")
    written = publish(found.data, target, overwrite=overwrite)
    out.result(str(written))
    out.json(
        {
            "image": str(written),
            "source": str(source),
            "bytes": len(found.data),
            "notices": list(found.notices),
        }
    )
