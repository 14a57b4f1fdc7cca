"""Every reader under mutation for as long as asked: `python -m tests.metadata.formats.fuzz 60`.

Files of all programs and of sdgen, in every container, and the texts in them behind the checksums
of containers. What is read must be tellable, and what is refused is one line; anything else ends
the run with the seed and the bytes that did it.
"""

import io
import json
import random
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from sdgen.cli.show import foreign_object, foreign_rows, record_rows
from sdgen.errors import InputError
from sdgen.files.encoding import encode
from sdgen.files.foreign import carried_by, read_recipe_in
from sdgen.files.formats import FORMATS
from sdgen.metadata.findable import facts_of
from sdgen.metadata.formats.detect import read_foreign
from sdgen.metadata.formats.fidelity import settings_of
from sdgen.metadata.formats.foreign import Carried, Foreign
from sdgen.metadata.query import parse_query
from sdgen.recipe.layers import Layer, resolve
from tests.metadata.formats.test_corpus import CASES, written
from tests.metadata.records import fox_record, refusal

PIECES = (
    b"", b"\0", b"\xff\xff", b"{", b"[", b'"', b"\\", b": ", b", ", b"\n", b"null", b"-1", b"1e999",
    b"NaN", b'["3", 0]', b"<", b">", b"&#0;", b"\xed\xa0\x80", b"Steps: ", b"9" * 5000, b"]" * 50,
    b"Negative prompt:", b"\xff\xfe", b"meta", b"iloc", b"Exif\0\0MM\0*", b"(" * 99, b"<lora:a:1>",
)  # fmt: skip
QUERY = b"""steps>20 and (sampler~euler or not prompt~"red fox") and seed!=3"""
SLOWEST = 10.0
"""Seconds that reading one file may take, on a machine that does other things too."""


def sources() -> list[bytes]:
    """Whole files: the corpus, and a picture of ours in each format."""
    record = fox_record(prompt="a (red:1.2) fox 雪 <lora:fur:0.5>", negative_prompt="dark")
    ours = [encode(Image.new("RGB", (8, 8), "red"), record, format) for format in FORMATS]
    return [*map(written, map(_case, CASES)), *ours, record.to_json().encode(), QUERY]


def _case(file: Path) -> dict:
    case: dict = json.loads(file.read_text(encoding="utf-8"))
    return case


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with up to six pieces cut out, doubled, turned or put in."""
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 0, 1, 1, 4, 40, 400)))
        kept = data[start:end]
        flipped = bytes(byte ^ (1 << chance.randrange(8)) for byte in kept)
        piece = chance.choice((*PIECES, kept * 2, kept[::-1], flipped, flipped))
        data = data[:start] + piece + data[end:]
    return data


def check_file(data: bytes) -> None:
    """Read `data` as a file of any kind, and tell of it in every way."""
    if refusal(read_recipe_in, data):
        return
    found = read_recipe_in(data)
    facts_of(found)
    if isinstance(found, Foreign):
        check_foreign(found)
    else:
        record_rows(found)


def check_foreign(found: Foreign) -> None:
    """Tell of a recipe, and take what can be taken."""
    json.dumps(foreign_object(found))
    foreign_rows(found)
    resolve([Layer("fuzz", {"prompt": "a fox", "seed": 1}), settings_of(found)[0]])


def check_texts(data: bytes, chance: random.Random) -> None:
    """Mutate what a file carries, behind the checksums of its container."""
    try:
        carried = carried_by(io.BytesIO(data))
    except InputError:
        return
    texts = {name: _mutated_text(text, chance) for name, text in carried.texts.items()}
    comment, xmp, plain = (
        _mutated_text(text, chance) for text in (carried.comment, carried.xmp, carried.plain)
    )
    exif = {name: _mutated_text(text, chance) for name, text in carried.exif.items()}
    if found := read_foreign(Carried(texts, comment, exif, xmp, plain)):
        check_foreign(found)


def _mutated_text(text: str, chance: random.Random) -> str:
    return mutated(text.encode("utf-8", "surrogatepass"), chance).decode(errors="replace")


def check_query(data: bytes) -> None:
    """Read a query, and ask it."""
    query = data.decode(errors="replace").replace("\n", " ")
    if not refusal(parse_query, query):
        parse_query(query)({"prompt": "a fox", "steps": 3})


def rounds(seed: int) -> Iterator[tuple[int, bytes]]:
    """Seed after seed, and the bytes that it makes."""
    files = sources()
    while True:
        chance = random.Random(seed)
        yield seed, mutated(chance.choice(files), chance)
        seed += 1


def run(seconds: float, seed: int = 0, most: int = sys.maxsize) -> int:
    """Fuzz for so long, `most` files at most; the number of files that were tried.

    Raises:
        AssertionError: A file took too long.
        Exception: Whatever a reader let through.
    """
    end = time.monotonic() + seconds
    for number, (at, data) in enumerate(rounds(seed)):
        began = time.monotonic()
        if began >= end or number == most:
            return number
        try:
            check_file(data)
            check_texts(data, random.Random(at))
            check_query(data[:300])
        except Exception:
            print(f"seed {at}, {len(data)} bytes: {data[:200]!r}", file=sys.stderr)  # noqa: T201
            raise
        assert time.monotonic() - began < SLOWEST, f"seed {at} takes too long"
    return 0


if __name__ == "__main__":
    try:
        print(run(float(sys.argv[1]) if sys.argv[1:] else 60.0), "files")  # noqa: T201
    except Exception:  # noqa: BLE001  # the trace is what is wanted
        traceback.print_exc()
        sys.exit(1)
