import getpass
import io
import json
import platform
import sys
from pathlib import Path

import pytest
from PIL import Image

from sdgen.errors import GenerationError, MemoryExhaustedError, ModelError
from sdgen.files.images import read_record_of
from sdgen.metadata.record import pixels_sha256


def test_a_bare_prompt_draws_and_prints_the_path(sdgen):
    done = sdgen("a red fox", "--seed", "7")
    assert done.exit_code == 0
    assert done.stdout == "outputs/a-red-fox-7.png\n"
    assert "seed 7" in done.stderr
    record = read_record_of(Path("outputs/a-red-fox-7.png"))
    assert record.settings.seed == 7
    assert json.loads(Path("outputs/a-red-fox-7.json").read_text())["settings"]["seed"] == 7


def test_a_seed_that_nobody_gave_is_told_and_kept(sdgen):
    done = sdgen("a red fox")
    [path] = done.stdout.split()
    seed = read_record_of(Path(path)).settings.seed
    assert f"seed {seed}," in done.stderr
    assert 0 <= seed < 2**32


@pytest.mark.parametrize("flag", ["seed", "guidance-scale"])
def test_zero_is_a_value(sdgen, painter, flag: str):
    assert sdgen("a red fox", f"--{flag}", "0").exit_code == 0
    assert getattr(painter.drawn[0], flag.replace("-", "_")) == 0


def test_options_may_come_before_the_prompt(sdgen, painter):
    assert sdgen("--steps", "3", "a red fox").exit_code == 0
    assert painter.drawn[0].steps == 3


def test_a_command_word_is_a_prompt_behind_two_dashes(sdgen, painter):
    assert sdgen("--", "batch").exit_code == 0
    assert painter.drawn[0].prompt == "batch"


def test_several_pictures_count_the_seed_up(sdgen, painter):
    done = sdgen("a red fox", "-n", "3", "--seed", "5")
    assert [one.seed for one in painter.drawn] == [5, 6, 7]
    assert len(done.stdout.split()) == 3


def test_the_same_command_again_overwrites_nothing(sdgen):
    sdgen("a red fox", "--seed", "7")
    assert sdgen("a red fox", "--seed", "7").stdout == "outputs/a-red-fox-7-2.png\n"


def test_every_setting_has_a_flag_and_other_tools_words_work(sdgen, painter):
    done = sdgen(
        "a red fox", "--size", "64x128", "--cfg-scale", "3.5", "--sampler", "Euler a",
        "--num-inference-steps", "9", "--negative-prompt", "blurry", "--clip-skip", "2",
        "--guidance-rescale=0.5", "--dtype", "float32", "--seed", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    [drawn] = painter.drawn
    assert (drawn.width, drawn.height, drawn.guidance_scale, drawn.steps) == (64, 128, 3.5, 9)
    assert (drawn.scheduler, drawn.negative_prompt, drawn.clip_skip) == (
        "euler_ancestral", "blurry", 2,
    )  # fmt: skip


def test_flags_beat_configs_and_later_configs_beat_earlier(sdgen, painter):
    Path("tall.yaml").write_text("steps: 30\nheight: 128\nguidance_scale: 6.5\n")
    Path("few.yaml").write_text("steps: 8\n")
    sdgen("a red fox", "-c", "tall.yaml", "-c", "few.yaml", "--guidance-scale", "4")
    [drawn] = painter.drawn
    assert (drawn.steps, drawn.height, drawn.guidance_scale) == (8, 128, 4.0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fox.png", "PNG"),
        ("fox.jpg", "JPEG"),
        ("fox.jpeg", "JPEG"),
        ("sub/fox.webp", "WEBP"),
        ("fox.avif", "AVIF"),
    ],
)
def test_output_may_be_a_file_of_any_format(sdgen, name: str, kind: str):
    assert sdgen("a red fox", "-o", name).stdout == f"{name}\n"
    with Image.open(name) as image:
        assert image.format == kind
    assert read_record_of(Path(name)).settings.prompt == "a red fox"


def test_an_existing_file_is_replaced_only_on_request(sdgen, painter):
    sdgen("a red fox", "-o", "fox.png")
    again = sdgen("a red fox", "-o", "fox.png")
    assert again.exit_code == 5
    assert len(painter.drawn) == 1, "told before the work"
    assert sdgen("a blue fox", "-o", "fox.png", "--overwrite").exit_code == 0
    assert read_record_of(Path("fox.png")).settings.prompt == "a blue fox"


