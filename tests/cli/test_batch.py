"""`sdgen batch` through the app: what people type, what they are told, and the exit codes."""

import io
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from sdgen.batch.state import open_state, read_noted
from sdgen.errors import GenerationError, MemoryExhaustedError, ModelError
from sdgen.files.images import read_record_of
from sdgen.files.names import FIELDS

DIALECTS = {
    "plain.txt": "# two foxes\na red fox\n\na blue fox\n",
    "lines.jsonl": '{"prompt": "a red fox", "steps": 7}\n{"prompt": "a blue fox", "seed": 3}\n',
    "table.csv": "prompt,steps\na red fox,7\na blue fox,\n",
    "table.tsv": "prompt\tsteps\na red fox\t7\na blue fox\t\n",
    "list.yaml": "- prompt: a red fox\n- prompt: a blue fox\n",
    "matrix.yaml": "defaults: {steps: 7}\nmatrix:\n  prompt: [a red fox, a blue fox]\n",
    "a1111.txt": '--prompt "a red fox" --steps 7\n--prompt "a blue fox" --cfg_scale 5\n',
    "kohya.txt": "a red fox --s 7 --n blurry\na blue fox --d 3\n",
}


@pytest.mark.parametrize(("name", "text"), DIALECTS.items(), ids=DIALECTS)
def test_every_dialect_is_drawn(sdgen, painter, name: str, text: str):
    Path(name).write_text(text)
    done = sdgen("batch", name)
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2), done.stderr
    assert [one.prompt for one in painter.drawn] == ["a red fox", "a blue fox"]
    for line in done.stdout.splitlines():
        assert read_record_of(Path(line)).job is not None


def drawn(painter) -> list[str]:
    return [one.prompt.split()[1] for one in painter.drawn]


def pictures(folder: str = "outputs") -> int:
    return len(list(Path(folder).glob("*.png")))


def test_paths_go_to_stdout_and_talk_to_stderr(sdgen, jobs):
    done = sdgen("batch", jobs, "-o", "book")
    assert all(re.fullmatch(r"book/a-\w+-fox-\d+\.png", line) for line in done.stdout.splitlines())
    assert re.fullmatch(r"3 pictures\n3 drawn in \d+\.\d s\n", done.stderr)


def test_quiet_tells_only_the_paths(sdgen, jobs):
    done = sdgen("batch", jobs, "-q")
    assert (len(done.stdout.splitlines()), done.stderr) == (3, "")


def test_json_is_an_object_a_picture_and_a_summary(sdgen, jobs):
    done = sdgen("batch", jobs, "--json", "--limit", "1")
    picture, summary = map(json.loads, done.stdout.splitlines())
    assert Path(picture["image"]).is_file()
    assert picture["source"] == "jobs.txt:1"
    assert picture["seed"] == read_record_of(Path(picture["image"])).settings.seed
    assert summary == {"summary": {"drawn": 1, "done_before": 0, "failed": 0, "left_out": 0,
                                   "not_reached": 0}}  # fmt: skip
    assert done.stderr == ""


