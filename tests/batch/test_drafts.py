"""Rows between the layers below and above them; names; faults of flags, rows and models."""

from dataclasses import replace

import pytest

from sdgen.batch.jobfiles import JobFile, find_dialect
from sdgen.errors import InputError, ModelError
from sdgen.models import LocalModel
from sdgen.recipe.layers import layer_from
from tests.batch.conftest import drafts_of
from tests.fakes import FAKE_MODEL

CONFIG = layer_from("slow.yaml", {"steps": 50, "guidance_scale": 3.0})


def flags(**said: str):
    return layer_from("flags", said, text=True)


def find_all_but_x(name: str) -> LocalModel:
    if name == "x":
        raise ModelError(f"no model {name!r} here", hint="see sdgen models list")
    return FAKE_MODEL


def test_row_beats_config_and_flag_beats_row() -> None:
    drafts = drafts_of(
        '{"prompt": "a", "steps": 9}\n{"prompt": "b"}',
        lower=[CONFIG],
        upper=[flags(guidance_scale="0")],
    )
    found = [(draft.settings.steps, draft.settings.guidance_scale) for draft in drafts.items]
    assert found == [(9, 0.0), (50, 0.0)]


def test_seed_of_a_flag_is_every_rows_seed() -> None:
    drafts = drafts_of('{"prompt": "a", "seed": 9}\n{"prompt": "b"}', upper=[flags(seed="5")])
    assert [(draft.settings.seed, draft.has_seed) for draft in drafts.items] == [(5, True)] * 2


def test_number_of_a_flag_beats_the_rows() -> None:
    drafts = drafts_of('{"prompt": "a", "n": 3}\n{"prompt": "b"}', num_images=2)
    assert drafts.num_images == 4


def test_fault_of_a_flag_is_told_once() -> None:
    with pytest.raises(InputError, match=r"^steps \(flags\) must be at least 1, not 0$"):
        drafts_of("a\nb\nc", upper=[flags(steps="0")])


def test_size_that_the_model_cannot_draw_is_told_where_it_stands() -> None:
    with pytest.raises(
        InputError, match=r"^stdin:1:17: fake draws multiples of 8 pixels"
    ) as caught:
        drafts_of('{"prompt": "a", "size": "100x64"}')
    assert "104x64" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "place", "reason"),
    [
        ('"steps": 60, "scheduler": "lcm"', 17, "lcm cannot draw in 60 steps"),
        ('"scheduler": "lcm", "steps": 60', 37, "lcm cannot draw in 60 steps"),
        ('"scheduler": "euler", "eta": 0.5', 39, "euler has no eta"),
        ('"clip_skip": 4, "seed": 1', 17, "clip_skip cannot be 4"),
    ],
)
def test_what_only_goes_wrong_together_is_told_where_it_stands(said, place, reason) -> None:
    def find(name: str) -> LocalModel:
        return replace(FAKE_MODEL, text_layers=3)

    with pytest.raises(InputError) as caught:
        drafts_of(f'{{"prompt": "a", {said}}}\n', "jsonl", find=find)
    assert str(caught.value).startswith(f"stdin:1:{place}: {reason}")


def test_size_of_a_flag_is_told_once() -> None:
    with pytest.raises(InputError, match=r"^fake draws multiples of 8 pixels"):
        drafts_of("a\nb", upper=[flags(size="100x64")])


def test_missing_model_of_a_flag_ends_the_check() -> None:
    with pytest.raises(ModelError, match=r"^no model 'x' here$"):
        drafts_of('{"prompt": "a"}\n{"promt": "b"}', find=find_all_but_x, upper=[flags(model="x")])


def test_missing_model_of_a_row_is_told_where_it_stands() -> None:
    with pytest.raises(ModelError, match=r"^stdin:1:17: no model 'x' here$") as caught:
        drafts_of('{"prompt": "a", "model": "x"}', find=find_all_but_x)
    assert (caught.value.exit_code, caught.value.hint) == (4, "see sdgen models list")


def test_faults_of_many_kinds_are_all_listed() -> None:
    with pytest.raises(InputError, match="3 faults in stdin; nothing was drawn") as caught:
        drafts_of(
            '{"prompt": "a", "model": "x"}\n'
            '{"prompt": "a", "model": 5}\n'
            '{"prompt": "b", "seed": -1}',
            find=find_all_but_x,
        )
    assert caught.value.details == (
        "stdin:1:17: no model 'x' here (see sdgen models list)",
        "stdin:2:17: model must be a name or a folder, not 5",
        "stdin:3:17: seed must be at least 0, not -1",
    )


def test_keep_going_leaves_out_what_is_wrong() -> None:
    drafts = drafts_of('{"prompt": "a"}\n{"promt": "b"}\n{"prompt": "c"}', keep_going=True)
    assert [draft.settings.prompt for draft in drafts.items] == ["a", "c"]
    assert [line.partition(": ")[0] for line in drafts.faults] == ["stdin:2:2", "stdin:2:1"]


def test_keep_going_needs_one_good_row() -> None:
    with pytest.raises(InputError, match="2 faults"):
        drafts_of("{}\n{}", "jsonl", keep_going=True)


def test_name_belongs_to_one_row() -> None:
    with pytest.raises(InputError, match=r"^stdin:3:1: the name 'Fox' is already used in line 2"):
        drafts_of("name,prompt\nfox,a\nFox,b")


def test_keep_going_keeps_the_first_of_a_name() -> None:
    drafts = drafts_of("name,prompt\nfox,a\nFox,b", keep_going=True)
    assert [draft.settings.prompt for draft in drafts.items] == ["a"]
    assert len(drafts.faults) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a/b",
        "..",
        ".a",
        "-a",
        "a\\b",
        "C:x",
        "con",
        "LPT1.x",
        "conin$",
        "COM¹.x",
        "a\u202eb",
        "a.",
        "a\tb",
        "x" * 201,
        "a?",
    ],
)
def test_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^stdin:1:17: name "):
        drafts_of(f'{{"prompt": "a", "name": {name!r}}}'.replace("'", '"').replace("\\x", "\\u00"))


@pytest.mark.parametrize(
    ("name", "stem"), [("fox.PNG", "fox"), ("赤い狐", "赤い狐"), ("a.b", "a.b")]
)
def test_name_is_kept(name: str, stem: str) -> None:
    [draft] = drafts_of(f'{{"prompt": "a", "name": "{name}"}}').items
    assert draft.name == stem


def test_a_million_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdgen.batch.jobfiles.MAX_ROWS", 3)
    job_file = JobFile("jobs.txt", "a\n" * 4, find_dialect("plain"))
    with pytest.raises(InputError, match="has more than 3 jobs"):
        list(job_file.rows())


def test_too_many_pictures_are_refused() -> None:
    rows = '{"prompt": "a", "n": 10000}\n' * 101
    with pytest.raises(InputError, match="asks for 1010000 pictures, at most 1000000"):
        drafts_of(rows)


def test_a_row_of_more_keys_than_there_could_be_settings_is_one_fault() -> None:
    row = ", ".join(f'"k{number}": 1' for number in range(1001))
    with pytest.raises(InputError) as caught:
        drafts_of("{" + row + "}", "jsonl")
    assert len(caught.value.details) == 2  # and the prompt is missing
    assert "1001 keys are more than there are settings" in caught.value.details[0]
