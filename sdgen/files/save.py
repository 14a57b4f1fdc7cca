"""Save a picture with its record: the picture first, which holds the record too, then its sidecar.

The picture is the commit point. It gets its name by a hard link, complete, so that a kill at any
moment leaves either nothing or a picture from which the sidecar can be written again. Where a
person wants the record out of the picture, the sidecar comes first instead.

A name is free when neither picture nor sidecar has it: `fox.json` belongs to one of `fox.png` and
`fox.webp`. The picture claims; the sidecar follows. If another process claimed the sidecar's name
in the same instant (for a picture of another format), ours is withdrawn and takes the next number.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sdgen.errors import InputError, OutputError
from sdgen.files.encoding import encode, record_in
from sdgen.files.folders import OpenFolder, entered, writing
from sdgen.files.formats import SUFFIXES, Format, Inside, suffix_of
from sdgen.files.signing import Signing, signed
from sdgen.files.write import name_taken, numbered, opened, refuse_odd_target
from sdgen.metadata.json_text import MAX_JSON_BYTES, parse_json_object
from sdgen.metadata.record import Record


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """Where a picture and its sidecar are."""

    path: Path
    sidecar: Path


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both files under their hidden names, and the folder they are in."""

    folder: OpenFolder
    picture: str
    sidecar: str
    suffix: str
    bare: bool
    """The picture does not hold its record: the sidecar comes first, so that none is without."""

    def path(self, stem: str) -> Path:
        return self.folder.path / (stem + self.suffix)

    def saved(self, stem: str) -> SavedPicture:
        return SavedPicture(self.path(stem), self.folder.path / f"{stem}.json")


def at_once() -> None:
    """Wait for nobody."""


def save_picture(  # noqa: PLR0913  # each is one word of the user's or the batch's
    image: Image.Image,
    record: Record,
    folder: Path,
    stem: str,
    *,
    format: Format = "png",
    overwrite: bool = False,
    exact_name: bool = False,
    suffix: str = "",
    root: Path | None = None,
    turn: Callable[[], None] = at_once,
    inside: Inside = "record",
    signing: Signing | None = None,
) -> SavedPicture:
    """Write `image` with `record` inside, and `record` beside it as `<stem>.json`.

    Args:
        image: The pixels that `record` tells of.
        record: What made them.
        folder: Made if missing.
        stem: The name without suffix, from `file_stem`; may have folders in it, never `..`.
        format: Of the picture.
        overwrite: Replace a picture of that name and its sidecar.
        exact_name: Use this name or fail; otherwise a taken one gets a number (`fox-2`).
        suffix: `.jpeg` for those who typed it; else the usual one of the format.
        root: What `check_folder` gave for `folder`: a link that was swapped in since is refused.
        turn: Called when both files are written under hidden names, before they get theirs; may
            wait for other saves that go beside this one.
        inside: What the picture itself tells; the record beside it is always whole.
        signing: What the picture is signed with, if it is.

    Raises:
        OutputError: The files cannot be written, or the exact name is taken.
        GenerationError: The record is too large for the format.
        InputError: `stem` leads out of the folder, or `suffix` is not one of the format.
    """
    suffix = suffix or suffix_of(format)
    if SUFFIXES.get(suffix.lower()) != format:
        raise InputError(f"{suffix!r} is not a suffix of {format} files")
    *parents, name = _parts(stem)
    data = encode(image, record, format, inside)
    if signing:
        data = signed(data, format, signing)
    note = record_in(record, format).to_json(indent=2) + "\n"
    with (
        writing(folder.joinpath(*parents, name + suffix)),
        _opened(folder, root, parents) as home,
        _prepared(home, name + suffix, data, note.encode(), bare=inside != "record") as pair,
    ):
        turn()
        if overwrite:
            saved = _replace(pair, name)
        elif exact_name:
            saved = _claim(pair, name) or _fail(pair, name)
        else:
            saved = next(filter(None, (_claim(pair, stem) for stem in numbered(name))))
        pair.folder.sync()
    return saved


