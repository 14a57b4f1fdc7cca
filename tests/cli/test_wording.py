"""Choices, wildcards and styles through the commands: what is drawn, recorded and drawn again."""

import json
from pathlib import Path

import pytest

from sdgen.files.images import read_record_of


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("wild").mkdir()
    Path("wild/colour.txt").write_text("red\nblue\ngreen\n")
    Path("styles.csv").write_text('name,prompt,negative_prompt\nSnow,"{prompt}, snow",fog\n')


def prompts(painter) -> list[str]:
    return [settings.prompt for settings in painter.drawn]


def test_the_record_tells_what_was_drawn_and_what_was_written(sdgen, painter):
    words = ("a __colour__ {fox|owl}", "--wildcards", "wild", "--style", "snow", "--seed", 5)
    assert sdgen(*words, "-o", "fox.png").exit_code == 0
    record = read_record_of(Path("fox.png"))
    assert [record.settings.prompt] == prompts(painter)
    assert record.settings.prompt.endswith(", snow")
    assert record.settings.negative_prompt == "fog"
    assert record.written.prompt == "a __colour__ {fox|owl}"
    assert record.written.negative_prompt == ""
    assert record.written.styles == ["Snow"]


def test_show_tells_the_written_prompt_beside_the_drawn_one(sdgen):
    sdgen("a {red|red} fox", "--style", "snow", "--seed", 5, "-o", "fox.png")
    shown = {" ".join(line.split()) for line in sdgen("show", "fox.png").stdout.splitlines()}
    assert {"prompt a red fox, snow", "prompt as written a {red|red} fox", "styles Snow"} <= shown


def test_a_prompt_without_choices_is_recorded_once(sdgen):
    sdgen("a red fox", "-o", "fox.png")
    assert "written" not in json.loads(Path("fox.json").read_text())


def test_each_of_several_has_words_of_its_seed_and_can_be_drawn_alone(sdgen, painter):
    words = ("{a|b|c|d|e|f|g|h} fox", "--seed")
    assert sdgen(*words, 10, "-n", 6).exit_code == 0
    several = prompts(painter)
    assert len(set(several)) > 2
    for number, prompt in enumerate(several):
        painter.drawn.clear()
        assert sdgen(*words, 10 + number).exit_code == 0
        assert prompts(painter) == [prompt]


def test_reproduce_takes_the_drawn_text_and_needs_no_files(sdgen, painter):
    sdgen("a __colour__ {fox|owl}", "--wildcards", "wild", "--seed", 5, "-o", "fox.png")
    Path("wild/colour.txt").unlink()
    outcome = sdgen("reproduce", "fox.png")
    assert (outcome.exit_code, outcome.stdout.split(":")[0]) == (0, "identical")


def test_literal_braces_of_a_drawn_text_are_not_chosen_from_again(sdgen, painter):
    sdgen(r"a \{red|blue\} fox", "--seed", 5, "-o", "fox.png")
    assert prompts(painter) == ["a {red|blue} fox"]
    assert sdgen("reproduce", "fox.png").stdout.startswith("identical")


def test_rows_of_a_batch_choose_by_their_seeds_and_a_second_run_finds_all_done(sdgen, painter):
    Path("jobs.txt").write_text("a __colour__ {fox|owl|cat|dog}\n" * 8)
    run = ("batch", "jobs.txt", "--wildcards", "wild", "--style", "Snow", "-o", "out")
    assert sdgen(*run).exit_code == 0
    drawn = prompts(painter)
    assert len(drawn) == 8
    assert len(set(drawn)) > 3
    for picture in Path("out").glob("*.png"):
        record = read_record_of(picture)
        assert record.written.prompt == "a __colour__ {fox|owl|cat|dog}"
        assert record.settings.prompt in drawn
    assert "8 of them done before" in sdgen(*run).stderr
    assert len(painter.drawn) == 8
    shown = sdgen(*run, "--dry-run", "--json").stdout.splitlines()
    assert [json.loads(line)["settings"]["prompt"] for line in shown] == drawn


def test_a_dry_run_shows_choices_open_while_the_seed_is(sdgen):
    Path("jobs.jsonl").write_text('{"prompt": "{a|b} fox"}\n{"prompt": "{c|c} fox", "seed": 5}\n')
    shown = sdgen("batch", "jobs.jsonl", "-o", "out", "--dry-run", "--json").stdout.splitlines()
    assert [json.loads(line)["settings"]["prompt"] for line in shown] == ["{a|b} fox", "c fox"]


def test_a_config_may_have_choices(sdgen, painter):
    Path("own.yaml").write_text("negative_prompt: '{fog|rain}'\nseed: 3\n")
    assert sdgen("fox", "-c", "own.yaml").exit_code == 0
    assert painter.drawn[0].negative_prompt in ("fog", "rain")


def test_plain_words_have_no_choices(sdgen, painter):
    assert sdgen("a {red|blue} fox", "--prompt-syntax", "plain").exit_code == 0
    assert prompts(painter) == ["a {red|blue} fox"]


