"""A folder in object storage, `s3://bucket/prefix` or `gs://bucket/prefix`, through fsspec.

An object is there when its last byte has come, or not at all, and a new name is claimed by an
upload that the store itself refuses where anything has the name: the same two promises that links
give on a disk. Nothing is said of what a library reports but its kind, since it may hold keys.
"""

import importlib.util
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sdgen.errors import InputError, OutputError, did_you_mean

NEEDED: Mapping[str, str] = {"s3": "s3fs", "gs": "gcsfs"}
"""Scheme → the package that speaks with it, which the extra of the same name brings."""

READ_AT_ONCE = 16

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):/{1,2}(?P<rest>.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")

_AT_ONCE: Mapping[str, Any] = {"use_listings_cache": False}
"""What others changed meanwhile is seen."""


def is_address(text: str) -> bool:
    """Whether `text` is an address and no path; a path that went through `Path` lost a slash."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(match["scheme"]) > 1  # C:/pictures is a path


def refuse_address(folder: Path, hint: str = "sdgen batch writes to object storage") -> None:
    """Refuse to make a folder of the name `s3:` where somebody means a bucket.

    Raises:
        InputError: `folder` is an address.
    """
    if is_address(str(folder)):
        shown = str(folder).replace(":/", "://", 1).replace(":///", "://")
        raise InputError(f"{shown} is no folder on this disk", hint=hint)


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """All objects whose names begin with `prefix/` in one bucket. It can be pickled.

    Names are relative to it, with `/` between their parts. Every method raises `OutputError`.
    """

    scheme: str
    bucket: str
    prefix: str = ""

    @classmethod
    def at(cls, address: str) -> "ObjectFolder":
        """The folder of an address such as `s3://bucket/cats`; nothing is asked of it yet.

        Raises:
            InputError: It is none, holds a password, or what speaks with such storage is missing.
        """
        match = _ADDRESS.fullmatch(address)
        scheme = match["scheme"].lower() if match else ""
        if match is None or scheme not in NEEDED:
            hint = did_you_mean(scheme, NEEDED) or "s3://bucket/folder, gs://bucket/folder"
            raise InputError(f"sdgen does not write to {scheme}:// addresses", hint=hint)
        bucket, _, prefix = match["rest"].rstrip("/").partition("/")
        _check(bucket, prefix)
        if importlib.util.find_spec(NEEDED[scheme]) is None:
            raise InputError(
                f"{scheme}:// needs {NEEDED[scheme]}, which is not installed",
                hint=f"pip install 'sdgen[{scheme}]'",
            )
        return cls(scheme, bucket, prefix)

    def __str__(self) -> str:
        return f"{self.scheme}://{self._path('')}".rstrip("/")

    def shown(self, name: str) -> str:
        """The whole address of an object, for people."""
        return f"{self}/{name}"

    def probe(self) -> None:
        """Upload a small object and remove it, to see that one can."""
        name = self._path(f".sdgen/probe-{secrets.token_hex(8)}")
        with self._reaching():
            _opened(self.scheme).pipe_file(name, b"sdgen\n")
            _opened(self.scheme).rm_file(name)

    def sizes(self) -> dict[str, int]:
        """The objects of the folder and of those in it: name → bytes."""
        with self._reaching():
            try:
                found = _opened(self.scheme).find(self._path(""), detail=True)
            except FileNotFoundError:
                self._find_bucket()
                return {}
        start = len(self._path(""))
        sizes = {path[start:]: int(one["size"]) for path, one in found.items()}
        return {name: size for name, size in sizes.items() if name}

    def size(self, name: str) -> int:
        """The bytes of an object; -1 if there is none."""
        with self._reaching(name):
            try:
                found = _opened(self.scheme).info(self._path(name))
            except FileNotFoundError:
                return -1
        return int(found["size"]) if found["type"] == "file" else -1

    def has(self, name: str) -> bool:
        """Whether there is such an object."""
        return self.size(name) >= 0

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """The contents of those of `names` that are there; many are asked for at once."""
        with ThreadPoolExecutor(READ_AT_ONCE) as threads:
            found = zip(names, threads.map(self._content, names), strict=True)
            return {name: data for name, data in found if data is not None}

    def _content(self, name: str) -> bytes | None:
        with self._reaching(name):
            try:
                return bytes(_opened(self.scheme).cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def claim(self, name: str, data: bytes) -> bool:
        """Upload a new object, whole or not at all; False, and no change, if the name is taken."""
        with self._reaching(name):
            try:
                _opened(self.scheme).pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Upload an object in place of what has its name; readers see the old or the new one."""
        with self._reaching(name):
            _opened(self.scheme).pipe_file(self._path(name), data)

    def remove(self, name: str) -> None:
        """Remove the object, if it is there."""
        with self._reaching(name):
            try:
                _opened(self.scheme).rm_file(self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return "/".join(part for part in (self.bucket, self.prefix) if part) + f"/{name}"

    def _find_bucket(self) -> None:
        """Tell an empty folder from a bucket that is not there."""
        _opened(self.scheme).ls(self.bucket, detail=False)

    @contextmanager
    def _reaching(self, name: str = "") -> Iterator[None]:
        """Turn what goes wrong meanwhile into one line without anything secret."""
        shown = self.shown(name) if name else str(self)
        try:
            yield
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001  # of half a dozen libraries, with no kind in common
            reason, hint = _reason(error, self.scheme)
            raise OutputError(f"cannot write {shown}: {reason}", hint=hint) from None


def _check(bucket: str, prefix: str) -> None:
    """Refuse what is no bucket and folder.

    Raises:
        InputError: So it is. What it was is not repeated: it may hold a password.
    """
    if "@" in bucket or ":" in bucket:
        raise InputError(
            "the address has a password or a port in it, which have no place there",
            hint="sdgen uses the keys that the storage's own tools use: see `aws configure`",
        )
    if not _BUCKET.fullmatch(bucket):
        raise InputError(f"{bucket!r} is no name of a bucket", hint="s3://bucket/folder")
    parts = prefix.split("/") if prefix else []
    if any(part in ("", ".", "..") or not part.isprintable() or set(part) & set("?#*[]\\")
           for part in parts):  # fmt: skip
        raise InputError(f"{prefix!r} is no folder in a bucket", hint="s3://bucket/folder")


@lru_cache(maxsize=2)
def _opened(scheme: str) -> Any:
    """The file system of a scheme, with the keys of its own tools: environment, files, machine."""
    import fsspec  # loads with what it needs, only where such an address is written to

    return fsspec.filesystem(scheme, **_AT_ONCE)


_KEYS = {
    "s3": "see `aws sts get-caller-identity`; AWS_PROFILE chooses among keys",
    "gs": "see `gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS",
}
_NO_KEYS = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError",
            "RefreshError", "ProfileNotFound", "TokenRetrievalError")  # fmt: skip
_UNREACHED = (
    "Connect",
    "Timeout",
    "Endpoint",
    "Proxy",
    "SSL",
    "DNS",
    "Disconnected",
    "TransportError",
)
_BY_STATUS = {401: "denied", 403: "denied", 404: "missing"}


def _reason(error: Exception, scheme: str) -> tuple[str, str]:
    """Why, and what to do, by the kind of the error alone."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    status = _BY_STATUS.get(getattr(error, "code", 0)) or _status_in(error)
    if any(kind in _NO_KEYS for kind in kinds):
        return "there are no keys for it here", _KEYS[scheme]
    if isinstance(error, PermissionError) or status == "denied":
        return "no permission, or the wrong keys", _KEYS[scheme]
    if isinstance(error, FileNotFoundError) or status == "missing":
        return "there is no such bucket", "make it first, or look at its name"
    if any(word in kind for kind in kinds[:3] for word in _UNREACHED):
        return (
            "the storage cannot be reached",
            "look at the network, and go on with the same command",
        )
    return f"the storage refused it ({kinds[0]})", "go on with the same command, or see its own log"


def _status_in(error: Exception) -> str:
    """What gcsfs forbids: a plain error whose text begins so."""
    return "denied" if str(error).startswith("Forbidden") else ""