def check_exact_name(folder: Path, stem: str, suffix: str, *, overwrite: bool = False) -> None:
    """Refuse, before minutes go into a picture, an exact name that `save_picture` would refuse.

    Raises:
        OutputError: The name is taken, too long, or one that must not be replaced.
        InputError: `stem` leads out of the folder.
    """
    *parents, name = _parts(stem)
    home = folder.joinpath(*parents)
    saved = SavedPicture(home / (name + suffix), home / f"{name}.json")
    for target in (saved.path, saved.sidecar):
        if _is_there(target) and not overwrite:
            raise name_taken(target)
        refuse_odd_target(target)
    _refuse_foreign(saved)


def _is_there(target: Path) -> bool:
    with writing(target):  # a name that is too long, say
        try:
            target.lstat()
        except FileNotFoundError:
            return False
        return True


def _parts(stem: str) -> list[str]:
    parts = stem.split("/")
    if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
        raise InputError(f"{stem!r} is not a name inside the output folder")
    return parts


@contextmanager
def _prepared(
    home: OpenFolder, name: str, data: bytes, note: bytes, *, bare: bool
) -> Iterator[_Pair]:
    """Both files written into `home`, under hidden names."""
    with home.temporary(name, data) as picture, home.temporary(f"{name}.json", note) as sidecar:
        yield _Pair(home, picture, sidecar, Path(name).suffix, bare)


@contextmanager
def _opened(folder: Path, root: Path | None, parents: list[str]) -> Iterator[OpenFolder]:
    """The innermost of `parents`."""
    with entered(opened(folder, root), parents) as home:
        yield home


def _claim(pair: _Pair, stem: str) -> SavedPicture | None:
    """Give both files their names; None, and nothing changed, if one of the names is taken."""
    saved = pair.saved(stem)
    if pair.folder.has(saved.sidecar.name):  # only saves a withdrawal; the links below decide
        return None
    files = [(pair.picture, saved.path.name), (pair.sidecar, saved.sidecar.name)]
    first, second = reversed(files) if pair.bare else files
    if not pair.folder.claim(*first):
        return None
    is_claimed = False
    try:
        is_claimed = pair.folder.claim(*second)
    finally:
        if not is_claimed:  # a failed save leaves nothing: the next try would make a second picture
            pair.folder.remove(first[1])
    return saved if is_claimed else None


def _fail(pair: _Pair, stem: str) -> SavedPicture:
    saved = pair.saved(stem)
    raise name_taken(saved.path if pair.folder.has(saved.path.name) else saved.sidecar)


def _replace(pair: _Pair, stem: str) -> SavedPicture:
    """Put both files in place of what is there.

    The old sidecar goes first: a kill in between may leave a picture without one, never a picture
    with another's. A picture without its record inside comes last.
    """
    saved = pair.saved(stem)
    refuse_odd_target(saved.path)
    refuse_odd_target(saved.sidecar)
    _refuse_foreign(saved)
    if pair.bare:
        pair.folder.remove(saved.path.name)
        pair.folder.replace(pair.sidecar, saved.sidecar.name)
        pair.folder.replace(pair.picture, saved.path.name)
        return saved
    pair.folder.remove(saved.sidecar.name)
    pair.folder.replace(pair.picture, saved.path.name)
    pair.folder.replace(pair.sidecar, saved.sidecar.name)
    return saved


def _refuse_foreign(saved: SavedPicture) -> None:
    """Refuse to replace a `.json` that is not this picture's: who overwrites it means the picture.

    Raises:
        OutputError: It is no record, or belongs to a picture of another format.
    """
    if not saved.sidecar.exists():
        return
    same_stem = map(saved.sidecar.with_suffix, SUFFIXES)
    owner = next((path for path in same_stem if path != saved.path and path.exists()), None)
    if owner and not saved.path.exists():
        reason = f"it belongs to {owner.name}"
    elif not _is_record(saved.sidecar):
        reason = "it is there and is no record of sdgen"
    else:
        return
    raise OutputError(
        f"cannot write {saved.sidecar}: {reason}", hint="choose another name for the picture"
    )


def _is_record(sidecar: Path) -> bool:
    """Whether the file is JSON that says it is ours, of whatever version."""
    try:
        with sidecar.open("rb") as file:
            schema = parse_json_object(file.read(MAX_JSON_BYTES + 1)).get("schema")
    except InputError:
        return False
    return str(schema).startswith("sdgen.")
