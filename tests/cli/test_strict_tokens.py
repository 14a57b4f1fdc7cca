"""`--strict-tokens`: words that would be lost are refused before anything is loaded or drawn."""

from pathlib import Path

import pytest

from sdgen.cli import app


@pytest.fixture
def strict(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a command on the models that are really here, with nothing to draw with."""

    def never(*_: object) -> None:
        raise AssertionError("it was about to draw")

    monkeypatch.setattr("sdgen.engine.open_generator", never)

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        code = app.run([*map(str, words), "--strict-tokens"])
        return code, capsys.readouterr().err

    return run


HINT = "hint: --strict-tokens refuses this; without it there is a warning\n"


def test_a_word_that_the_model_was_not_taught_is_refused(strict):
    code, told = strict("a (zebu:1.2) in the snow")
    assert code == 2
    assert told == f"error: storybook was not taught these words of the prompt: zebu\n{HINT}"


def test_the_end_of_plain_words_that_is_cut_off_is_refused(strict):
    code, told = strict("fox " * 75 + "owl", "--prompt-syntax", "plain")
    assert (code, told.count("\n")) == (2, 2)
    assert "does not read the end of the prompt: 'owl'" in told


def test_a_script_that_the_model_has_no_words_for_is_refused(strict, tiny_sd):
    code, told = strict("狐狸", "--model", tiny_sd, "--negative-prompt", "лиса")
    assert code == 2
    assert [line.split(" in the ")[-1] for line in told.splitlines()[:2]] == [
        "prompt: write English, or use --model storybook or z-image-turbo",
        "negative_prompt: write English",
    ]  # fmt: skip
    assert "error: 2 prompts are not read as they stand" in told


def test_chosen_words_count_and_long_prompts_are_no_loss(strict):
    assert strict("{zebu|zebu}")[0] == 2
    assert "about to draw" in strict("fox, " * 100)[1]


def test_each_row_of_a_batch_is_told_with_its_line_and_nothing_is_drawn(strict):
    Path("jobs.txt").write_text("a zebu\na fox\na gnu\n")
    for more in ([], ["--dry-run"]):
        code, told = strict("batch", "jobs.txt", "-o", "out", *more)
        assert code == 2
        assert [line.split(": ")[0].strip() for line in told.splitlines()[:2]] == [
            "jobs.txt:1", "jobs.txt:3"
        ]  # fmt: skip
    assert list(Path("out").glob("*.*g")) == []