def test_what_must_be_known_is_told_for_the_drawn_words_once(sdgen):
    told = sdgen("{zebra|zebra} __colour__", "--wildcards", "wild", "-n", 9, "--seed", 1).stderr
    warnings = [line for line in told.splitlines() if line.startswith("warning")]
    assert len(warnings) == len(set(warnings)) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a __sky__"], "prompt: there is no wildcard 'sky'"),
        (["a __sky__", "--wildcards", "wild"], "prompt: there is no wildcard 'sky'"),
        (["a __../styles__", "--wildcards", "wild"], "there is no wildcard '../styles'"),
        (["a", "--wildcards", "none"], "there is no folder of wildcards 'none'"),
        (["a", "--style", "snwo"], "there is no style 'snwo'"),
        (["a", "--style", "snow", "--styles-file", "none.csv"], "none.csv cannot be read"),
        (["a {b"], "prompt has a { that is not closed: {b"),
        (["a", "--negative", "b}"], "negative_prompt has a } without its {"),
        (["{3$$a|b}"], "prompt asks for more than there is, or for nothing: {3$$a|b}"),
        (["{|}"], "prompt (put together for seed 1) is empty"),
    ],
)
def test_what_is_refused_is_one_line_and_nothing_is_drawn(sdgen, painter, words, told):
    outcome = sdgen(*words, "--seed", 1)
    [error, *hint] = outcome.stderr.splitlines()
    assert outcome.exit_code == 2
    assert error.startswith("error: ")
    assert told in error
    assert len(hint) < 2
    assert painter.drawn == []


def test_faults_of_rows_are_told_with_their_places(sdgen, painter):
    Path("jobs.csv").write_text('prompt,seed\na fox,1\n"a {b",2\n__sky__,3\n')
    outcome = sdgen("batch", "jobs.csv", "-o", "out")
    assert outcome.exit_code == 2
    told = outcome.stderr.splitlines()
    assert told[0].strip().startswith("jobs.csv:3:1: prompt has a { that is not closed")
    assert told[1].strip().startswith("jobs.csv:4:1: prompt: there is no wildcard 'sky'")
    assert painter.drawn == []
    assert sdgen("batch", "jobs.csv", "-o", "out", "--keep-going").exit_code == 3
    assert prompts(painter) == ["a fox"]


def test_a_variation_chooses_in_the_prompts_that_are_changed_and_in_no_others(sdgen, painter):
    sdgen(r"a \{red|blue\} {fox|owl}", "--seed", 5, "-o", "fox.png")
    first = painter.drawn[-1].prompt
    sdgen("reproduce", "fox.png", "--seed", 6, "--negative-prompt", "{fog|rain}", "-o", "b.png")
    assert painter.drawn[-1].prompt == first
    assert painter.drawn[-1].negative_prompt in ("fog", "rain")
    record = read_record_of(Path("b.png"))
    assert (record.written.prompt, record.written.negative_prompt) == (first, "{fog|rain}")


def test_a_picture_that_is_drawn_again_and_kept_tells_what_was_written(sdgen):
    sdgen("a {red|blue} fox", "--seed", 5, "-o", "fox.png")
    assert sdgen("reproduce", "fox.png", "-o", "again.png").exit_code == 0
    assert read_record_of(Path("again.png")).written.prompt == "a {red|blue} fox"


def test_configs_name_a_folder_and_styles_and_flags_stand_above_them(sdgen, painter):
    Path("book/cold").mkdir(parents=True)
    Path("book/cold/colour.txt").write_text("blue\n")
    Path("book/night.yaml").write_text("for: nights\nwildcards: cold\nstyle: snow\nsteps: 3\n")
    assert sdgen("a __colour__ fox", "-c", "book/night.yaml", "-o", "a.png").exit_code == 0
    assert (prompts(painter), painter.drawn[0].steps) == (["a blue fox, snow"], 3)
    assert read_record_of(Path("a.png")).written.prompt == "a __colour__ fox"
    Path("wild/colour.txt").write_text("red\n")
    sdgen("a __colour__ fox", "-c", "book/night.yaml", "--wildcards", "wild", "-o", "b.png")
    assert prompts(painter)[1:] == ["a red fox, snow"]
    Path("home/sdgen").mkdir(parents=True)
    Path("home/sdgen/config.yaml").write_text("wildcards: ../../wild\n")
    sdgen("a __colour__ fox", "-o", "c.png")
    assert prompts(painter)[2:] == ["a red fox"]
    Path("jobs.txt").write_text("a __colour__ owl\n")
    sdgen("batch", "jobs.txt", "-c", "book/night.yaml", "-o", "jobs")
    assert prompts(painter)[3:] == ["a blue owl, snow"]
    assert sdgen("explain", "-c", "book/night.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [("wildcards: 7", "mine.yaml, line 2: wildcards must be a folder"),
     ("style: 7", "mine.yaml, line 2: style must be names of styles"),
     ("wildcards: gone", "there is no folder of wildcards 'gone'"),
     ("style: gone", "there is no style 'gone'")],
)  # fmt: skip
def test_what_a_config_says_wrongly_is_one_line(sdgen, painter, line, told):
    Path("mine.yaml").write_text(f"steps: 3\n{line}\n")
    refused = sdgen("a fox", "-c", "./mine.yaml")
    assert (refused.exit_code, painter.drawn) == (2, [])
    assert told in refused.stderr
    assert refused.stderr.count("error: ") == 1
