"""What a repository on the hub has, and which files of it a model needs.

The list comes from a server, and so does `model_index.json`: both are judged before a name of
theirs becomes a path.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.errors import ModelError
from sdgen.models.hub_names import COMMIT, is_file
from sdgen.models.weights import CONVERT

MOST_FILES = 20_000
MOST_BYTES = 10**12
"""No file of a model is as large as this; what a list says beyond it is not believed."""

INDEX = "model_index.json"
SMALL = (".json", ".txt", ".model")
"""Configurations and vocabularies; no program is among them."""
MOST_SMALL_BYTES = 64 * 1024 * 1024

_PICKLES = (".bin", ".ckpt", ".pt", ".pth")
_HEX = {64: re.compile(r"[0-9a-f]{64}"), 40: re.compile(r"[0-9a-f]{40}")}
_WEIGHTS = re.compile(
    r"(?P<stem>diffusion_pytorch_model|model)(\.(?P<variant>fp16))?(-\d{5}-of-\d{5})?\.safetensors"
)
_SHARDS_INDEX = re.compile(
    r"(diffusion_pytorch_model|model)\.safetensors\.index(\.(?P<variant>\w+))?\.json"
)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository: its path, bytes, and hash: SHA-256 of 64 or git's SHA-1 of 40."""

    path: str
    size: int
    digest: str

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a repository at one commit."""

    repository: str
    commit: str
    files: Mapping[str, RemoteFile]

    def file(self, path: str) -> RemoteFile:
        """The file of this path.

        Raises:
            ModelError: There is none.
        """
        if path not in self.files:
            raise ModelError(f"{self.repository} has no {path}")
        return self.files[path]


def read_listing(repository: str, value: Any) -> Listing:
    """The hub's answer about a repository.

    Raises:
        ModelError: It is not of that form, or names files in places where none may be.
    """
    commit = value.get("sha") if isinstance(value, dict) else None
    files = value.get("siblings") if isinstance(value, dict) else None
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit) or not isinstance(files, list):
        raise ModelError(f"the hub's answer about {repository} is not a list of files")
    if len(files) > MOST_FILES:
        raise ModelError(f"{repository} has {len(files)} files; sdgen looks at {MOST_FILES}")
    read = [_file(repository, one) for one in files]
    return Listing(repository, commit, {one.path: one for one in read})


def _file(repository: str, value: Any) -> RemoteFile:
    said = value if isinstance(value, dict) else {}
    path, size, lfs = said.get("rfilename"), said.get("size"), said.get("lfs")
    if not isinstance(path, str):
        raise ModelError(f"the hub's list of {repository} has a file without a name")
    outside = path.startswith(("/", "\\", "~")) or "\\" in path or ".." in path.split("/")
    if outside or "\0" in path:
        raise ModelError(f"the hub's list of {repository} names a place outside of it: {path!r}")
    digest = lfs.get("sha256") if isinstance(lfs, dict) else said.get("blobId")
    sound = isinstance(digest, str) and any(form.fullmatch(digest) for form in _HEX.values())
    whole = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= MOST_BYTES
    if not whole or not sound:
        return RemoteFile(path, -1, "")  # only a fault if it is needed
    assert isinstance(size, int)
    return RemoteFile(path, size, str(digest))


def files_of_pipeline(listing: Listing, index: Any, variant: str | None) -> list[RemoteFile]:
    """What a diffusers pipeline needs, `model_index.json` first.

    Args:
        listing: What the repository has.
        index: What its `model_index.json` says.
        variant: Which weights are preferred; the others are taken where these are not complete.

    Raises:
        ModelError: A part has no weights but pickled ones, or a file cannot be what it should be.
    """
    parts = _parts(listing, index)
    chosen = _variant(listing, parts, variant)
    wanted = [listing.file(INDEX)]
    for files in parts.values():
        wanted += [one for one in files if _is_wanted(one, chosen)]
    return [_checked(listing, one) for one in wanted]


def _parts(listing: Listing, index: Any) -> dict[str, list[RemoteFile]]:
    """Part of the pipeline → all files of its folder."""
    if not isinstance(index, dict):
        raise ModelError(f"{listing.repository} has a {INDEX} that is not a table")
    pairs = {k: v for k, v in index.items() if isinstance(v, list) and len(v) == 2 and all(v)}
    names = [name for name in pairs if not name.startswith("_") and is_file(name)]
    return {name: [f for f in listing.files.values() if f.folder == name] for name in names}


def _variant(
    listing: Listing, parts: Mapping[str, list[RemoteFile]], preferred: str | None
) -> str | None:
    """The one variant that all parts with weights have."""
    weighty = {name: files for name, files in parts.items() if any(map(_is_weight, files))}
    for variant in dict.fromkeys((preferred, None, "fp16")):
        if all(_in_variant(files, variant) for files in weighty.values()):
            return variant
    name, files = next((n, f) for n, f in weighty.items() if not _in_variant(f, None))
    pickles = [one.name for one in files if one.name.endswith(_PICKLES)]
    if pickles and not _in_variant(files, "fp16"):
        raise ModelError(
            f"{listing.repository} has the weights of {name} only as a pickle ({pickles[0]}), "
            "which can run code",
            hint=CONVERT,
        )
    raise ModelError(f"{listing.repository} has no weights that are whole: {name} lacks some")


def _is_weight(file: RemoteFile) -> bool:
    return file.name.endswith((".safetensors", *_PICKLES))


def _in_variant(files: Iterable[RemoteFile], variant: str | None) -> bool:
    return any((m := _WEIGHTS.fullmatch(f.name)) and m["variant"] == variant for f in files)


def _is_wanted(file: RemoteFile, variant: str | None) -> bool:
    """Whether a file of a part is its configuration, its vocabulary, or its weights."""
    if weights := _WEIGHTS.fullmatch(file.name):
        return bool(weights["variant"] == variant)
    if index := _SHARDS_INDEX.fullmatch(file.name):
        return bool(index["variant"] == variant)
    return file.name.endswith(SMALL) and ".index." not in file.name


def _checked(listing: Listing, file: RemoteFile) -> RemoteFile:
    """`file`, if it can be fetched as what it is."""
    if not is_file(file.path) or file.size < 0:
        raise ModelError(f"the hub's list of {listing.repository} is wrong about {file.path!r}")
    is_small = file.name.endswith(SMALL) or len(file.digest) == 40  # git keeps no big files
    if is_small and file.size > MOST_SMALL_BYTES:
        raise ModelError(f"{file.path} of {listing.repository} is too large for what it should be")
    return file


def single_file(listing: Listing, named: str) -> RemoteFile:
    """The one .safetensors file that is meant: the named one, or the only one.

    Raises:
        ModelError: It is not there, there are several, or only pickles.
    """
    if named:
        return _checked(listing, listing.file(named))
    top = [one for one in listing.files.values() if not one.folder]
    found = [one for one in top if one.name.endswith(".safetensors")]
    usual = [one for one in found if one.name == "pytorch_lora_weights.safetensors"]
    if len(found) == 1 or usual:
        return _checked(listing, (usual or found)[0])
    if found:
        shown = ", ".join(one.name for one in found[:5])
        raise ModelError(
            f"{listing.repository} has {len(found)} files of weights: {shown}",
            hint=f"say which: {listing.repository}/{found[0].name}",
        )
    if any(one.name.endswith(_PICKLES) for one in top):
        raise ModelError(
            f"{listing.repository} has its weights only as a pickle, which can run code",
            hint=CONVERT,
        )
    raise ModelError(f"{listing.repository} has no file of weights (.safetensors)")
