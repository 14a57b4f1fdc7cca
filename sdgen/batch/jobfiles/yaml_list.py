"""YAML: a list of jobs, or a mapping of `defaults:`, `jobs:` and `matrix:`.

::

    defaults: {steps: 30}
    jobs:
      - a red fox                                # a text is a prompt
      - {prompt: a red fox asleep, seed: 7}
    matrix:                                      # each job is drawn with each combination:
      scheduler: [euler, dpmpp_2m]               # the first key changes slowest,
      guidance_scale: [4, 7]                     # the last one fastest

Without `jobs` the matrix stands alone, and its `prompt:` is a list too.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdgen.batch.keys import fields_of
from sdgen.batch.rows import Fault, Part, Place, Row
from sdgen.errors import did_you_mean

if TYPE_CHECKING:
    from sdgen.files.yaml_text import KeyPath, YamlDocument

SECTIONS = ("defaults", "jobs", "matrix")
MAX_COMBINATIONS = 1_000_000


def looks_like(lines: list[str]) -> bool:
    """The first line names a section, or starts a list of mappings (of JSON too)."""
    return bool(re.match(r"(defaults|jobs|matrix):(\s|$)|- (\{|\w+:(\s|$))|\[\s*(\{|$)", lines[0]))


def read(text: str, source: str) -> Iterator[Row | Fault]:
    """Rows: jobs in their order, each with every combination of the matrix.

    Raises:
        InputError: The text is not plain YAML.
    """
    from sdgen.files.yaml_text import load_yaml  # PyYAML loads here, not for other dialects

    document = load_yaml(text, source)
    try:
        yield from _rows(document)
    except Fault as fault:
        yield fault


def _rows(document: "YamlDocument") -> Iterator[Row | Fault]:
    value = document.value
    if isinstance(value, list):
        yield from _jobs(document, (), [], [])
        return
    if not isinstance(value, dict):
        raise Fault((1, 1), "must be a list of jobs, or defaults:, jobs: and matrix:")
    for name in value:
        if name not in SECTIONS:
            hint = did_you_mean(name, SECTIONS) or f"known are {', '.join(SECTIONS)}"
            raise Fault(document.lines[name,], f"unknown section {name!r}", hint=hint)
    defaults = [_part(document, ("defaults",))] if value.get("defaults") else []
    combinations = list(_combinations(document)) if "matrix" in value else []
    if value.get("jobs") is not None:
        yield from _jobs(document, ("jobs",), defaults, combinations)
    elif combinations:
        place = document.lines["matrix",]
        yield from (Row(place, (*defaults, combination)) for combination in combinations)


def _jobs(
    document: "YamlDocument", path: "KeyPath", defaults: list[Part], combinations: list[Part]
) -> Iterator[Row | Fault]:
    jobs = document.value[path[0]] if path else document.value
    if not isinstance(jobs, list):
        raise Fault(document.lines[path], "must be a list of jobs")
    if len(jobs) * max(1, len(combinations)) > MAX_COMBINATIONS:
        raise Fault(document.lines[path], f"is more than {MAX_COMBINATIONS} jobs")
    for index in range(len(jobs)):
        try:
            job = _part(document, (*path, index))
            _check_apart(job, combinations)
        except Fault as fault:
            yield fault
            continue
        place = document.lines[*path, index]
        if not combinations:
            yield Row(place, (*defaults, job))
        yield from (Row(place, (*defaults, job, combination)) for combination in combinations)


def _part(document: "YamlDocument", path: "KeyPath") -> Part:
    """The mapping (or the text, a prompt) that stands at `path`; null says nothing."""
    said: Any = document.value
    for step in path:
        said = said[step]
    place = document.lines[path]
    if isinstance(said, str):
        return Part({"prompt": said}, {"prompt": place}, text=False)
    if not isinstance(said, dict):
        raise Fault(place, "must be a mapping of settings, or a prompt")
    spoken = {key: value for key, value in said.items() if value is not None}
    return Part(spoken, {key: document.lines[*path, key] for key in spoken}, text=False)


def _check_apart(job: Part, combinations: Sequence[Part]) -> None:
    """Refuse a job that says what the matrix varies: one of the two would be lost in silence."""
    varied = {
        field for key in (combinations[0].said if combinations else ()) for field in fields_of(key)
    }
    for key in job.said:
        if varied & fields_of(key):
            raise Fault(job.where[key], f"{key} is in the matrix too")


def _combinations(document: "YamlDocument") -> Iterator[Part]:
    """The product of the matrix's lists, the first key changing slowest."""
    axes = document.value["matrix"]
    if not isinstance(axes, dict) or not axes:
        raise Fault(document.lines["matrix",], "matrix must map settings to lists")
    for key, values in axes.items():
        if not isinstance(values, list) or not values:
            raise Fault(document.lines["matrix", key], f"{key} must be a list of values")
    _check_count(axes, document.lines["matrix",])
    for indices in itertools.product(*(range(len(values)) for values in axes.values())):
        chosen = dict(zip(axes, indices, strict=True))
        yield Part(
            {key: axes[key][index] for key, index in chosen.items()},
            {key: document.lines["matrix", key, index] for key, index in chosen.items()},
            text=False,
        )


def _check_count(axes: Mapping[str, list[Any]], place: Place) -> None:
    count = math.prod(map(len, axes.values()))
    if count > MAX_COMBINATIONS:
        raise Fault(place, f"the matrix has {count} combinations; at most {MAX_COMBINATIONS}")
