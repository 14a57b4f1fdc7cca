"""Save a picture with its record in object storage, by the rules of `save.py`: never over another.

Whoever finds the name taken looks whose it is. A picture of the same job is the same picture: of a
worker that was thought dead, or of an upload whose answer was lost. It is kept, and none is made.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sdgen.errors import InputError
from sdgen.files.encoding import encode, record_in
from sdgen.files.formats import Format, Inside, suffix_of
from sdgen.files.objects import ObjectFolder
from sdgen.files.reading import read_record_of
from sdgen.files.signing import Signing, signed
from sdgen.files.write import numbered
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import Record


@dataclass(frozen=True, slots=True)
class _Pair:
    """Picture and sidecar as they will lie in `folder`."""

    folder: ObjectFolder
    suffix: str
    picture: bytes
    sidecar: bytes
    job_id: str
    bare: bool
    """The picture does not hold its record: the sidecar comes first, so that none is without."""

    def files(self, stem: str) -> list[tuple[str, bytes]]:
        """Names and contents in the order of uploading."""
        files = [(stem + self.suffix, self.picture), (f"{stem}.json", self.sidecar)]
        return files[::-1] if self.bare else files


def upload_picture(
    image: Image.Image,
    record: Record,
    folder: ObjectFolder,
    stem: str,
    *,
    format: Format = "png",
    overwrite: bool = False,
    inside: Inside = "record",
    signing: Signing | None = None,
) -> tuple[str, int]:
    """Upload `image` with `record` inside, and `record` beside it as `<stem>.json`.

    Args:
        image: The pixels that `record` tells of.
        record: What made them; it names its job.
        folder: Where they go.
        stem: The name without suffix; a taken one gets a number (`fox-2`).
        format: Of the picture.
        overwrite: Replace what has the name.
        inside: What the picture itself tells; the record beside it is always whole.
        signing: What the picture is signed with, if it is.

    Returns:
        The name of the picture in `folder`, and its bytes.

    Raises:
        OutputError: The storage does not take them.
        GenerationError: The record is too large for the format.
    """
    data = encode(image, record, format, inside)
    if signing:
        data = signed(data, format, signing)
    note = record_in(record, format).to_json(indent=2) + "\n"
    job_id = record.job.id if record.job else ""
    suffix = suffix_of(format)
    pair = _Pair(folder, suffix, data, note.encode(), job_id, inside != "record")
    if overwrite:
        for name, content in pair.files(stem):
            folder.replace(name, content)
        return stem + suffix, len(data)
    sizes = ((one + suffix, _claim(pair, one)) for one in numbered(stem))
    return next((name, size) for name, size in sizes if size is not None)


def _claim(pair: _Pair, stem: str) -> int | None:
    """Upload both: the bytes of the picture. None, and nothing changed, if a name is taken."""
    (first, content), (second, other) = pair.files(stem)
    if not pair.folder.claim(first, content):
        if not pair.job_id or job_id_of(pair.folder, stem, pair.suffix) != pair.job_id:
            return None
        return _complete(pair, stem)
    if pair.folder.claim(second, other):
        return len(pair.picture)
    pair.folder.remove(first)
    return None


def _complete(pair: _Pair, stem: str) -> int:
    """Upload what is missing of the two, the first of which is of the same job."""
    if pair.bare and pair.folder.claim(stem + pair.suffix, pair.picture):
        return len(pair.picture)
    mend_sidecar(pair.folder, stem + pair.suffix)
    return pair.folder.size(stem + pair.suffix)


def job_id_of(folder: ObjectFolder, stem: str, suffix: str) -> str:
    """The job that a picture's record names, or its sidecar's; empty where there is none.

    Raises:
        OutputError: The storage does not answer.
    """
    picture = folder.read([stem + suffix]).get(stem + suffix)
    owner = _owner(_record_in(picture, suffix)) if picture is not None else ""
    return owner or job_ids_in(folder, [f"{stem}.json"]).get(f"{stem}.json", "")


def job_ids_in(folder: ObjectFolder, sidecars: list[str]) -> dict[str, str]:
    """The jobs that these sidecars name, by their names; those that name none are left out.

    Raises:
        OutputError: The storage does not answer.
    """
    owners = {name: _owner(_read(data)) for name, data in folder.read(sidecars).items()}
    return {name: owner for name, owner in owners.items() if owner}


def mend_sidecar(folder: ObjectFolder, picture: str) -> None:
    """Upload the sidecar of a picture whose worker died between the two, if it is missing.

    Raises:
        OutputError: The storage does not take it.
    """
    stem, dot, suffix = picture.rpartition(".")
    if folder.has(f"{stem}.json"):
        return
    record = _record_in(folder.read([picture]).get(picture, b""), dot + suffix)
    if record is not None:
        folder.claim(f"{stem}.json", (record.to_json(indent=2) + "\n").encode())


def _owner(record: Record | None) -> str:
    return record.job.id if record and record.job else ""


def _read(sidecar: bytes) -> Record | None:
    try:
        return read_record(sidecar)
    except InputError:
        return None


def _record_in(picture: bytes, suffix: str) -> Record | None:
    """The record in a picture, which is read as one on the disk: bounded, never on faith."""
    with tempfile.TemporaryDirectory(prefix="sdgen-") as folder:
        path = Path(folder, f"picture{suffix}")
        path.write_bytes(picture)
        try:
            return read_record_of(path)
        except InputError:
            return None
