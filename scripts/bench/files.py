"""What a picture costs on its way to the disk: `python scripts/bench/files.py [ROUNDS] [FOLDER]`.

Two tables, all arms of one in turn in each round, the first round only warming up: PNG encoders, by
the processor's seconds, on pictures that the built-in model draws for this; and series of pictures
saved after each drawing or beside the next one, by the clock. Drawing is played by three kinds of
work: waiting, as for a GPU; computing without Python's lock, as torch does on the CPU; and with it.
Writes `files.json` and `files.md` into FOLDER and prints the latter.
"""

import hashlib
import io
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import PIL
from PIL import Image

import sdgen
from sdgen.files.png import encode_png
from sdgen.files.save import save_picture
from sdgen.files.writers import WriterPool
from sdgen.metadata.record import pixels_of

PROMPTS = ("a red fox in the snow", "a city at night", "a bowl of fruit", "a lighthouse by the sea")
SIDES = (256, 512, 1024)
"""Drawn at 256; larger ones are sheets of the four, cut at other places so that none repeats."""

SERIES = 24
DRAW_SECONDS = 0.03
BUFFER = bytes(2**16)


def main(rounds: int = 7, folder: str = ".") -> None:
    """Measure, write, print."""
    drawn = [sdgen.generate(prompt, seed=seed, size="256x256", steps=8)
             for seed, prompt in enumerate(PROMPTS)]  # fmt: skip
    images = [picture.image for picture in drawn]
    found = {
        "python": platform.python_version(), "pillow": PIL.__version__,
        "zlib": zlib.ZLIB_RUNTIME_VERSION, "cores": os.cpu_count(), "rounds": rounds,
        "encoders": [row for side in SIDES for row in _encoders(_sheet(images, side), rounds)],
        "series": [row for side in (512, 1024)
                   for row in _series(_sheet(images, side), drawn[0].record, rounds)],
    }  # fmt: skip
    table = _markdown(found)
    Path(folder, "files.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Path(folder, "files.md").write_text(table, encoding="utf-8")
    print(table, end="")


def _sheet(images: list[Image.Image], side: int) -> Image.Image:
    """`images` laid out to a square, each tile rolled by another distance."""
    sheet = Image.new("RGB", (side, side))
    for number in range((side // 256) ** 2):
        tile = images[number % len(images)]
        shift = 37 * number % 256
        rolled = Image.new("RGB", tile.size)
        rolled.paste(tile, (shift, 0))
        rolled.paste(tile, (shift - 256, 0))
        across = side // 256
        sheet.paste(rolled, (256 * (number % across), 256 * (number // across)))
    return sheet


def _pillow(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


ENCODERS: dict[str, Callable[[Image.Image], bytes]] = {
    "Pillow, default": _pillow,
    "Pillow, level 1": partial(_pillow, compress_level=1),
    "sdgen": lambda image: encode_png(image, {}),
}


def _encoders(image: Image.Image, rounds: int) -> list[dict[str, Any]]:
    seconds: dict[str, list[float]] = {name: [] for name in ENCODERS}
    sizes = {}
    for number in range(rounds + 1):
        for name, encode in ENCODERS.items():
            started = time.thread_time()
            data = encode(image)
            if number:
                seconds[name].append(time.thread_time() - started)
            elif Image.open(io.BytesIO(data)).tobytes() != image.tobytes():
                raise SystemExit(f"{name} changes pixels")
            sizes[name] = len(data)
    return [
        {"side": image.width, "encoder": name, "bytes": sizes[name], **_spread(each),
         "megapixels_per_second": image.width * image.height / 1e6 / statistics.median(each)}
        for name, each in seconds.items()
    ]  # fmt: skip


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median_ms": 1e3 * statistics.median(seconds), "least_ms": 1e3 * min(seconds),
            "most_ms": 1e3 * max(seconds)}  # fmt: skip


def _wait(seconds: float) -> None:
    time.sleep(seconds)


def _compute_unlocked(seconds: float) -> None:
    """Hashing lets go of Python's lock for buffers of this size."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        hashlib.sha256(BUFFER)


def _compute_locked(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        sum(range(1000))


DRAWINGS = {"waits": _wait, "computes": _compute_unlocked, "computes, locked": _compute_locked}


def _series(image: Image.Image, record: Any, rounds: int) -> list[dict[str, Any]]:
    noted = record.model_copy(update={"image": pixels_of(image)})
    arms: dict[tuple[str, str], list[float]] = {
        (name, way): [] for name in DRAWINGS for way in ("after", "beside")
    }
    for number in range(rounds + 1):
        for (name, way), taken in arms.items():
            with tempfile.TemporaryDirectory(dir=".") as folder:
                save = partial(save_picture, image, noted, Path(folder), "fox")
                seconds = _saved(save, DRAWINGS[name], beside=way == "beside")
            if number:
                taken.append(seconds / SERIES)
    return [
        {"side": image.width, "drawing": name, "saved": way, **_spread(each)}
        for (name, way), each in arms.items()
    ]


def _saved(save: Callable[..., Any], draw: Callable[[float], None], *, beside: bool) -> float:
    """Seconds of `SERIES` pictures, of which each is drawn and saved."""
    started = time.perf_counter()
    with WriterPool() as writers:
        for _ in range(SERIES):
            draw(DRAW_SECONDS)
            if beside:
                writers.hand_in(lambda turn: save(turn=turn), lambda saved: None)
            else:
                save()
    return time.perf_counter() - started


def _markdown(found: dict[str, Any]) -> str:
    head = ", ".join(f"{name} {found[name]}" for name in ("python", "pillow", "zlib"))
    lines = [f"{head}, {found['cores']} cores, {found['rounds']} rounds", "",
             "| picture | encoder | ms of the processor (least to most) | MP/s | bytes |",
             "| --- | --- | --- | --- | --- |"]  # fmt: skip
    lines += [
        f"| {one['side']}x{one['side']} | {one['encoder']} | {_times(one)} "
        f"| {one['megapixels_per_second']:.0f} | {one['bytes']:,} |"
        for one in found["encoders"]
    ]
    lines += ["", f"Drawing takes {1e3 * DRAW_SECONDS:.0f} ms a picture.", "",
              "| picture | drawing | saved | ms a picture by the clock (least to most) |",
              "| --- | --- | --- | --- |"]  # fmt: skip
    lines += [
        f"| {one['side']}x{one['side']} | {one['drawing']} | {one['saved']} | {_times(one)} |"
        for one in found["series"]
    ]
    return "\n".join(lines) + "\n"


def _times(one: dict[str, Any]) -> str:
    return f"{one['median_ms']:.1f} ({one['least_ms']:.1f} to {one['most_ms']:.1f})"


if __name__ == "__main__":
    main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])
