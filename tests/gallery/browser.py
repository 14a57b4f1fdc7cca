"""A real Chromium without a window, driven through its own pipe: no library, no open port."""

import base64
import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-quic",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60


def find_browser() -> str | None:
    wanted = [os.environ.get("CHROMIUM", ""), "/usr/bin/chromium", *NAMES]
    return next(filter(None, map(shutil.which, filter(None, wanted))), None)


class Browser:
    """One page; `asked` is every address that it asked for."""

    def __init__(self, program: str, profile: Path, width: int = 1280, height: int = 900) -> None:
        self.asked: list[str] = []
        self.errors: list[str] = []
        self._number, self._rest = 0, b""
        down, self._to = os.pipe()
        self._from, up = os.pipe()
        self._process = self._start(program, profile, (down, up), f"{width},{height}")
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str = attached["sessionId"]
        for room in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{room}.enable")

    def _start(self, program: str, profile: Path, ends: tuple[int, int], size: str) -> int:
        """Chromium reads its orders from handle 3 and answers on handle 4."""
        far = [fcntl.fcntl(end, fcntl.F_DUPFD, 32) for end in ends]  # from 3 and 4 themselves
        nowhere = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in range(3)]
        words = [program, *QUIET, f"--user-data-dir={profile}", f"--window-size={size}"]
        try:
            return os.posix_spawn(
                program, words, os.environ, setpgroup=0,
                file_actions=[*nowhere, *((os.POSIX_SPAWN_DUP2, far[n], 3 + n) for n in range(2))],
            )  # fmt: skip
        finally:
            for end in (*ends, *far):
                os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, TimeoutError):
            self._send("Browser.close", {})
        last = time.monotonic() + 10
        while os.waitpid(self._process, os.WNOHANG) == (0, 0):
            if time.monotonic() > last:
                os.killpg(self._process, signal.SIGKILL)
            time.sleep(0.02)
        os.close(self._to)
        os.close(self._from)

    def _send(self, method: str, values: dict[str, Any]) -> int:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if hasattr(self, "_session"):
            order["sessionId"] = self._session
        os.write(self._to, json.dumps(order).encode() + b"\0")
        return self._number

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._from, 2**20)
            if not part:
                raise OSError("the browser is gone")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        number = self._send(method, values)
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]
            self._note(said)

    def _note(self, said: dict[str, Any]) -> None:
        values = said.get("params", {})
        match said.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(values["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(values["exceptionDetails"])[:500])
            case "Log.entryAdded" if values["entry"]["level"] == "error":
                self.errors.append(values["entry"]["text"])

    def open(self, address: str) -> float:
        """Go there; how many seconds passed until the page stood."""
        started = time.monotonic()
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && !!document.querySelector('#grid')")
        return time.monotonic() - started

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str, seconds: float = PATIENCE) -> None:
        """Wait until an expression is true."""
        last = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < last, f"never true: {script}"
            time.sleep(0.02)

    def key(self, key: str, text: str = "") -> None:
        """Press and let go."""
        codes = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "ArrowUp": 38, "Escape": 27,
                 "Enter": 13, "Tab": 9}  # fmt: skip
        code = codes.get(key, ord(key[0].upper()))
        values = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", type="keyDown", **values)
        self.call("Input.dispatchKeyEvent", type="keyUp", **values)

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def picture(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> None:
        """What the page looks like."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        time.sleep(0.3)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
