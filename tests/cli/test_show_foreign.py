import io
import json
import sys
from pathlib import Path

import pytest

from tests.metadata.formats.pictures import exif, jpeg, png, utf16, webp

TEXT = """\
a (red fox:1.2), 雪 🦊
Negative prompt: blurry
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 42, Size: 512x768, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Hires upscale: 2, Version: v1.10.1"""


@pytest.fixture
def stdin(monkeypatch):
    """Let the next command find these bytes on stdin."""

    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def rows_of(stdout: str) -> dict[str, str]:
    lines = [line.strip() for line in stdout.splitlines()[1:]]
    return {name: value.strip() for name, _, value in (line.partition("  ") for line in lines)}


@pytest.mark.parametrize(
    "data",
    [png({"parameters": TEXT}), jpeg(exif=exif(utf16(TEXT))), webp(exif=exif(utf16(TEXT))),
     TEXT.encode()],
    ids=["png", "jpeg", "webp", "text"],
)  # fmt: skip
def test_shows_what_another_program_drew(sdgen, data):
    Path("fox.any").write_bytes(data)
    outcome = sdgen("show", "fox.any")
    assert outcome.exit_code == 0
    rows = rows_of(outcome.stdout)
    assert rows["made with"] == "AUTOMATIC1111 v1.10.1"
    assert rows["prompt"] == "a (red fox:1.2), 雪 🦊"
    assert rows["model"] == "v1-5-pruned-emaonly [6ce0161689]"
    assert rows["sampler"] == "DPM++ 2M, Karras"
    assert rows["guidance_scale"] == "7.5"
    assert rows["size"] == "512x768"
    assert rows["Hires upscale"] == "2"


def test_json_has_the_same_as_data(sdgen):
    Path("fox.png").write_bytes(png({"parameters": TEXT}))
    value = json.loads(sdgen("show", "fox.png", "--json").stdout)
    assert value["path"] == "fox.png"
    assert value["foreign"]["seed"] == 42
    assert value["foreign"]["extras"] == {"Hires upscale": "2"}
    assert "eta" not in value["foreign"]


@pytest.mark.parametrize("data", [TEXT.encode(), png({"parameters": TEXT})], ids=["text", "png"])
def test_a_dash_reads_stdin(sdgen, stdin, data):
    stdin(data)
    outcome = sdgen("show", "-")
    assert outcome.stdout.startswith("stdin\n")
    assert rows_of(outcome.stdout)["seed"] == "42"


def test_a_dash_reads_our_own_pictures_and_records_too(sdgen, stdin, fox):
    for path in (fox, fox.with_suffix(".json")):
        stdin(path.read_bytes())
        assert rows_of(sdgen("show", "-").stdout)["prompt"] == "a red fox"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a red fox", "no record and no recipe of a program that sdgen knows"),
        (b"", "is empty"),
        (b"\xff\xfe\0", "no record and no recipe"),
        (b'{"seed": 7}', "not a record of sdgen"),
        (png({"parameters": TEXT})[:60], "ends too early"),
        (b"a" * (2**26 + 1), "stdin has more than 64 MiB"),
    ],
)
def test_stdin_without_a_recipe_is_one_line(sdgen, stdin, data, reason):
    stdin(data)
    outcome = sdgen("show", "-")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("error: stdin")
    assert reason in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("suffix", [".txt", ".json"])
def test_recipe_beside_a_bare_picture_is_found(sdgen, suffix):
    Path("fox.png").write_bytes(png())
    Path("fox.png").with_suffix(suffix).write_text(TEXT, encoding="utf-8")
    assert rows_of(sdgen("show", "fox.png").stdout)["seed"] == "42"


def test_text_without_a_recipe_is_one_line(sdgen):
    Path("notes.txt").write_text("a red fox")
    outcome = sdgen("show", "notes.txt")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "error: notes.txt: neither a picture (PNG, JPEG, WebP, AVIF) nor a record\n"
    )


def test_mark_without_a_recipe_is_told(sdgen):
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    Path("fox.jpg").write_bytes(jpeg(xmp=f"<x>{source}</x>".encode()))
    outcome = sdgen("show", "fox.jpg")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(
        "error: fox.jpg: a model made it, as a mark in it says, but how is not in it\n"
    )
    Path("fox.jpg").write_bytes(jpeg(xmp=b"<x>digitalCapture</x>"))
    assert "has no record" in sdgen("show", "fox.jpg").stderr


def test_damaged_record_of_ours_is_not_read_as_another_programs(sdgen, fox):
    Path("fox.png").write_bytes(png({"sdgen": "{", "parameters": TEXT}))
    Path("fox.txt").write_text(TEXT, encoding="utf-8")
    outcome = sdgen("show", "fox.png")
    assert outcome.exit_code == 2
    assert "not valid JSON" in outcome.stderr


def test_hostile_recipe_sends_nothing_to_the_terminal(sdgen):
    text = "\x1b[31m fox \u202e\nSteps: 1, Sampler: \x1b]0;x\x07, Seed: 2, A\x1bB: 3, C: \x9b"
    Path("fox.png").write_bytes(png({"parameters": text}))
    outcome = sdgen("show", "fox.png")
    assert outcome.exit_code == 0
    assert not set(outcome.stdout) & set("\x1b\x07\u202e\x9b")


def test_fidelity_is_a_table_on_demand_and_always_in_json(sdgen):
    Path("fox.png").write_bytes(png({"parameters": TEXT}))
    assert "how well" not in sdgen("show", "fox.png").stdout
    outcome = sdgen("show", "fox.png", "--fidelity")
    table = outcome.stdout.partition("\n\n")[2].splitlines()
    assert table[0].split("  ")[1] == "field"
    row = next(line for line in table if line.strip().startswith("rng"))
    assert row.split()[:4] == ["rng", "GPU", "nv", "close"]
    assert "a GPU's numbers imitated" in row
    value = json.loads(sdgen("show", "fox.png", "--json").stdout)
    assert value["settings"]["scheduler"] == "dpmpp_2m_karras"
    assert {"field": "steps", "said": "20", "taken": "20", "fidelity": "exact", "reason": ""} in (
        value["fidelity"]
    )


def test_fidelity_of_our_own_picture_is_what_reproduce_tells(sdgen, fox):
    outcome = sdgen("show", fox, "--fidelity")
    assert outcome.exit_code == 0
    assert "sdgen reproduce draws it again" in outcome.stderr
