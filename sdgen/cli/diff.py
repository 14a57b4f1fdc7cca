"""`sdgen diff A B`: what differs between two pictures: recipes, what made them, their pixels."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sdgen.cli.options import Json
from sdgen.cli.output import Output, display
from sdgen.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

    from sdgen.files.compare import PixelDifference
    from sdgen.metadata.compare import Difference
    from sdgen.metadata.record import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Side:
    """What can be read of one of the two: its record, its pixels, or both."""

    record: "Record | None"
    image: "Image | None"


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A picture, or its .json file.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
    as_json: Json = False,
) -> None:
    """Show what differs between two pictures: settings, model, environment, pixels.

    The exit code is 0 whether or not they differ.
    """
    out = Output(as_json=as_json)
    left, right = _open(a, out), _open(b, out)
    found = _record_differences(left, right)
    pixels, verdict = _pixel_difference(left, right)
    out.json(diff_object(found, pixels, verdict))
    if found:
        out.table(map(_row, found), ["", display(str(a)), display(str(b))])
    elif found is not None:
        out.result("recipe: identical")
    out.result(f"pixels: {verdict}")


def _open(path: Path, out: Output) -> Side:
    """What there is to compare; a missing half is told, and only both are an error."""
    from sdgen.files.reading import open_pixels, read_record_of

    record, no_record = _attempt(read_record_of, path)
    image, no_image = _attempt(open_pixels, path)
    if no_record and no_image:
        raise no_record
    if no_record:
        out.warn(str(no_record))
    return Side(record, image)


def _attempt(read: Callable[[Path], T], path: Path) -> tuple[T | None, InputError | None]:
    try:
        return read(path), None
    except InputError as error:
        return None, error


def _record_differences(a: Side, b: Side) -> "list[Difference] | None":
    from sdgen.metadata.compare import differences

    if a.record is None or b.record is None:
        return None
    return differences(a.record, b.record)


def _pixel_difference(a: Side, b: Side) -> "tuple[PixelDifference | None, str]":
    """The difference where it can be measured, and the verdict in words."""
    from sdgen.files.compare import compare_pixels

    if a.image is None or b.image is None:
        return None, _by_fingerprints(a.record, b.record)
    if a.image.size != b.image.size:
        sizes = " and ".join(f"{image.width}x{image.height}" for image in (a.image, b.image))
        return None, f"not comparable, the sizes are {sizes}"
    measured = compare_pixels(a.image, b.image)
    return measured, str(measured)


def _by_fingerprints(a: "Record | None", b: "Record | None") -> str:
    """Without both pictures, the hashes in the records still tell whether they were the same."""
    if a is None or b is None:
        return "not comparable, one has no picture and the other no record"
    same = a.image.sha256 == b.image.sha256
    return f"{'identical' if same else 'different'}, by the hashes in the records"


def diff_object(
    found: "list[Difference] | None", pixels: "PixelDifference | None", verdict: str
) -> dict[str, Any]:
    """The result as data; `recipe` and `pixels` are null where there is nothing to measure."""
    return {
        "recipe": None if found is None else [asdict(one) for one in found],
        "pixels": None if pixels is None else {**asdict(pixels), "share": pixels.share},
        "verdict": verdict,
    }


def _row(one: "Difference") -> tuple[str, str, str]:
    return f"{one.part} {one.name}", _cell(one.a), _cell(one.b)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
