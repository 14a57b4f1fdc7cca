"""What each dialect reads, and what it says about what it cannot read, to the column."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.batch.jobfiles import DIALECTS, find_dialect, sniff
from sdgen.errors import InputError
from tests.batch.conftest import drafts_of

GOOD: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("plain", "a red fox\n\n# a comment\r\n  two foxes  \rthree"): [
        {"prompt": "a red fox"},
        {"prompt": "two foxes"},
        {"prompt": "three"},
    ],
    ("plain", "a fox\u2028in\x85one line\n"): [],  # U+0085 is a control character
    ("plain", "a fox\u2028in one line"): [{"prompt": "a fox\u2028in one line"}],
    ("plain", "fox --steps 9"): [{"prompt": "fox --steps 9"}],
    ("jsonl", '{"prompt": "a\\nfox", "CFG-Scale": 4, "seed": null}\n# no\n\n {"text":"b"} \n'): [
        {"prompt": "a\nfox", "guidance_scale": 4.0},
        {"prompt": "b"},
    ],
    ("jsonl", '{"prompt": "a", "size": "128x64", "id": 17}'): [
        {"prompt": "a", "width": 128, "height": 64, "name": "17"}
    ],
    ("csv", '\ufeffPrompt,Steps,name\n"a ""red"", fox",20,\n\nb\n,,\n" c\nd",9,fox.png\n'): [
        {"prompt": 'a "red", fox', "steps": 20},
        {"prompt": "b"},
        {"prompt": " c\nd", "steps": 9, "name": "fox"},
    ],
    ("csv", "prompt;guidance_scale\r\na, b;7.5\r\n"): [{"prompt": "a, b", "guidance_scale": 7.5}],
    ("csv", 'prompt, steps\n "a" , 9 \n'): [{"prompt": "a", "steps": 9}],
    ("tsv", "prompt\tn\na, b\t3"): [{"prompt": "a, b", "num_images": 3}],
    ("yaml", "- a red fox\n- {prompt: b, guidance: 1e1}\n"): [
        {"prompt": "a red fox"},
        {"prompt": "b", "guidance_scale": 10.0},
    ],
    ("yaml", "defaults: {size: 128x64, steps: 3}\njobs:\n- a\n- {prompt: b, w: 64, steps: 4}"): [
        {"prompt": "a", "width": 128, "height": 64, "steps": 3},
        {"prompt": "b", "width": 64, "height": 64, "steps": 4},
    ],
    ("yaml", "jobs: [a, b]\nmatrix: {steps: [1, 2], cfg: [3, 4]}"): [
        {"prompt": prompt, "steps": steps, "guidance_scale": float(cfg)}
        for prompt in "ab"
        for steps in (1, 2)
        for cfg in (3, 4)
    ],
    ("yaml", "defaults:\nmatrix: {prompt: [a, b]}"): [{"prompt": "a"}, {"prompt": "b"}],
    ("yaml", '[{"prompt": "a", "steps": 2}]'): [{"prompt": "a", "steps": 2}],
    (
        "a1111",
        "--prompt a red fox --steps 9 --negative_prompt \"no -- dogs\" 'at all'\nplain line",
    ): [
        {"prompt": "a red fox", "steps": 9, "negative_prompt": "no -- dogs at all"},
        {"prompt": "plain line"},
    ],
    ("a1111", "--prompt f\\ o --seed -1 --n_iter 2 --batch_size 3 --tiling False --subseed -1"): [
        {"prompt": "f o", "num_images": 6}
    ],
    ("a1111", '--sampler_name "DPM++ 2M" --cfg_scale 4.5 --prompt "say \\"x\\" \\d"'): [
        {"prompt": 'say "x" \\d', "scheduler": "dpmpp_2m", "guidance_scale": 4.5}
    ],
    ("kohya", "a fox, red --N bad -- hands --w 128 --h 64 --s 9 --l 4.5 --d 7 --f fox\nplain"): [
        {
            "prompt": "a fox, red",
            "negative_prompt": "bad -- hands",
            "width": 128,
            "height": 64,
            "steps": 9,
            "guidance_scale": 4.5,
            "seed": 7,
            "name": "fox",
        },
        {"prompt": "plain"},
    ],
    ("kohya", "a fox --d 1,22, 3"): [{"prompt": "a fox", "seed": seed} for seed in (1, 22, 3)],
}

BROKEN = {
    ("plain", "a\x07b\nc"): ["1:1: prompt contains the control character U+0007"],
    ("plain", "x" * 70_000): ["1:1: the row is 70000 bytes long; at most 65536 are read"],
    ("plain", "\n\n" + "x" * 10_001): ["3:1: prompt has 10001 characters"],
    ("plain", " \n# nothing\n"): [" has no jobs in it"],
    ("jsonl", '{"prompt": "a", "stpes": 3}'): ["1:17: unknown setting 'stpes' (did you mean steps"],
    ("jsonl", '{"prompt": "a", "num_image": 3}'): [
        "1:17: unknown setting 'num_image' (did you mean num_im"
    ],
    ("jsonl", '{"prompt": "a",\n{"prompt": "b"}}'): [
        "1:16: is not JSON: ",
        "2:16: something follows",
    ],
    ("jsonl", '"a fox"\n[1]'): ["1:1: a row must be an object", "2:1: a row must be an object"],
    ("jsonl", '{"prompt": "a", "prompt": "b"}'): ["1:17: the key 'prompt' is given twice"],
    ("jsonl", '{"prompt": "a", "cfg": 1, "guidance": 2}'): ["1:27: guidance_scale is given twice"],
    ("jsonl", '{"prompt": "a", 3: 4}'): ["1:17: a key must be text"],
    ("jsonl", '{"prompt": "a" "b"}'): ["1:16: a comma or } is missing"],
    ("jsonl", '{"prompt" "b"}'): ["1:11: a colon is missing after 'prompt'"],
    ("jsonl", '{"prompt": "a", "eta": NaN}'): [": NaN is not a number in JSON"],
    ("jsonl", '{"prompt": "a", "eta": 1e999}'): ["1:17: eta must be a finite number"],
    ("jsonl", '{"prompt": "a", "steps": true}'): ["1:17: steps must be a whole number, not True"],
    ("jsonl", '{"prompt": "a", "steps": "9"}'): ["1:17: steps must be a whole number, not '9'"],
    ("jsonl", '{"prompt": "a", "seed": ' + "9" * 5000 + "}"): ["1:25: is not a number that can"],
    ("jsonl", '{"prompt": ' + "[" * 40_000 + "}"): [": is nested too deep"],
    ("jsonl", '{"prompt": "a\\ud800"}'): ["1:2: prompt is not valid UTF-8"],
    ("jsonl", '{"prompt": {"a": 1, "a": 2}}'): [": a key is given twice"],
    ("jsonl", '{"prompt": "a", "n": 0}'): [
        "1:17: num_images must be a whole number from 1 to 10000"
    ],
    ("jsonl", '{"prompt": "a", "n": true}'): ["1:17: num_images must be a whole number"],
    ("jsonl", '{"prompt": "a", "n": 1, "num_images": 1}'): ["1:25: num_images is given twice"],
    ("jsonl", '{"prompt": "a", "name": "../x"}'): ["1:17: name '../x' contains '/'"],
    ("jsonl", '{"prompt": "a", "name": ["x"]}'): ["1:17: name must be text, not ['x']"],
    ("jsonl", '{"seed": 3}'): ["1:1: prompt is missing"],
    ("csv", "prompt,stpes,,prompt\na,1,2,b"): [
        "1:8: unknown setting 'stpes'",
        "1:14: this column has no name",
        "1:15: there are two columns 'prompt'",
    ],
    ("csv", "prompt,steps\na, b,3\nc,x\nd,0"): [
        "2:6: the row has 3 cells, the header 2 (quote a cell that contains a comma)",
        "3:3: steps must be a whole number, not 'x'",
        "4:3: steps must be at least 1, not 0",
    ],
    ("csv", 'prompt,steps\n"a\nb",0'): ["3:4: steps must be at least 1"],
    ("csv", 'prompt\na\n "b'): ["3:1: this quote is never closed"],
    ("csv", 'prompt\n"b" c'): ["2:5: something follows the closing quote"],
    ("csv", "prompt\n" + '"' + "a\n" * 40_000 + '"'): ["2:1: the row is 80000 bytes long"],
    ("csv", "prompt,steps\n"): [" has no jobs in it"],
    ("csv", "prompt,cfg,guidance\na,1,2"): ["2:5: guidance_scale is given twice"],
    ("yaml", "a fox"): ["1:1: must be a list of jobs, or defaults:, jobs: and matrix:"],
    ("yaml", "job: [a]"): ["1:1: unknown section 'job' (did you mean jobs?)"],
    ("yaml", "jobs: [a, 3, [b]]"): [
        "1:11: must be a mapping of settings",
        "1:14: must be a mapping",
    ],
    ("yaml", "jobs:\n- prompt: a\n  steps: 0\n- {prompt: b, stepz: 1}"): [
        "3:3: steps must be at least 1, not 0",
        "4:15: unknown setting 'stepz'",
    ],
    ("yaml", "jobs: [{prompt: a, size: 64x64}]\nmatrix: {width: [64]}"): [
        "1:20: size is in the matrix too"
    ],
    ("yaml", "matrix: {prompt: a}"): ["1:10: prompt must be a list of values"],
    ("yaml", "jobs: {a: 1}"): ["1:1: must be a list of jobs"],
    ("yaml", "defaults: {steps: 3}"): [" has no jobs in it"],
    ("yaml", "matrix: []"): ["1:1: matrix must map settings to lists"],
    ("yaml", "matrix:\n  prompt: [a]\n  steps: [1, x]"): [
        "3:14: steps must be a whole number, not 'x'"
    ],
    ("yaml", "matrix: {" + ", ".join(f"a{i}: [1, 2]" for i in range(30)) + "}"): [
        "1:1: the matrix has 1073741824 combinations; at most 1000000"
    ],
    ("yaml", "defaults: [a]\njobs: [b]"): ["1:1: must be a mapping of settings"],
    ("yaml", "- a: &x b"): ["1:6: anchors (&x) are not allowed"],
    ("yaml", "jobs: []"): [" has no jobs in it"],
    ("a1111", "--prompt a --stesp 3"): ["1:12: unknown tag --stesp (did you mean steps?)"],
    ("a1111", "--prompt a --styles x"): ["1:12: sdgen cannot honour --styles x (write the style"],
    ("a1111", "--prompt a --restore_faces true"): [
        "1:12: sdgen cannot honour --restore_faces true"
    ],
    ("a1111", "--prompt the fox's den"): ["1:17: this quote is never closed (quote the whole text"],
    ("a1111", "a fox --steps 3"): ["1:1: 'a' belongs to no tag (write --prompt before it"],
    ("a1111", "--steps 3 4 --prompt a"): ["1:11: '4' belongs to no tag"],
    ("a1111", "--prompt --steps 3"): ["1:1: --prompt has no value"],
    ("a1111", "--prompt a --prompt b"): ["1:12: --prompt is given twice"],
    ("a1111", "--prompt a --steps x"): ["1:20: steps must be a whole number, not 'x'"],
    ("a1111", "--prompt a --n_iter x"): ["1:21: must be a whole number, not 'x'"],
    ("a1111", "--steps 3"): ["1:9: prompt is missing"],
    ("kohya", "a --am 0.5"): ["1:3: sdgen cannot honour --am (known are --n, --w"],
    ("kohya", "a --steps 9"): ["1:3: sdgen cannot honour --steps (in this syntax steps is --s)"],
    ("kohya", "a --w"): ["1:3: --w has no value"],
    ("kohya", "a --w 64 --W 128"): ["1:10: --W is given twice"],
    ("kohya", "  --n bad"): ["1:3: the prompt is missing"],
    ("kohya", "a --d 1,x"): ["1:7: seed must be a whole number, not 'x'"],
    ("kohya", "a\nb --f a/b --s 0"): [
        "2:7: name 'a/b' contains '/'",
        "2:15: steps must be at least 1, not 0",
    ],
}

SNIFFED = {
    "a red fox\nanother": "plain",
    "": "plain",
    "# c\n\n{": "jsonl",
    "defaults:\n  steps: 3": "yaml",
    "- prompt: a": "yaml",
    "[\n{": "yaml",
    "[fox:owl:0.5] in snow": "plain",
    "prompt,stpes\na,1": "csv",
    "steps\tprompt": "csv",
    "prompt": "plain",
    "a fox, red, prompt": "plain",
    "a fox\n--prompt b": "a1111",
    "a fox\nb --n c": "kohya",
    "a fox --ar 16:9": "kohya",
    "well--known -- dashes": "plain",
}


@pytest.mark.parametrize(("dialect", "text"), GOOD)
def test_dialect_reads(dialect: str, text: str) -> None:
    expected = GOOD[dialect, text]
    if not expected:
        with pytest.raises(InputError):
            drafts_of(text, dialect)
        return
    drafts = drafts_of(text, dialect).items
    for draft, said in zip(drafts, expected, strict=True):
        found = {**draft.settings.model_dump(), "name": draft.name, "num_images": draft.num_images}
        assert {name: found[name] for name in said} == said
        assert draft.has_seed == ("seed" in said)


@pytest.mark.parametrize(("dialect", "text"), BROKEN)
def test_dialect_says_where_it_is_wrong(dialect: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        drafts_of(text, dialect)
    error = caught.value
    lines = error.details or [f"{error} ({error.hint})"]
    for line, expected in zip(lines, BROKEN[dialect, text], strict=True):
        assert line.startswith("stdin")
        assert expected in line


@pytest.mark.parametrize("text", SNIFFED)
def test_dialect_shows_in_the_lines(text: str) -> None:
    assert sniff(text, ".txt").name == SNIFFED[text]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_dialect_is_known_by_ending_and_name(dialect) -> None:
    assert find_dialect(dialect.name.upper()) is dialect
    for ending in dialect.endings:
        assert sniff("anything", ending.upper()) is dialect


def test_unknown_dialect_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown dialect 'jsnol'") as caught:
        find_dialect("jsnol")
    assert caught.value.hint == "did you mean jsonl?"


NAMES = [None, *(dialect.name for dialect in DIALECTS)]
SYNTAX = st.sampled_from(
    [
        "prompt",
        "steps",
        " --n ",
        "--prompt ",
        '"',
        "'",
        "\\",
        "{",
        "}",
        ":",
        ",",
        "\t",
        "\n",
        "\r",
        "[",
        "- ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=60))
def test_any_bytes_are_jobs_or_an_input_error(dialect: str | None, data: bytes) -> None:
    _jobs_or_input_error(data, dialect)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.lists(SYNTAX | st.text(max_size=4), max_size=25))
def test_any_syntax_is_jobs_or_an_input_error(dialect: str | None, pieces: list[str]) -> None:
    _jobs_or_input_error("".join(pieces).encode("utf-8", "surrogatepass"), dialect)


def _jobs_or_input_error(data: bytes, dialect: str | None) -> None:
    try:
        assert drafts_of(data, dialect).items
    except InputError as error:
        assert str(error).startswith("stdin") or " in stdin" in str(error)  # noqa: PT017
