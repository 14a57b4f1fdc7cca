"""Words of strangers that become names of files, or are shown to people."""

import itertools
import json
import random
import unicodedata
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from pydantic import ValidationError

from sdgen.cli.options import Configs  # noqa: F401  # the commands load before anything is counted
from sdgen.errors import InputError, SdgenError
from sdgen.files.names import MAX_PART_BYTES, file_stem
from sdgen.files.save import save_picture
from sdgen.metadata.record import Record
from sdgen.models import find_model
from sdgen.replay import recorded_model
from tests.faults.painted import command
from tests.faults.tally import Tally
from tests.metadata.records import fox_image, fox_record, fox_settings

PIECES = (
    "..", "/", "\\", ".", "~", "-", "--", "$HOME", "`id`", "$(id)", "%00", "C:", "con", "NUL.png",
    "a" * 300, "狐" * 90, "🦊" * 70, "{seed}", "{prompt}", "{index}", "{", "}",
    "{prompt.__class__}",
    "\x1b[31m", "\x1b]0;x\x07", "\x9b2J", "\u202e", "\u2066", "\u200b", "\ufeff", "\r", "\n", "\t",
    "\x00", "\x7f", "\x85", "\u2028", "\U000e0041", "\ue000", "[red]", "[/b]", ":smile:", "é",
    "e\u0301", " ", "fox", "7", "/etc/passwd", "../../x", ".sdgen/batch/state.json", ".part",
)  # fmt: skip
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
JOINERS = "\u200d\ufe0f"


def texts(count: int, seed: int) -> Iterator[str]:
    """Texts of one to six pieces, each piece alone first."""
    chance = random.Random(seed)
    yield from itertools.islice(PIECES, count)
    for _ in range(count - len(PIECES)):
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 6)))


def names_of_files(home: Path, count: int) -> Tally:
    """Any prompt and any template: the picture lies in the folder, under a name for any system."""
    tally, root = Tally(), home / "root" / "book"
    templates = ["{prompt}", "{prompt}/{seed}", *texts(count, 2)]
    image = fox_image(2, 2)
    for text, template in zip(texts(count, 1), itertools.cycle(templates), strict=False):
        tally.tried += 1
        try:
            settings = fox_settings(prompt=text)
            stem = file_stem(settings, index=3, template=template)
            saved = save_picture(image, fox_record(image), root, stem)
        except (InputError, ValidationError):
            continue
        inside = saved.path.resolve().relative_to(root.resolve())
        if any(len(part.encode()) > MAX_PART_BYTES + 16 for part in inside.parts):
            tally.let_in.append(f"{text!r}, {template!r}: {inside}")
    if [path.name for path in root.parent.iterdir()] != ["book"]:
        tally.let_in.append("a file beside the folder")
    return tally


def words_on_a_terminal(home: Path, count: int) -> Tally:
    """Any word as prompt, name, value or file: nothing in it reaches the terminal as a command."""
    tally = Tally()
    with chdir(home):
        for number, text in enumerate(texts(count, 3)):
            typed = text.replace("\0", "")  # no system passes a NUL to a program
            typed = "fox" if typed == "-" else typed  # would read stdin
            for words in _commands(typed, number):
                for more in ([], ["--json"]):
                    tally.tried += 1
                    said = command(*words, *more)
                    faults = _unseen(said.stdout + said.stderr)
                    if said.fault:
                        tally.lost.append(f"{words}: {said.fault}")
                    if faults:
                        tally.let_in.append(f"{words}: {faults!r}")
    return tally


def _commands(text: str, number: int) -> list[list[str]]:
    """A third of the ways in which a word may come in, taking turns."""
    record = json.loads(fox_record().to_json())
    record["settings"]["prompt"] = record["model"]["name"] = record["notices"] = text
    record["notices"] = [text]
    record["environment"] = {text: text}
    Path("fox.json").write_text(json.dumps(record), encoding="utf-8")
    Path("fox.yaml").write_text(json.dumps({"for": text, text: text}), encoding="utf-8")
    Path("jobs.jsonl").write_text(json.dumps({"prompt": text, "name": text}), encoding="utf-8")
    ways = [
        ["show", "fox.json"], ["reproduce", "fox.json"], ["configs", "show", "./fox.yaml"],
        ["explain", "-c", "./fox.yaml"], ["batch", "jobs.jsonl", "-o", "book"], ["show", text],
        ["generate", "-o", "new", "--", text], ["batch", "jobs.jsonl", "--name", text],
        ["reproduce", text], ["diff", "fox.json", text], ["explain", "-c", text],
        ["batch", text, "--dry-run"], ["generate", "a fox", "--scheduler", text],
        ["batch", "jobs.jsonl", "--dialect", text], ["models", "info", text],
        ["generate", "a fox", "--format", text], ["configs", "show", text], ["tokens", text],
    ]  # fmt: skip
    return ways[number % 3 :: 3]


def _unseen(shown: str) -> str:
    return "".join(
        sign
        for sign in shown
        if unicodedata.category(sign) in UNSEEN and sign not in JOINERS and sign != "\n"
    )


def models_in_records(home: Path, count: int) -> Tally:
    """A record may name a model; where its name leads somewhere, nobody looks there."""
    tally, record = Tally(), fox_record()
    (home / "there").mkdir()
    (home / "there" / "model_index.json").write_text("{}")
    places = ("/etc", "..", ".", "~", "~root", "./there", "there/", f"{home}/there", "org/repo",
              "https://example.org/x", "file:///etc", "C:\\x", "\\\\server\\x")  # fmt: skip
    with chdir(home):
        for text in (*places, *texts(count, 4)):
            tally.tried += 1
            said = _looked_for(record, text)
            is_place = any(sign in text for sign in "/\\:") or text.startswith((".", "~"))
            if is_place and "is not a model's name" not in said:
                tally.let_in.append(f"{text!r}: {said}")
    return tally


def _looked_for(record: Record, name: str) -> str:
    settings = record.settings.model_copy(update={"model": name})
    find_model.cache_clear()
    try:
        recorded_model(record.model_copy(update={"settings": settings}), None)
    except SdgenError as error:
        return str(error)
    return "found"