def test_stdin_is_a_job_file(sdgen, painter, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a red fox\n{'a': 1}\n")))
    assert sdgen("batch", "-").exit_code == 0
    assert len(painter.drawn) == 2


def test_dialect_can_be_said(sdgen, painter):
    Path("odd.txt").write_text("prompt\na red fox\n")
    assert sdgen("batch", "odd.txt", "--dialect", "csv").exit_code == 0
    assert drawn(painter) == ["red"]


def test_the_same_command_again_draws_nothing(sdgen, painter, jobs):
    first = sdgen("batch", jobs)
    again = sdgen("batch", jobs)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "3 pictures, 3 of them done before\n0 drawn, 3 done before" in again.stderr
    assert len(painter.drawn) == len(first.stdout.splitlines()) == pictures() == 3


def test_a_deleted_picture_is_drawn_again(sdgen, painter, jobs):
    [_, blue, _] = sdgen("batch", jobs).stdout.splitlines()
    before = read_record_of(Path(blue)).image.sha256
    for path in Path("outputs").glob("a-blue-fox*"):
        path.unlink()
    assert sdgen("batch", jobs).stdout == f"{blue}\n"
    assert read_record_of(Path(blue)).image.sha256 == before


def test_dry_run_shows_all_and_writes_nothing(sdgen, painter, jobs):
    done = sdgen("batch", jobs, "--dry-run", "--seed", "5")
    assert done.exit_code == 0
    assert [line.split()[:4] for line in done.stdout.splitlines()[1:]] == [
        [f"jobs.txt:{number}", "to", "draw", "5"] for number in (1, 2, 3)
    ]
    assert "3 to draw, 0 done before; nothing drawn" in done.stderr
    assert (painter.drawn, Path("outputs").exists()) == ([], False)


def test_dry_run_as_json_tells_all_settings(sdgen, jobs):
    sdgen("batch", jobs, "--limit", "1")
    lines = sdgen("batch", jobs, "--dry-run", "--json").stdout.splitlines()
    first, second, _ = map(json.loads, lines)
    assert (first["done"], second["done"]) == (True, False)
    assert second["settings"]["prompt"] == "a blue fox"
    assert isinstance(second["settings"]["seed"], int)


def test_seeds_that_only_a_run_draws_are_told_as_open(sdgen, jobs):
    line = json.loads(sdgen("batch", jobs, "--dry-run", "--json").stdout.splitlines()[0])
    assert line["settings"]["seed"] is line["id"] is None
    assert "(at the run)" in sdgen("batch", jobs, "--dry-run").stdout


def test_one_bad_picture_does_not_end_the_run(sdgen, painter, jobs):
    painter.fail_on["a blue fox"] = GenerationError("came out as NaN")
    done = sdgen("batch", jobs)
    assert (done.exit_code, drawn(painter), pictures()) == (3, ["red", "green"], 2)
    assert "warning: jobs.txt:2: came out as NaN" in done.stderr
    assert "2 drawn, 1 failed in" in done.stderr
    assert "error: 1 of 3 pictures could not be drawn\nhint: the same command" in done.stderr
    painter.fail_on.clear()
    again = sdgen("batch", jobs)
    assert (again.exit_code, pictures()) == (0, 3)


def test_failures_as_json(sdgen, painter, jobs):
    painter.fail_on["a blue fox"] = GenerationError("came out as NaN", hint="another dtype")
    done = sdgen("batch", jobs, "--json")
    failure = json.loads(done.stdout.splitlines()[1])
    assert failure["source"] == "jobs.txt:2"
    assert failure["error"]["hint"] == "another dtype"
    assert json.loads(done.stderr)["error"]["exit_code"] == done.exit_code == 3


@pytest.mark.parametrize(
    ("failure", "code"), [(MemoryExhaustedError("too large"), 6), (ModelError("is broken"), 4)]
)
def test_what_fails_every_picture_gives_its_own_code(sdgen, painter, jobs, failure, code):
    painter.fail_on = dict.fromkeys(("a red fox", "a blue fox", "a green fox"), failure)
    done = sdgen("batch", jobs)
    assert (done.exit_code, done.stdout) == (code, "")
    assert f"error: {failure}" in done.stderr


def test_shards_are_together_the_whole(sdgen, painter):
    Path("many.txt").write_text("".join(f"fox {number}\n" for number in range(10)))
    codes = [sdgen("batch", "many.txt", "--shard", f"{part}/3").exit_code for part in (1, 2, 3)]
    assert codes == [0, 0, 0]
    assert sorted(one.prompt for one in painter.drawn) == sorted(f"fox {n}" for n in range(10))
    assert sdgen("batch", "many.txt").stdout == ""


def test_limit_draws_the_first(sdgen, painter, jobs):
    sdgen("batch", jobs, "--limit", "2")
    assert drawn(painter) == ["red", "blue"]
    sdgen("batch", jobs)
    assert drawn(painter) == ["red", "blue", "green"]


def test_seeds_stay_when_rows_are_added(sdgen, painter, jobs):
    sdgen("batch", jobs)
    seeds = {one.prompt: one.seed for one in painter.drawn}
    jobs.write_text("a new fox\n" + jobs.read_text())
    done = sdgen("batch", jobs)
    assert len(done.stdout.splitlines()) == 1
    assert len({*seeds.values(), painter.drawn[-1].seed}) == 4


def test_a_seed_flag_is_every_rows_seed(sdgen, painter, jobs):
    sdgen("batch", jobs, "--seed", "5")
    assert [one.seed for one in painter.drawn] == [5, 5, 5]


def test_several_pictures_a_row_count_their_seed_up(sdgen, painter, jobs):
    sdgen("batch", jobs, "-n", "2", "--seed", "5", "--limit", "4")
    assert [one.seed for one in painter.drawn] == [5, 6, 5, 6]


def test_flags_beat_rows_and_rows_beat_configs(sdgen, painter):
    Path("few.yaml").write_text("steps: 8\nguidance_scale: 2\nwidth: 128\n")
    Path("jobs.jsonl").write_text('{"prompt": "a fox", "steps": 9, "guidance_scale": 3}\n')
    sdgen("batch", "jobs.jsonl", "-c", "few.yaml", "--guidance-scale", "4")
    [one] = painter.drawn
    assert (one.width, one.steps, one.guidance_scale) == (128, 9, 4.0)


def test_format_is_the_files(sdgen, jobs):
    lines = sdgen("batch", jobs, "--format", "webp").stdout.splitlines()
    assert [Path(line).suffix for line in lines] == [".webp"] * 3


def test_names_are_built_as_the_template_says(sdgen, painter, jobs):
    words = ("batch", jobs, "--seed", "5", "--name", "{index:03}/{prompt}", "-o", "book")
    stopped = sdgen(*words, "--limit", "1")
    assert stopped.stdout == "book/000/a-red-fox.png\n"
    names = sdgen(*words).stdout.splitlines()
    assert names == ["book/001/a-blue-fox.png", "book/002/a-green-fox.png"]
    assert len(painter.drawn) == 3
    assert sdgen(*words, "--name", "{seed}").stdout == "", "what is drawn keeps its name"


def test_the_fields_of_names_are_in_the_help(sdgen):
    told = " ".join(sdgen("batch", "--help").stdout.split())
    for field in FIELDS:
        assert f" {field}" in told
    assert "{prompt}-{seed}" in told


def test_a_busy_folder_is_code_8(sdgen, painter, jobs):
    Path("outputs").mkdir()
    with open_state(Path("outputs")):
        done = sdgen("batch", jobs)
    assert (done.exit_code, painter.drawn) == (8, [])
    assert "another run holds " in done.stderr


def test_a_folder_that_cannot_be_written_is_told_before_the_work(sdgen, painter, jobs, monkeypatch):
    Path("outputs").write_text("in the way")
    assert sdgen("batch", jobs).exit_code == 5
    assert sdgen("batch", jobs, "-o", "outputs/deeper").exit_code == 5
    monkeypatch.setattr("os.link", _failing(30, "Read-only file system"))
    monkeypatch.setattr("os.open", _opening_to_read_only(os.open))
    done = sdgen("batch", jobs, "-o", "read-only")
    assert (done.exit_code, painter.drawn) == (5, [])
    assert "the disk is read-only" in done.stderr


def _failing(number: int, reason: str):
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, reason)

    return fail


