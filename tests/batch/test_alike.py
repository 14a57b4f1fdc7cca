"""Rows that are like an earlier one are judged as if they were the first, faults and all."""

import io
import json
from typing import Any

import pytest

from sdgen.batch.alike import Alike
from sdgen.batch.draft import Around, draft_row, lines_of
from sdgen.batch.jobfiles import read_job_file
from sdgen.errors import SdgenError
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.prompt.choices import Draws, filled
from tests.fakes import find_fake

PROMPTS: list[Any] = [
    "a fox", "a fox, 7 of them", "a (fox:1.2)", "a [fox]", "[a:b:0.5]", "{red|blue} fox", "a {fox",
    "__animal__", "a fox AND an owl", "ANDY", "<lora:x>", "ein Füchslein", "", "  ", "a\tfox", 7,
    None, True, "x" * 1001, "x" * 10_001, "a \\{ fox", "a_b", "a: b", "a $ b", "a fox\n",
]  # fmt: skip
SEEDS: list[Any] = [None, 0, 5, 2**63 - 1, 2**63, -1, 1.0, True, "5"]
OTHERS: list[dict[str, Any]] = [
    {}, {"steps": 9}, {"steps": 9.0}, {"steps": True}, {"steps": 0}, {"negative_prompt": "(red"},
    {"prompt_syntax": "plain"}, {"eta": 1}, {"variation_strength": 0.5}, {"name": "owl"},
    {"num_images": 3}, {"post": ["sharpen=1"]},
]  # fmt: skip
UPPER = [(), (Layer("flags", {"seed": 3}),), (Layer("flags", {"steps": 4}),)]


def rows() -> str:
    """Each prompt and each seed behind a row that they may be like."""
    said = [
        {"prompt": prompt, "seed": seed, **other}
        for other in OTHERS
        for prompt, seed in [
            ("a cat", 1), ("a cat", None), *((prompt, 2) for prompt in PROMPTS),
            *(("a dog", seed) for seed in SEEDS),
        ]
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in said)


def judged(row: Any, around: Around) -> object:
    try:
        return draft_row(row, around)
    except SdgenError as error:
        return list(lines_of(error))


@pytest.mark.parametrize("upper", UPPER, ids=lambda layers: str([dict(x.values) for x in layers]))
def test_a_row_is_judged_the_same_alone_and_behind_those_that_are_like_it(upper) -> None:
    file = read_job_file(io.BytesIO(rows().encode()), dialect="jsonl")
    together = Around("stdin", (), upper, None, find_fake, alike=Alike(upper))
    for row in file.rows():
        alone = Around("stdin", (), upper, None, find_fake, alike=Alike(upper))
        assert judged(row, together) == judged(row, alone)


def test_rows_that_are_alike_are_planned_once(monkeypatch) -> None:
    planned = []
    monkeypatch.setattr(
        "sdgen.batch.draft.plan", lambda *args, **words: planned.append(1) or plan(*args, **words)
    )
    text = "".join(f'{{"prompt": "fox {n}", "seed": {n}}}\n' for n in range(50))
    around = Around("stdin", (), (), None, find_fake)
    for row in read_job_file(io.BytesIO(text.encode()), dialect="jsonl").rows():
        draft_row(row, around)
    assert len(planned) == 1


@pytest.mark.parametrize("text", ["a fox", "a: [b] (c:1.2)", "x_y & z $ 5%", "a\n\tb"])
def test_a_text_without_signs_is_filled_as_it_is(text: str) -> None:
    assert filled(text, Draws(1, "prompt"), lambda name: [name]) == text
