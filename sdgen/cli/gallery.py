"""`sdgen gallery FOLDER…`: one HTML file to look through pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdgen.cli.contact_sheet import Sources, conclude
from sdgen.cli.options import Json, Overwrite, Quiet
from sdgen.cli.output import Output
from sdgen.cli.progress import open_display
from sdgen.cli.signals import stop_on_signals
from sdgen.errors import InputError
from sdgen.files.write import check_folder, name_taken

if TYPE_CHECKING:
    from sdgen.gallery.build import Gallery, Pictures

PagePath = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The page; else gallery.html."),
]
Title = Annotated[
    str | None, typer.Option("--title", metavar="TEXT", help="Its title, else the folder's name.")
]
PicturesIn = Annotated[
    str,
    typer.Option(
        "--pictures", metavar="auto|embed|beside|whole",
        help="Thumbnails in the page or in a folder beside it (auto: up to 500 in it), "
        "or whole pictures in it, to send it on alone.",
    ),
]  # fmt: skip

Serve = Annotated[
    bool, typer.Option("--serve", help="Write nothing: show it on this machine, as it grows.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, metavar="N", help="Of --serve; else 8787, 0 any."),
]
USUAL_PORT = 8787


def gallery(
    *,
    sources: Sources,
    output: PagePath = None,
    title: Title = None,
    pictures: PicturesIn = "auto",
    overwrite: Overwrite = False,
    serve: Serve = False,
    port: Port = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make one page of the pictures below FOLDER. It asks nothing of any server."""
    from sdgen.gallery.entries import paths_in

    out = Output(as_json=json, quiet=quiet)
    if serve:
        if output or overwrite or pictures != "auto":
            raise InputError("--serve writes nothing: no --output, --overwrite or --pictures")
        _serve(sources, title or _title(sources), USUAL_PORT if port is None else port, out)
        return
    if port is not None:
        raise InputError("--port is for --serve")
    where, output = _where(pictures), output or Path("gallery.html")
    _check_page(output, overwrite=overwrite)
    paths, faults = paths_in(sources)
    paths = [path for path in paths if f"{output.stem}-thumbnails" not in path.parts]
    if not paths:
        raise InputError(f"no picture in {', '.join(map(str, sources))}", details=faults)
    found = _build(paths, output, title or _title(sources), where, out, overwrite=overwrite)
    found.faults[:0] = faults
    for fault in found.faults:
        out.warn(fault)
    count = len(found.cards)
    out.say(f"{count} picture{'s' * (count != 1)}")
    out.result(str(output))
    out.json({"gallery": str(output), "pictures": count, "failed": len(found.faults)})
    conclude(found.faults, count + len(found.faults))


def _where(pictures: str) -> "Pictures":
    from typing import get_args

    from sdgen.gallery.build import Pictures

    for known in get_args(Pictures):
        if pictures == known:
            return pictures  # type: ignore[return-value]
    raise InputError(f"unknown --pictures {pictures!r}", hint="auto, embed, beside or whole")


def _check_page(output: Path, *, overwrite: bool) -> None:
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{output} is no .html file", hint="-o gallery.html")
    if output.exists() and not overwrite:
        raise name_taken(output)
    check_folder(output.parent)


def _title(sources: list[Path]) -> str:
    return ", ".join(source.absolute().name or str(source) for source in sources[:3])


def _build(
    paths: list[Path], output: Path, title: str, where: "Pictures", out: Output, *, overwrite: bool
) -> "Gallery":
    from sdgen.gallery.build import build_gallery

    with stop_on_signals() as stop, open_display(out) as shown:
        shown.picture("looking at pictures")

        def on_picture(done: int, total: int) -> None:
            stop.check()
            shown.step(done, total)

        return build_gallery(
            paths, output, title, pictures=where, overwrite=overwrite, on_picture=on_picture
        )


def _serve(sources: list[Path], title: str, port: int, out: Output) -> None:
    """Answer until somebody says stop, which is the way to end this, and no failure."""
    from sdgen.gallery.entries import paths_in
    from sdgen.gallery.serve import GalleryServer

    paths_in(sources)  # a folder that cannot be read is told now
    if missing := next((source for source in sources if not source.exists()), None):
        raise InputError(f"{missing}: there is no such file or folder")
    root = sources[0] if len(sources) == 1 and sources[0].is_dir() else Path()
    with stop_on_signals() as stop, GalleryServer(sources, root, title, port) as server:
        out.result(server.address)
        out.json({"address": server.address})
        out.say("Ctrl-C ends it")
        while stop.requested is None:
            server.handle_request()
