"""Records that somebody else wrote: nothing in them is opened, run, believed or shown raw."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdgen import models
from tests.fakes import find_fake

PATH = Path("fox.json")


@pytest.fixture
def record(sdgen) -> dict[str, Any]:
    """A sound record as data; the picture is gone."""
    sdgen("a red fox", "--seed", "7", "-o", "fox.png")
    Path("fox.png").unlink()
    return json.loads(PATH.read_text())


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The models that are looked for."""
    names: list[str] = []

    def find(name: str):
        names.append(name)
        return find_fake(name) if name == "here" else models.find_model(name)

    monkeypatch.setattr("sdgen.replay.find_model", find)
    monkeypatch.setattr("sdgen.models.resolve.find_model", find)
    return names


PLACES = (
    "/etc", "/", "../other", "..", ".", "./here", "~", "~root", "~root/models", "org/repo",
    "https://example.org/model", "file:///etc", "C:\\models\\fox", "\\\\server\\share", "a/../b",
)  # fmt: skip


@pytest.mark.parametrize("flags", [[], ["--check"], ["--steps", "3"], ["-o", "new"]], ids=str)
@pytest.mark.parametrize("name", PLACES)
def test_a_place_in_a_record_is_never_looked_at(sdgen, painter, record, asked, name, flags):
    record["settings"]["model"] = record["model"]["name"] = name
    PATH.write_text(json.dumps(record))
    done = sdgen("reproduce", PATH, *flags)
    assert (done.exit_code, asked, len(painter.drawn)) == (4, [], 1)
    assert "which is not a model's name" in done.stderr


def test_a_name_that_is_nothing_here_is_looked_up_and_no_more(sdgen, painter, record, asked):
    record["settings"]["model"] = "nowhere-to-be-found"
    PATH.write_text(json.dumps(record))
    done = sdgen("reproduce", PATH)
    assert (done.exit_code, asked) == (4, ["nowhere-to-be-found"])
    assert "the model 'nowhere-to-be-found' of this record is not here" in done.stderr


def test_the_user_may_say_where_a_model_is(sdgen, record, asked):
    record["settings"]["model"] = "/etc"
    PATH.write_text(json.dumps(record))
    assert sdgen("reproduce", PATH, "--model", "here", "--check").exit_code == 0
    assert asked == ["here"]


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


TEXTS = {
    "": "is empty",
    "{": "not valid JSON",
    "[]": "neither a picture",
    "{}": "not a record of sdgen",
    '{"schema": "sdgen.image/1"}': "a broken record",
    '{"schema": "sdgen.image/2"}': "newer sdgen",
    '{"schema": "sdgen.image/1", "schema": 1}': "twice",
    '{"schema": NaN}': "NaN",
    '{"schema": 1e999}': "too large",
    '{"schema": ' + "9" * 5000 + "}": "too long",
    '{"schema": "\\ud800"}': "half a character",
    nested(40): "nested deeper",
    nested(100_000): "nested deeper",
    '{"a": "' + "x" * 2**20 + '"}': "JSON of more than",
}


@pytest.mark.parametrize(("text", "reason"), TEXTS.items(), ids=TEXTS.values())
def test_a_text_that_is_no_record(sdgen, painter, text: str, reason: str):
    PATH.write_text(text)
    done = sdgen("reproduce", PATH)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert reason in done.stderr
    assert len(done.stderr) < 2500


FIELDS = {
    ("settings", "steps", 0): "settings.steps",
    ("settings", "steps", 10**9): "settings.steps",
    ("settings", "steps", True): "settings.steps",
    ("settings", "width", 1_000_000): "settings.width",
    ("settings", "prompt", "a\x1b[31mb"): "settings.prompt",
    ("settings", "prompt", "x" * 10_001): "settings.prompt",
    ("settings", "loras", ()): "settings.loras",
    ("image", "sha256", "../x"): "image.sha256",
    ("model", "files", ("x",)): "model.files",
    ("batch", "size", 0): "batch.size",
}


@pytest.mark.parametrize(("field", "reason"), FIELDS.items(), ids=FIELDS.values())
def test_a_field_that_cannot_be(sdgen, painter, record, field, reason: str):
    part, name, value = field
    record[part][name] = value
    PATH.write_text(json.dumps(record))
    done = sdgen("reproduce", PATH)
    assert (done.exit_code, len(painter.drawn)) == (2, 1)
    assert reason in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


ODD = {
    ("environment", "threads"): -5, ("environment", "device"): "\x1b[31m", ("created",): 5,
    ("notices",): ["\u202e\x1b[2J"], ("software", "name"): "\x9b31m", ("job",): {"id": "../../x"},
    ("model", "files"): {"../../etc/passwd": "\x1b[31m"}, ("parent",): {"x": 1},
}  # fmt: skip


@pytest.mark.parametrize("command", ["reproduce", "show"])
@pytest.mark.parametrize("where", ODD, ids=str)
def test_odd_facts_send_a_terminal_nothing_and_are_no_bug(sdgen, record, where, command: str):
    part = record
    for name in where[:-1]:
        part = part[name]
    part[where[-1]] = ODD[where]
    PATH.write_text(json.dumps(record))
    done = sdgen(command, PATH)
    assert done.exit_code in (0, 2, 7)
    assert not set(done.stdout + done.stderr) & set("\x1b\x9b\u202e")


def test_a_hostile_prompt_keeps_the_new_picture_in_the_folder(sdgen, record):
    record["settings"]["prompt"] = "../../../etc/passwd \u202e$(id)"
    PATH.write_text(json.dumps(record))
    done = sdgen("reproduce", PATH, "-o", "new")
    assert done.exit_code == 7
    [picture] = Path("new").glob("*.png")
    assert picture.resolve().parent == Path("new").resolve()


def a1111_picture(path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a red fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
    Image.new("RGB", (64, 64)).save(path, pnginfo=info)


DAMAGED = {
    "cut": lambda data: data[: len(data) // 2],
    "cut in the record": lambda data: data[:60],
    "empty": lambda data: b"",
    "only a head": lambda data: data[:8],
    "other bytes": lambda data: b"\0" * 100,
    "a flipped byte in the record": lambda data: data[:100] + b"\xff" + data[101:],
    "huge": lambda data: data[:16] + b"\x7f\xff\xff\xff" * 2 + data[24:],
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_picture_is_one_line(sdgen, painter, damage):
    sdgen("a red fox", "-o", "fox.png")
    PATH.unlink()
    path = Path("fox.png")
    path.write_bytes(damage(path.read_bytes()))
    done = sdgen("reproduce", path)
    assert (done.exit_code, len(painter.drawn)) == (2, 1)
    assert done.stderr.startswith("error: fox.png: ")


def test_a_picture_of_another_program_is_not_guessed_at(sdgen, painter):
    a1111_picture(Path("a1111.png"))
    done = sdgen("reproduce", "a1111.png")
    assert (done.exit_code, painter.drawn) == (4, [])
    assert "of this recipe" in done.stderr or "does not say its model" in done.stderr


@pytest.mark.parametrize("path", ["nowhere.png", "a" * 5000, "a" * 5000 + ".png", "/dev/null"])
def test_what_is_no_file(sdgen, path: str):
    done = sdgen("reproduce", path)
    assert done.exit_code == 2
    assert "bug" not in done.stderr
