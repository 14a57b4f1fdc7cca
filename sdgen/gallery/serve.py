"""The page served on this machine alone: read-only, for programs of this machine and no website.

A page of some website could ask a server on loopback, under a name that it lets point here. So the
Host of each question must be loopback's own, and an Origin, where one is told, this server's.
"""

from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sdgen.errors import InputError
from sdgen.files.formats import format_in
from sdgen.files.reading import head_of, readable
from sdgen.gallery.page import json_for_script, numbered, page, policy
from sdgen.gallery.shelf import Shelf

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(live=True),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_JSON, _HTML, _TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"


class GalleryServer(ThreadingHTTPServer):
    """Serves the pictures of `sources`.

    Args:
        sources: Folders and pictures.
        root: The folder that paths are shown from.
        title: Of the page.
        port: 0 takes a free one.

    Raises:
        InputError: The port is taken.
    """

    daemon_threads = True

    def __init__(self, sources: list[Path], root: Path, title: str, port: int = 0) -> None:
        self.shelf, self.title = Shelf(sources, root), title
        try:
            super().__init__((HOST, port), _Answer)
        except OSError as error:
            raise InputError(
                f"port {port} cannot be had: {str(error.strerror).lower()}",
                hint="--port 0 takes a free one",
            ) from error
        self.timeout = 0.3
        self.port: int = self.server_address[1]

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://{HOST}:{self.port}/"

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Whether the question is one that a page of our own, or a person, would ask."""
        hosts = {f"{name}:{self.port}" for name in NAMES}
        origin = headers.get("Origin")
        site = headers.get("Sec-Fetch-Site", "none")
        return (
            headers.get("Host") in hosts
            and (origin is None or origin in {f"http://{host}" for host in hosts})
            and site in ("none", "same-origin")
        )


class _Answer(BaseHTTPRequestHandler):
    server: GalleryServer
    server_version, sys_version = "sdgen", ""
    timeout = 10

    def do_GET(self) -> None:
        """Answer; a browser that went away in the middle is none of our concern."""
        try:
            self._answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET

    def _answer(self) -> None:
        if not self.server.allows(self.headers):  # type: ignore[arg-type]
            self._send(HTTPStatus.FORBIDDEN, _TEXT, b"only this machine's own page may ask\n")
            return
        asked = urlsplit(self.path)
        known = parse_qs(asked.query).get("known", [""])[0]
        try:
            status, kind, body = self._found(asked.path, known)
        except (InputError, OSError):
            status, kind, body = HTTPStatus.NOT_FOUND, _TEXT, b"not here\n"
        self._send(status, kind, body)

    def _found(self, path: str, known: str) -> tuple[HTTPStatus, str, bytes]:
        shelf = self.server.shelf
        if path == "/":
            state, cards = shelf.cards()
            whole = page(self.server.title, cards, live=True, state=state)
            return HTTPStatus.OK, _HTML, whole.encode()
        if path == "/cards.json":
            state, cards = shelf.cards()
            if known == state:
                return HTTPStatus.NO_CONTENT, _JSON, b""
            told = json_for_script({"state": state, "cards": numbered(cards)})
            return HTTPStatus.OK, _JSON, told.encode()
        room, _, key = path.removeprefix("/").partition("/")
        if room == "thumbnail" and (small := shelf.thumbnail(key)):
            return HTTPStatus.OK, "image/webp", small
        if room == "picture" and (picture := shelf.path(key)):
            return HTTPStatus.OK, *_picture(picture)
        return HTTPStatus.NOT_FOUND, _TEXT, b"not here\n"

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the terminal is the command's."""


def _picture(path: Path) -> tuple[str, bytes]:
    with readable(path) as file:
        kind = format_in(head_of(file))
        if kind is None or kind == "json":
            raise InputError("is not a picture")
        return f"image/{kind}", file.read()