def _opening_to_read_only(whole):
    def open_it(path, flags: int, *args: object, **options: object) -> int:
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            raise OSError(30, "Read-only file system")
        return whole(path, flags, *args, **options)

    return open_it


def test_a_disk_that_fills_up_ends_the_run_and_keeps_what_is_done(
    sdgen, painter, jobs, monkeypatch
):
    whole = painter.generate

    def fill_the_disk(settings, model, on_step, tell):
        def step(done, total):
            if (settings.prompt, done) == ("a blue fox", total):  # the red one is told by now
                monkeypatch.setattr("os.write", _failing(28, "No space left on device"))
            on_step(done, total)

        if settings.prompt == "a blue fox":
            while pictures() == 0 or len(read_noted(Path("outputs"))) == 0:
                time.sleep(0.01)
        return whole(settings, model, step, tell)

    monkeypatch.setattr(painter, "generate", fill_the_disk)
    done = sdgen("batch", jobs)
    assert (done.exit_code, pictures(), drawn(painter)[:2]) == (5, 1, ["red", "blue"])
    assert "the disk is full" in done.stderr
    assert "1 drawn, 2 not reached" in done.stderr
    monkeypatch.undo()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_after_the_step_and_the_command_goes_on(
    sdgen, painter, jobs, monkeypatch, number, code
):
    whole = painter.generate

    def interrupted(settings, model, on_step, tell):
        def step(done, total):
            if (settings.prompt, done) == ("a blue fox", 2):
                signal.raise_signal(number)
            on_step(done, total)

        return whole(settings, model, step)

    with monkeypatch.context() as patch:
        patch.setattr(painter, "generate", interrupted)
        done = sdgen("batch", jobs)
    assert (done.exit_code, pictures()) == (code, 1)
    assert "1 drawn, 2 not reached" in done.stderr
    assert "error: stopped\nhint: the same command goes on from here" in done.stderr
    again = sdgen("batch", jobs)
    assert (again.exit_code, pictures()) == (0, 3)


def test_what_must_be_known_of_a_picture_is_said_at_its_place(sdgen):
    Path("prompts.txt").write_text("a red fox\na zebra\n")
    done = sdgen("batch", "prompts.txt")
    assert done.exit_code == 0
    assert "warning: prompts.txt:2: about a zebra\n" in done.stderr
    lines = [
        json.loads(line)
        for line in sdgen("batch", "prompts.txt", "--json", "-o", "b").stdout.splitlines()
    ]
    assert {"source": "prompts.txt:2", "notice": "about a zebra"} in lines


def test_the_pictures_of_one_row_are_warned_of_once(sdgen):
    Path("prompts.txt").write_text("a zebra\n")
    done = sdgen("batch", "prompts.txt", "-n", "3")
    assert done.stderr.count("about a zebra") == 1


def test_a_picture_with_a_record_is_drawn_over(sdgen, painter):
    assert sdgen("a red fox", "--seed", 7, "-o", "fox.png").exit_code == 0
    Path("over.yaml").write_text("- {prompt: a blue fox, image: fox.png, strength: 0.5}\n")
    done = sdgen("batch", "over.yaml")
    assert done.exit_code == 0, done.stderr
    record = read_record_of(Path(done.stdout.strip()))
    assert (record.sources[0].name, painter.drawn[-1].prompt) == ("fox.png", "a blue fox")
