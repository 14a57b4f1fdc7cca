"""A value is right or wrong through every door alike: flag, config, job row, record."""

import json
from pathlib import Path
from typing import Any

import pytest

WRONG: list[tuple[str, str]] = [
    ("steps", "0"), ("steps", "-1"), ("steps", "1001"), ("steps", "2.5"), ("steps", "1e2"),
    ("steps", "true"), ("steps", "nan"), ("steps", "1_0"), ("steps", "0x10"),
    ("guidance_scale", "-0.1"), ("guidance_scale", "101"), ("guidance_scale", ".nan"),
    ("guidance_scale", "nan"), ("guidance_scale", "inf"), ("guidance_scale", "1e309"),
    ("guidance_scale", "true"), ("seed", "-1"), ("seed", str(2**63)), ("seed", "1.0"),
    ("seed", "abc"), ("width", "0"), ("width", "63"), ("width", "65"), ("width", "4104"),
    ("height", "-64"), ("eta", "1.1"), ("clip_skip", "0"), ("clip_skip", "13"),
    ("dtype", "half"), ("scheduler", "eulr"), ("guidance_rescale", "2"),
]  # fmt: skip

RIGHT: list[tuple[str, str, Any]] = [
    ("steps", "1", 1), ("steps", "998", 998), ("guidance_scale", "0", 0.0),
    ("guidance_scale", "1e-4", 1e-4), ("guidance_scale", "100", 100.0), ("seed", "0", 0),
    ("seed", str(2**63 - 1), 2**63 - 1), ("width", "64", 64), ("width", "4096", 4096),
    ("guidance_rescale", "0.5", 0.5), ("clip_skip", "12", 12), ("dtype", "float32", "float32"),
    ("scheduler", "Euler a", "euler_ancestral"),
]  # fmt: skip


def as_json(text: str) -> Any:
    """The value as somebody writes it in JSON; what is no number there is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def flag(sdgen, name: str, text: str):
    return sdgen("fox", f"--{name.replace('_', '-')}={text}", "-o", "new")


def config(sdgen, name: str, text: str):
    Path("one.yaml").write_text(f"{name}: {text}\n")
    return sdgen("fox", "-c", "one.yaml", "-o", "new")


def json_row(sdgen, name: str, text: str):
    value = text if as_json(text) == float("inf") else json.dumps(as_json(text))
    Path("rows.jsonl").write_text(f'{{"prompt": "fox", "{name}": {value}}}\n')
    return sdgen("batch", "rows.jsonl", "-o", "new")


def cell(sdgen, name: str, text: str):
    Path("rows.csv").write_text(f"prompt,{name}\nfox,{text}\n")
    return sdgen("batch", "rows.csv", "-o", "new")


def record(sdgen, name: str, text: str):
    sdgen("fox", "--seed", "1", "-o", "fox.png")
    Path("fox.png").unlink()
    said = json.loads(Path("fox.json").read_text())
    said["settings"][name] = as_json(text)
    Path("fox.json").write_text(json.dumps(said))
    return sdgen("reproduce", "fox.json", "-o", "new")


DOORS = [flag, config, json_row, cell, record]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_value_is_refused(sdgen, painter, door, name: str, text: str):
    done = door(sdgen, name, text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error: " in done.stderr
    assert not list(Path().glob("new/*"))


@pytest.mark.parametrize("door", DOORS[:-1], ids=lambda door: door.__name__)
@pytest.mark.parametrize(("name", "text", "value"), RIGHT)
def test_a_right_value_is_drawn(sdgen, painter, door, name: str, text: str, value: Any):
    assert door(sdgen, name, text).exit_code == 0
    assert getattr(painter.drawn[-1], name) == value