def test_several_into_one_name_are_numbered(sdgen):
    done = sdgen("a red fox", "-n", "2", "-o", "fox.png")
    assert done.stdout.split() == ["fox.png", "fox-2.png"]


def test_json_is_one_object_a_picture_and_nothing_on_stderr(sdgen):
    done = sdgen("a red fox", "-n", "2", "--seed", "7", "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["seed"], second["seed"]) == (7, 8)
    with Image.open(first["image"]) as image:
        assert first["pixels_sha256"] == pixels_sha256(image)
    assert done.stderr == ""


def test_quiet_says_only_the_path(sdgen):
    done = sdgen("a red fox", "-q", "--seed", "7")
    assert (done.stdout, done.stderr) == ("outputs/a-red-fox-7.png\n", "")


@pytest.mark.parametrize(
    ("given", "prompt"),
    [(b"a red fox\n", "a red fox"), ("夕阳下的海滩".encode(), "夕阳下的海滩"),
     (b"\xef\xbb\xbfa fox\r\n", "a fox"), (b"two\nlines", "two\nlines")],
)  # fmt: skip
def test_a_dash_reads_the_prompt_from_stdin(sdgen, painter, monkeypatch, given, prompt):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert sdgen("-").exit_code == 0
    assert painter.drawn[0].prompt == prompt


@pytest.mark.parametrize(
    ("given", "reason"),
    [(b"", "prompt (flags) is empty"), (b"\xff\xfe", "not UTF-8 (byte 0)"), (b"a\0b", "U+0000"),
     (b"x" * 10_001, "10001 characters"), ("城".encode() * 20_000, "more than 10000 characters")],
)  # fmt: skip
def test_a_bad_prompt_on_stdin(sdgen, monkeypatch, given: bytes, reason: str):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    done = sdgen("-")
    assert done.exit_code == 2
    assert reason in done.stderr


BAD = {
    ("--steps", "0"): "steps (flags) must be at least 1, not 0",
    ("--steps", "2.5"): "steps must be a whole number, not '2.5'",
    ("--steps", "1_000"): "steps must be a whole number",
    ("--guidance-scale", "nan"): "guidance_scale (flags) must be a finite number",
    ("--guidance-scale", "inf"): "guidance_scale (flags) must be a finite number",
    ("--guidance-scale", "-1"): "must be at least 0",
    ("--seed", "-1"): "seed (flags) must be at least 0",
    ("--seed", str(2**63)): "seed (flags) must be less than",
    ("--size", "70x64"): "multiples of 8 pixels",
    ("--size", "big"): "size must be WIDTHxHEIGHT",
    ("--width", "32"): "must be at least 64",
    ("--scheduler", "eulr"): "euler",
    ("--dtype", "half"): "must be 'auto', 'float32'",
    ("--size", "64x64", "--width", "64"): "width is given twice",
    ("--stepz", "3"): "no such option: --stepz",
    ("--steps",): "requires an argument",
    ("--config", "portrat"): "portrait",
    ("--config", "none.yaml"): "none.yaml",
    ("--format", "gif"): "unknown format 'gif'",
    ("-o", "fox.png", "--format", "webp"): "contradicts fox.png",
    ("-n", "0"): "'--num-images' / '-n'",
    ("extra words",): "unexpected extra argument",
    ("--negative-prompt", "a\x07b"): "control character U+0007",
}


@pytest.mark.parametrize(("flags", "reason"), BAD.items(), ids=map(" ".join, BAD))
def test_bad_input_is_one_line_code_2_and_no_picture(sdgen, painter, flags, reason: str):
    done = sdgen("a red fox", *flags)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert not painter.drawn


@pytest.mark.parametrize("prompt", ["", "   ", "\n", "a\x1b[31mb", "half \ud800"])
def test_prompts_that_cannot_be_drawn(sdgen, painter, prompt: str):
    done = sdgen(prompt)
    assert (done.exit_code, done.stdout, painter.drawn) == (2, "", [])
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("word", ["bacth", "reproduse", "shows", "Doctr"])
def test_a_near_miss_of_a_command_is_an_error_with_a_hint(sdgen, painter, word: str):
    done = sdgen(word, "x.png")
    assert done.exit_code == 2
    assert "did you mean sdgen" in done.stderr
    assert not painter.drawn


@pytest.mark.parametrize("word", ["fox", "城堡", "a-fox", "witch"])
def test_one_word_prompts_are_drawn(sdgen, painter, word: str):
    assert sdgen(word).exit_code == 0
    assert painter.drawn[0].prompt == word


@pytest.mark.parametrize(
    ("failure", "code"),
    [(GenerationError("came out as NaN"), 3), (ModelError("lacks unet"), 4),
     (MemoryExhaustedError("does not fit"), 6)],
)  # fmt: skip
def test_failures_have_their_codes(sdgen, painter, failure, code: int):
    painter.fail_on["a red fox"] = failure
    done = sdgen("a red fox")
    assert (done.exit_code, done.stdout) == (code, "")
    assert f"error: {failure}" in done.stderr


def test_a_bug_is_code_1_and_a_traceback_only_with_debug(sdgen, painter):
    painter.fail_on["a red fox"] = ZeroDivisionError("by zero")
    done = sdgen("a red fox")
    assert done.exit_code == 1
    assert "a bug in sdgen: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in sdgen("--debug", "a red fox").stderr


def test_errors_as_json_are_one_object_on_stderr(sdgen):
    done = sdgen("a red fox", "--json", "--steps", "0")
    error = json.loads(done.stderr)["error"]
    assert (done.exit_code, error["code"], error["exit_code"]) == (2, "input", 2)
    assert done.stdout == ""


def test_an_output_folder_that_is_a_file(sdgen, painter):
    Path("taken").write_text("")
    done = sdgen("a red fox", "-o", "taken")
    assert done.exit_code == 5
    assert not painter.drawn


def test_a_prompt_cannot_leave_the_folder_or_speak_to_the_terminal(sdgen):
    done = sdgen("../../etc/passwd \u202e [red]x[/red] :smile:", "--seed", "1")
    [path] = [Path(line) for line in done.stdout.splitlines()]
    assert path.parent == Path("outputs")
    assert path.is_file()
    assert "\u202e" not in done.stderr


def test_drawing_leaves_no_trace_of_this_machine(sdgen, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecretsecret")
    sdgen("a red fox", "--seed", "7")
    traces = [str(tmp_path), getpass.getuser() + "/", platform.node(), "hf_secret"]
    for file in Path("outputs").glob("*.*"):
        data = file.read_bytes()
        assert [trace for trace in traces if trace.encode() in data] == []


def test_one_bad_picture_of_several_does_not_end_the_others(sdgen, painter, monkeypatch):
    draw = painter.generate

    def generate(settings, model, *told):
        if settings.seed == 6:
            raise GenerationError("came out as NaN")
        return draw(settings, model, *told)

    monkeypatch.setattr(painter, "generate", generate)
    done = sdgen("a red fox", "-n", "3", "--seed", "5")
    assert done.stdout.split() == ["outputs/a-red-fox-5.png", "outputs/a-red-fox-7.png"]
    assert done.exit_code == 3
    assert "warning: seed 6: came out as NaN" in done.stderr
    assert done.stderr.endswith("error: 1 of 3 pictures could not be drawn\n")


def test_seeds_do_not_wrap_around(sdgen, painter):
    done = sdgen("a red fox", "-n", "2", "--seed", str(2**63 - 1))
    assert (done.exit_code, painter.drawn) == (2, [])
    assert "leaves no room for 2 pictures" in done.stderr


@pytest.mark.parametrize("name", ["fox.gif", "fox.pgn", "fox.JPGE", "sub/fox.tiff"])
def test_an_ending_that_is_not_ours_makes_no_folder(sdgen, painter, name: str):
    done = sdgen("a red fox", "-o", name)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert "the endings are .png, .jpg, .jpeg, .webp, .avif" in done.stderr
    assert not Path(name).exists()


@pytest.mark.parametrize("name", ["v1.5", "my.pictures", ".hidden"])
def test_a_folder_may_have_a_dot_in_its_name(sdgen, name: str):
    assert sdgen("a red fox", "-o", name, "--seed", "1").stdout == f"{name}/a-red-fox-1.png\n"


def test_what_the_user_must_know_is_said_before_the_work_and_in_quiet_too(sdgen, painter):
    painter.fail_on["a zebra"] = GenerationError("came out as NaN")
    done = sdgen("a zebra", "-q")
    assert done.stderr.splitlines()[0] == "warning: about a zebra"
    assert done.exit_code == 3
