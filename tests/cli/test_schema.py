"""The published schemas hold for everything that is written, checked by hand-made rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sdgen.cli.schema import Written, schema_of
from sdgen.files.lockfile import write_lock
from sdgen.models.lock import Lock, LockedModel
from tests.metadata.records import fox_record

SAMPLES = Path(__file__).parents[1] / "metadata" / "samples"
TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None),
}  # fmt: skip


def faults(value: Any, rule: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """Where `value` breaks `rule`; knows the words that pydantic uses, and no others."""
    unknown = rule.keys() - {
        "$ref", "anyOf", "type", "enum", "const", "pattern", "minimum", "maximum", "format",
        "exclusiveMaximum", "exclusiveMinimum", "properties", "required", "additionalProperties",
        "items", "title", "description", "default", "$defs", "$schema",
    }  # fmt: skip
    assert not unknown, f"the checker does not know {unknown}"
    if "$ref" in rule:
        return faults(value, whole["$defs"][rule["$ref"].rpartition("/")[2]], whole, at)
    if "anyOf" in rule:
        return min((faults(value, one, whole, at) for one in rule["anyOf"]), key=len)
    kind = TYPES[rule["type"]] if "type" in rule else object
    if not isinstance(value, kind) or (isinstance(value, bool) and rule.get("type") == "integer"):
        return [f"{at} is no {rule['type']}"]
    if isinstance(value, list):
        return [f for each in value for f in faults(each, rule.get("items", {}), whole, f"{at}[]")]
    return _faults_inside(value, rule, whole, at)


def _faults_inside(value: Any, rule: dict[str, Any], whole: dict[str, Any], at: str) -> list[str]:
    found = []
    if not isinstance(value, dict):
        is_right = (
            value in rule.get("enum", [value])
            and value == rule.get("const", value)
            and (not isinstance(value, str) or re.search(rule.get("pattern", ""), value))
            and (isinstance(value, str | None) or value >= rule.get("minimum", value))
            and (isinstance(value, str | None) or value <= rule.get("maximum", value))
        )
        return [] if is_right else [f"{at} is {value!r}"]
    for key, inner in value.items():
        one = rule.get("properties", {}).get(key, rule.get("additionalProperties", True))
        found += [f"{at}.{key} is not known"] if one is False else []
        found += faults(inner, one, whole, f"{at}.{key}") if isinstance(one, dict) else []
    return found + [
        f"{at}.{key} is missing" for key in rule.get("required", []) if key not in value
    ]


def record_faults(value: Any) -> list[str]:
    rules = schema_of(Written.RECORD)
    return faults(value, rules, rules)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("image-*.json")), ids=lambda path: path.stem)
def test_stored_records_follow_the_schema(sample):
    assert record_faults(json.loads(sample.read_text(encoding="utf-8"))) == []


def test_records_that_are_written_follow_the_schema(sdgen, fox):
    assert record_faults(json.loads(fox.with_suffix(".json").read_text())) == []
    assert record_faults(json.loads(fox_record(seed=2**63 - 1).to_json())) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"schema": "sdgen.image/0"}, ".schema is 'sdgen.image/0'"),
        ({"settings": {"prompt": "a fox", "seed": 1, "wobble": True}}, ".settings.wobble is not"),
        ({"settings": {"prompt": "a fox", "seed": "1"}}, ".settings.seed is no integer"),
        ({"settings": {"prompt": "a fox", "seed": 1, "steps": 0}}, ".settings.steps is 0"),
        ({"image": {"width": 1, "height": 1, "sha256": "0"}}, ".image.sha256 is '0'"),
        ({"model": {}}, ".model.name is missing"),
    ],
)
def test_schema_finds_what_is_wrong(change, fault):
    broken = json.loads(fox_record().to_json()) | change
    assert any(found.startswith(fault) for found in record_faults(broken))


def test_record_without_its_schema_is_no_record():
    found = json.loads(fox_record().to_json())
    del found["schema"]
    assert record_faults(found) == [".schema is missing"]


def test_locks_that_are_written_follow_their_schema(tmp_path):
    locked = LockedModel(pipeline="StableDiffusionPipeline", files={"unet/a": "0" * 64})
    write_lock(tmp_path / "sdgen.lock", Lock(versions={"torch": "2.13"}, models={"fox": locked}))
    rules = schema_of(Written.LOCK)
    value = json.loads((tmp_path / "sdgen.lock").read_text())
    assert faults(value, rules, rules) == []
    assert faults(value | {"more": 1}, rules, rules) == [".more is not known"]


def test_command_prints_it_for_people_and_on_one_line(sdgen):
    assert json.loads(sdgen("schema").stdout) == schema_of(Written.RECORD)
    lines = sdgen("schema", "lock", "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [schema_of(Written.LOCK)]
    assert "aliases" not in sdgen("schema").stdout


def test_unknown_schema_is_one_line(sdgen):
    outcome = sdgen("schema", "picture")
    assert outcome.exit_code == 2
    assert "'picture' is not one of 'record', 'lock'" in outcome.stderr
