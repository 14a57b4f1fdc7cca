"""Pictures, records, configs and job files that somebody made to hurt: bounded, and one line."""

import itertools
import json
import os
import socket
import struct
import zlib
from collections.abc import Iterable
from contextlib import chdir
from functools import partial
from pathlib import Path

from sdgen.files.png import SIGNATURE
from tests.faults.bounded import bounded
from tests.faults.painted import Said, command
from tests.faults.tally import Tally
from tests.metadata.records import fox_image, fox_record

CODES = (0, 2, 3, 4, 7)
"""What a command that reads may end with."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1), pixels: bytes = b"\0\0\0\0") -> bytes:
    body = b"".join(chunks)
    return SIGNATURE + header(*size) + body + chunk(b"IDAT", zlib.compress(pixels)) + END


END = chunk(b"IEND", b"")
BOMB = zlib.compress(b"\0" * 2**28, 9)
"""A quarter of a GiB in 260 KB."""


def pictures() -> dict[str, bytes]:
    from sdgen.files.images import encode

    record = fox_record()
    whole = {form: encode(fox_image(), record, form) for form in ("png", "jpeg", "webp")}
    text = record.to_json().encode()
    good = whole["png"]
    return {
        "zTXt bomb": png(chunk(b"zTXt", b"sdgen\0\0" + BOMB)),
        "iTXt bomb": png(chunk(b"iTXt", b"sdgen\0\1\0\0\0" + BOMB)),
        "a thousand bombs": png(chunk(b"zTXt", b"a\0\0" + BOMB[: 2**18]) * 1000),
        "pixel bomb": png(size=(40_000, 40_000), pixels=b"\0" * 2**27),
        "colour profile bomb": png(chunk(b"iCCP", b"a\0\0" + BOMB)),
        "2^31 pixels wide": png(size=(2**31 - 1, 2**31 - 1)),
        "no pixels": png(size=(0, 0)),
        "100,000 chunks": png(chunk(b"tEXt", b"a\0b") * 100_001),
        "100,000 texts of many names": png(
            *(chunk(b"tEXt", b"%d\0b" % number) for number in range(90_000))
        ),
        "a text of 2 GiB that ends": SIGNATURE + header(1, 1) + struct.pack(">I", 2**31) + b"tEXt",
        "a checksum that is wrong": good.replace(b'"schema"', b'"schemA"', 1),
        "two records": png(*(chunk(b"iTXt", b"sdgen\0\0\0\0\0" + text) for _ in "12")),
        "a record of nested lists": png(chunk(b"iTXt", b"sdgen\0\0\0\0\0" + b"[" * 10**6)),
        "a record that is no UTF-8": png(chunk(b"iTXt", b"sdgen\0\0\0\0\0{\xff\xfe}")),
        "a JPEG of segments": b"\xff\xd8" + b"\xff\xe1\0\2" * 10**6,
        "a JPEG of padding": b"\xff\xd8" + b"\xff" * 2**24,
        "a WebP of chunks": b"RIFF\0\0\0\0WEBP" + b"XXXX\0\0\0\0" * 10**6,
        "a WebP of 4 GiB": b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff" + b"x" * 1000,
        "XMP of nested tags": b"RIFF\0\0\0\0WEBP" + _webp(b"<x:xmpmeta>" + b"<a>" * 300_000),
        "XMP of laughs": b"RIFF\0\0\0\0WEBP" + _webp(LAUGHS),
        **{f"{form} cut": data[: len(data) // 2] for form, data in whole.items()},
        **{f"{form} with another head": b"\x89PNG" + data for form, data in whole.items()},
    }


LAUGHS = b'<!DOCTYPE a [<!ENTITY a "lol">' + b"".join(
    b'<!ENTITY %c "%s">' % (here, b"&%c;" % before * 10)
    for before, here in itertools.pairwise(b"abcdefghij")
) + b"]><a>&j;</a>"  # fmt: skip


def _webp(packet: bytes) -> bytes:
    return b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)


def records() -> dict[str, bytes]:
    """Texts beside a picture or alone that are no record."""
    good = json.loads(fox_record().to_json())
    return {
        "nested lists": b'{"schema": ' + b"[" * 10**6,
        "nested tables": b'{"a":' * 170_000 + b"1" + b"}" * 170_000,
        "many digits": b'{"schema": ' + b"9" * (2**20 - 20) + b"}",
        "a great exponent": b'{"schema": 1e999999999}',
        "a key twice": b'{"schema": "sdgen.image/1", "schema": "sdgen.image/1"}',
        "NaN": b'{"schema": NaN}',
        "a version of many digits": b'{"schema": "sdgen.image/' + b"9" * 5000 + b'"}',
        "half a character": b'{"schema": "\\ud800"}',
        "a MiB of one key": b'{"' + b"k" * (2**20 - 10) + b'": 1}',
        "100 MB": b'{"a": "' + b"x" * 10**8 + b'"}',
        "UTF-16": '{"schema": "sdgen.image/1"}'.encode("utf-16"),
        "signs": json.dumps(good | {"notices": ["\x1b]0;x\x07\x9b31m\u202e"]}).encode(),
        "many files": json.dumps(
            good | {"model": good["model"] | {"files": {f"f{n}": "0" for n in range(60_000)}}}
        ).encode(),
        "a prompt of a MiB": json.dumps(
            good | {"settings": good["settings"] | {"prompt": "x" * 10**6}}
        ).encode(),
    }


YAML = {
    "laughs": b"a: &a [lol]\n" + b"".join(
        b"%c: &%c [%s]\n" % (here, here, b", ".join([b"*%c" % before] * 10))
        for before, here in itertools.pairwise(b"abcdefghij")
    ),
    "a tag that runs": b"prompt: !!python/object/apply:os.system [touch marker]\n",
    "a tag of an object": b"prompt: !!python/name:os.system\n",
    "nested lists": b"prompt: " + b"[" * 500_000,
    "nested dashes": b"- " * 300_000 + b"a",
    "nested tables": b"{a: " * 200_000,
    "many digits": b"steps: " + b"9" * 900_000,
    "a key twice": b"steps: 20\nsteps: 30\n",
    "many keys": b"".join(b"k%d: 1\n" % number for number in range(80_000)),
    "many documents": b"---\na: 1\n" * 90_000,
    "a long flow": b"prompt: [" + b"a, " * 300_000 + b"a]",
    "100 MB": b"prompt: " + b"x" * 10**8,
    "quotes": b"prompt: '" + b"''" * 500_000,
    "a directive of many digits": b"%YAML " + b"1" * 10**6 + b".1\n---\na\n",
    "UTF-16": "prompt: a fox".encode("utf-16"),
    "signs": b"prompt: \"\\e[31m\\x9b\\u202e\"\nstepz: 1\n",
}  # fmt: skip

PROMPTS = {
    "a line of 60 MiB": b"x" * (60 * 2**20),
    "60 million lines": b"\n" * (60 * 2**20),
    "a million comments": b"# fox\n" * 10**6,
    "two million prompts": b"a\n" * (2 * 10**6),
    "NUL": b"a fox\0\n",
    "no UTF-8": b"caf\xe9\n" * 1000,
    "a mark and nothing": b"\xef\xbb\xbf",
    "UTF-16": "a fox\n".encode("utf-16"),
    "UTF-32": "a fox\n".encode("utf-32"),
    "odd line ends": "a\u2028b\x0bc\x0cd\x1ce\n".encode(),
    "signs": b"a \x1b[31m fox\n\x9b\n",
    "bidi": "a \u202efox\n".encode(),
    "nested objects": b'{"prompt": ' * 100_000 + b"\n",
    "an object of a million keys": b'{"prompt": "a"' + b',"k":1' * 10**6 + b"}\n",
    "quotes of a table": b'prompt,seed\n"' + b"a," * 10**6 + b"\n",
    "a table of many columns": b",".join([b"prompt"] * 100_000) + b"\na\n",
    "a1111 quotes": b'--prompt "' + b'\\"' * 10**5 + b"\n",
    "kohya flags": b"a fox" + b" --n x" * 10**5 + b"\n",
    "a matrix of 10^12": b"matrix:\n" + b"".join(
        b"  %s: [%s]\n" % (key, b", ".join(b"%d" % n for n in range(1, 1001)))
        for key in (b"seed", b"steps", b"eta", b"clip_skip")
    ),
}  # fmt: skip


def hostile_pictures(home: Path, _: int) -> Tally:
    """Each is shown, compared and drawn again."""
    return _each(home, pictures(), ".png", (["show"], ["reproduce"], ["diff", "fox.png"]))


def hostile_records(home: Path, _: int) -> Tally:
    """Each beside a picture without one, and alone."""
    return _each(home, records(), ".json", (["show"], ["reproduce"], ["reproduce", "--check"]))


def hostile_configs(home: Path, _: int) -> Tally:
    """Each as a config, and as a job file."""
    return _each(home, YAML, ".yaml", (["configs", "show"], ["explain", "-c"], BATCH))


def hostile_prompts(home: Path, _: int) -> Tally:
    """Each as a job file of every dialect that its ending does not decide."""
    return _each(home, PROMPTS, "", (BATCH, [*BATCH, "--dialect", "jsonl"],
                                     [*BATCH, "--dialect", "csv"], [*BATCH, "--dialect", "a1111"],
                                     [*BATCH, "--dialect", "kohya"]))  # fmt: skip


BATCH = ["batch", "--dry-run"]
READERS = (
    BATCH, ["show"], ["reproduce"], ["diff", "fox.png"], ["configs", "show"], ["explain", "-c"],
    ["models", "info"], ["batch", "jobs.txt", "--dry-run", "-c"], ["explain", "--model"],
)  # fmt: skip


def special_files(home: Path, _: int) -> Tally:
    """Pipes, devices, folders, sockets and loops where a file is wanted: never waited for."""
    tally = Tally()
    with chdir(home):
        _make_special()
        for path in (*sorted(Path("special").iterdir()), *map(Path, DEVICES)):
            for words in READERS:
                tally.tried += 1
                found = bounded(partial(_told, [*words, path]), seconds=5)
                tally.let_in += [f"{path}, {' '.join(words)}: {fault}" for fault in found]
    return tally


DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/null", "/proc/self/mem", "/")


def _make_special() -> None:
    Path("fox.png").write_bytes(png())
    Path("jobs.txt").write_text("a fox\n")
    Path("special/folder.yaml").mkdir(parents=True)
    for ending in ("yaml", "png", "json", "txt", "safetensors"):
        os.mkfifo(f"special/pipe.{ending}")
    Path("special/loop.yaml").symlink_to("loop.yaml")
    Path("special/nowhere.png").symlink_to("nowhere")
    Path("special/zero.yaml").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("special/socket.json")


def _each(home: Path, files: dict[str, bytes], ending: str, commands: Iterable[list[str]]) -> Tally:
    tally = Tally()
    with chdir(home):
        _try_all(files, ending, list(commands), tally)
    return tally


def _try_all(files: dict[str, bytes], ending: str, commands: list[list[str]], tally: Tally) -> None:
    Path("fox.png").write_bytes(png())
    for name, data in files.items():
        path = Path(f"hostile{ending}")
        path.write_bytes(data)
        for words in commands:
            tally.tried += 1
            found = bounded(partial(_told, [*words, path]))
            tally.let_in += [f"{name}, {' '.join(words)}: {fault}" for fault in found]
    if Path("marker").exists():
        tally.let_in.append("a file ran a command")


def _told(words: list[object]) -> list[str]:
    return _complaints(command(*words))


def _complaints(said: Said) -> list[str]:
    faults = [said.fault] if said.fault else []
    if said.code not in CODES:
        faults.append(f"code {said.code}")
    if any(sign in said.stderr for sign in "\x1b\x9b\u202e\x07"):
        faults.append("sends signs to the terminal")
    if len(said.stderr) > 300_000:
        faults.append(f"says {len(said.stderr)} characters")
    return faults
