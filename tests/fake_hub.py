"""A hub on loopback: repositories of folders, and every way in which a real one fails.

It speaks as much of the protocol as is asked for: what a repository has at a revision, and the
bytes of a file from any place on. `mode` says what goes wrong, `seen` what was asked.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LFS_FROM = 10_000
"""Files from this size on are told by their SHA-256, smaller ones by git's SHA-1."""


def commit_of(files: dict[str, bytes]) -> str:
    """Forty hex digits that these files are known by."""
    digest = hashlib.sha1(usedforsecurity=False)
    for path in sorted(files):
        digest.update(path.encode() + b"\0" + files[path])
    return digest.hexdigest()


@dataclass
class FakeHub:
    """What it has (repository → commit → path → bytes), how it fails, and what it was asked."""

    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    mode: str = "good"
    """good, a status, gated, token, hang, cut, page, wrong, more, elsewhere, plain or huge."""
    fails: int = 1_000
    """So many answers go wrong, and then no more."""
    token: str = ""
    listed: list[dict[str, Any]] = field(default_factory=list)
    """What the list names beside what is there."""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def add(self, repository: str, files: dict[str, bytes] | Path) -> str:
        """Put a repository, or another commit of one, there; gives the commit, which is `main`."""
        if isinstance(files, Path):
            files = {str(p.relative_to(files)): p.read_bytes()
                     for p in files.rglob("*") if p.is_file()}  # fmt: skip
        commit = commit_of(files)
        self.repositories.setdefault(repository, {})[commit] = files
        self.refs[repository] = commit
        return commit

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]

    def listing(self, repository: str, commit: str) -> dict[str, Any]:
        files = self.repositories[repository][commit]
        return {"id": repository, "sha": commit, "siblings": [
            *(_sibling(path, data) for path, data in files.items()), *self.listed]}  # fmt: skip


def _sibling(path: str, data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    value: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": blob}
    if len(data) >= LFS_FROM:
        value["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return value


_WHOLE = ("gated", "token", "hang", "page")
"""Ways to fail, besides numbers of HTTP, that are the same whatever is asked."""


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        hub = self.hub
        path = unquote(urlsplit(self.path).path)
        hub.seen.append((path, {k.lower(): v for k, v in self.headers.items()}))
        failing = hub.mode if hub.fails > 0 else "good"
        if failing.isdigit() or failing in _WHOLE:
            hub.fails -= 1  # before the answer, after which the next request comes at once
            self._fail(failing)
        elif path.startswith("/api/models/"):
            self._list(path.removeprefix("/api/models/"), failing)
        else:
            self._file(path.removeprefix("/"), failing)

    def _fail(self, mode: str) -> None:
        """The answer to whatever is asked, where nothing works."""
        if mode.isdigit():
            self._answer(int(mode), b"no", {"Retry-After": "7"})
        elif mode == "gated":
            self._answer(403, b"no", {"X-Error-Code": "GatedRepo"})
        elif mode == "token":
            error = {"X-Error-Message": "Invalid credentials in Authorization header"}
            self._answer(401, b"no", error)
        elif mode == "hang":
            time.sleep(3)
            self.close_connection = True
        else:
            self._answer(200, b"<html>Welcome to the airport</html>", {"Content-Type": "text/html"})

    def _list(self, rest: str, mode: str) -> None:
        owner, name, _, revision = rest.split("/", 3)
        repository = f"{owner}/{name}"
        if repository not in self.hub.repositories:
            self._answer(404, b"no", {"X-Error-Code": "RepoNotFound"})
            return
        known = self.hub.repositories[repository]
        commit = self.hub.refs[repository] if revision == "main" else revision
        if commit not in known:
            self._answer(404, b"no", {"X-Error-Code": "RevisionNotFound"})
            return
        value = self.hub.listing(repository, commit)
        if mode == "huge":
            value["siblings"] *= 5_000
        self._answer(200, json.dumps(value).encode())

    def _file(self, rest: str, mode: str) -> None:
        owner, name, _, commit, path = rest.split("/", 4)
        data = self.hub.repositories[f"{owner}/{name}"][commit][path]
        if mode == "elsewhere":
            self._answer(302, b"", {"Location": "https://evil.example/steal"})
            return
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        is_big = len(data) >= LFS_FROM
        if mode == "wrong" and is_big:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if mode == "more" and is_big:
            data += b"more"
        if mode == "plain":
            start = 0
        body = data[start:]
        cut = mode == "cut" and is_big
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"../../../../etag"')  # nothing may be named by it
        self.end_headers()
        if cut:
            self.hub.fails -= 1
            self.close_connection = True
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who asked has gone, which is no news."""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Let it answer at `hub.address`."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
