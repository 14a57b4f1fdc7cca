"""What `sdgen batch` refuses: every fault told with its place, before anything is done."""

import json
import re
from pathlib import Path

import pytest

BAD_ROWS = """\
{"prompt": "fine"}
{"prompt": "a fox", "stepz": 3}
{"prompt": ""}
{"prompt": "a fox", "size": "70x64"}
{"prompt": "a fox", "steps": 0, "guidance_scale": NaN}
{"prompt": "a fox" "steps": 3}
{"prompt": "a\\u0000fox"}
{"prompt": "a fox", "steps": true}
{"prompt": "a fox", "scheduler": "eulr"}
{"prompt": "a fox", "seed": 1e4, "seed": 5}
{"prompt": "a fox", "name": "../fox"}
{"prompt": "a fox", "num_images": 0}
"""


def test_all_faults_are_listed_with_their_places_before_anything_is_done(sdgen, painter):
    Path("bad.jsonl").write_text(BAD_ROWS)
    done = sdgen("batch", "bad.jsonl")
    assert (done.exit_code, done.stdout, painter.drawn) == (2, "", [])
    assert not Path("outputs").exists()
    *faults, last = done.stderr.splitlines()
    places = [re.match(r"  bad\.jsonl:(\d+):\d+: \S", fault) for fault in faults]
    assert all(places), faults
    assert {int(place[1]) for place in places if place} == set(range(2, 13))
    assert last == f"error: {len(faults)} faults in bad.jsonl; nothing was drawn"
    assert "did you mean steps" in done.stderr


def test_a_number_format_that_the_device_lacks_is_told_before_a_model_loads(
    sdgen, painter, monkeypatch
):
    monkeypatch.setattr(painter, "load", lambda *_: pytest.fail("loaded"))
    painter.unfit_dtypes = {"float16", "bfloat16"}
    rows = [("a fox", "auto"), ("an owl", "float16"), ("a bear", "float16"), ("a hare", "bfloat16")]
    lines = [json.dumps({"prompt": prompt, "dtype": dtype}) for prompt, dtype in rows]
    Path("bad.jsonl").write_text("\n".join(lines))
    done = sdgen("batch", "bad.jsonl")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "  bad.jsonl:2: float16 does not work here (--dtype auto)\n" in done.stderr
    assert "  bad.jsonl:4: bfloat16 does not work here (--dtype auto)\n" in done.stderr
    assert "error: 2 faults in the settings\n" in done.stderr
    alone = sdgen("batch", "bad.jsonl", "--limit", "2")
    assert "error: bad.jsonl:2: float16 does not work here\nhint: --dtype auto" in alone.stderr


def test_noise_that_the_device_lacks_is_told_before_a_model_loads(sdgen, painter, monkeypatch):
    monkeypatch.setattr(painter, "load", lambda *_: pytest.fail("loaded"))
    Path("bad.jsonl").write_text('{"prompt": "a fox"}\n{"prompt": "an owl", "rng": "gpu"}\n')
    done = sdgen("batch", "bad.jsonl")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error: bad.jsonl:2: there is no GPU here to draw noise\nhint: --rng nv" in done.stderr


def test_faults_as_json_are_one_object(sdgen):
    Path("bad.jsonl").write_text(BAD_ROWS)
    error = json.loads(sdgen("batch", "bad.jsonl", "--json").stderr)["error"]
    assert error["exit_code"] == 2
    assert len(error["details"]) >= 11


def test_keep_going_leaves_faulty_rows_out(sdgen, painter):
    Path("bad.jsonl").write_text(BAD_ROWS)
    done = sdgen("batch", "bad.jsonl", "--keep-going")
    assert (done.exit_code, [one.prompt for one in painter.drawn]) == (3, ["fine"])
    assert "warning: bad.jsonl:3:" in done.stderr
    assert "left out in" in done.stderr
    assert sdgen("batch", "bad.jsonl", "--keep-going", "--dry-run").exit_code == 3


REFUSED = {
    ("none.txt",): "none.txt cannot be read: no such file",
    (".",): "is a directory",
    ("jobs.txt", "--shard", "3/2"): "shard must be such as 2/5",
    ("jobs.txt", "--limit", "0"): "'--limit'",
    ("jobs.txt", "-n", "10001"): "'--num-images' / '-n'",
    ("jobs.txt", "--dialect", "jsn"): "did you mean json",
    ("jobs.txt", "--format", "gif"): "unknown format 'gif'",
    ("jobs.txt", "--steps", "0"): "steps (flags) must be at least 1",
    ("jobs.txt", "--size", "70x64"): "multiples of 8 pixels",
    ("jobs.txt", "-c", "portrat"): "portrait",
    ("jobs.txt", "-o", "fox.png"): "is a folder, and fox.png looks like a picture",
    ("jobs.txt", "-o", "fox.gif"): "is a folder, and fox.gif looks like a picture",
    ("jobs.txt", "-o", "fox.pgn"): "is a folder, and fox.pgn looks like a picture",
    ("jobs.txt", "--name", "{sed}"): "did you mean seed",
    ("jobs.txt", "--name", "../{seed}"): "inside the output folder",
    ("jobs.txt", "--name", ""): "the name template is empty",
    ("jobs.txt", "more.txt"): "unexpected extra argument",
    ("jobs.txt", "--imagine", "x"): "no such option: --imagine",
    (): "missing argument 'FILE'",
}


@pytest.mark.parametrize(("words", "reason"), REFUSED.items(), ids=map(" ".join, REFUSED))
def test_what_is_refused(sdgen, painter, jobs, words: tuple[str, ...], reason: str):
    done = sdgen("batch", *words)
    assert (done.exit_code, done.stdout, painter.drawn) == (2, "", [])
    assert reason in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1
    assert not Path("outputs").exists()


ODD_FILES = {
    b"": "has no jobs in it",
    b"# only a comment\n\n": "has no jobs in it",
    b"caf\xe9\n": "UTF-8",
    b"\xff\xfea\x00": "UTF-16",
    b"a\x00fox\n": "contains a NUL",
    b"x" * 70_000: "70000",
    b"a \x1b[31mfox\n": "U+001B",
}


@pytest.mark.parametrize(("data", "reason"), ODD_FILES.items(), ids=ODD_FILES.values())
def test_files_that_are_no_job_files(sdgen, painter, data: bytes, reason: str):
    Path("odd.txt").write_bytes(data)
    done = sdgen("batch", "odd.txt")
    assert (done.exit_code, painter.drawn) == (2, [])
    assert reason in done.stderr
    assert "\x1b" not in done.stderr
