"""`sdgen lock`, and `--locked` on the commands that draw."""

import json
import shutil
from pathlib import Path

import pytest

from sdgen.files.lockfile import read_lock, write_lock
from sdgen.models import find_model

LOCK = Path("sdgen.lock")
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(autouse=True)
def _real_models(painter, monkeypatch) -> None:
    """The painter draws, for models that are really here."""
    find_model.cache_clear()
    for module in ("sdgen.models.resolve", "sdgen.replay"):
        monkeypatch.setattr(f"{module}.find_model", find_model)


@pytest.fixture
def locked(sdgen, mini: Path) -> Path:
    """The lock of `mini`."""
    assert sdgen("lock", "--model", mini).exit_code == 0
    return LOCK


def relock(**versions: str) -> None:
    """Let the lock name other versions."""
    lock = read_lock(LOCK)
    write_lock(LOCK, lock.model_copy(update={"versions": {**lock.versions, **versions}}))


def spoil(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1] + b"\1")


def test_lock_writes_the_models_that_are_named(sdgen, mini):
    done = sdgen("lock", "--model", mini, "--model", "storybook")
    assert (done.exit_code, done.stdout) == (0, "sdgen.lock\n")
    assert done.stderr == "locked: mini, storybook\n"
    assert list(read_lock(LOCK).models) == ["mini", "storybook"]


def test_lock_without_a_name_takes_the_model_that_is_used_without_one(sdgen, mini):
    sdgen("lock")
    assert list(read_lock(LOCK).models) == ["storybook"]
    Path("home/sdgen").mkdir(parents=True, exist_ok=True)
    Path("home/sdgen/config.yaml").write_text(f"model: {mini}\n")
    sdgen("lock")
    assert list(read_lock(LOCK).models) == ["mini"]


def test_lock_takes_the_models_of_batch_files_and_configs(sdgen, mini, tmp_path):
    other = shutil.copytree(mini, tmp_path / "other")
    third = shutil.copytree(mini, tmp_path / "third")
    Path("jobs.jsonl").write_text(
        json.dumps({"prompt": "a fox", "model": str(mini)}) + "\n"
        + json.dumps({"prompt": "two foxes", "model": str(other), "num_images": 9}) + "\n"
    )  # fmt: skip
    Path("mine.yaml").write_text(f"model: {third}\n")
    assert sdgen("lock", "jobs.jsonl", "-c", "mine.yaml").exit_code == 0
    assert list(read_lock(LOCK).models) == ["mini", "other", "third"]
    Path("plain.txt").write_text("a fox\n")
    sdgen("lock", "plain.txt", "-c", "mine.yaml")
    assert list(read_lock(LOCK).models) == ["third"]


def test_lock_again_changes_nothing_and_says_so(sdgen, locked, mini):
    before = locked.read_bytes()
    done = sdgen("lock", "--model", mini)
    assert done.stderr == "unchanged: mini\n"
    assert locked.read_bytes() == before


def test_a_model_that_is_no_longer_locked_is_told(sdgen, locked):
    assert "warning: no longer locked: mini" in sdgen("lock").stderr


def test_lock_as_json_is_the_lock_and_where_it_is(sdgen, mini):
    said = json.loads(sdgen("lock", "--model", mini, "--lock-file", "a/b.lock", "--json").stdout)
    assert (said.pop("lock"), said.pop("changed")) == ("a/b.lock", True)
    assert said == json.loads(Path("a/b.lock").read_text())


def test_check_says_that_the_lock_holds(sdgen, locked, mini):
    done = sdgen("lock", "--check", "--model", mini)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("sdgen.lock holds: 1 model, ")
    assert sdgen("lock", "--check").exit_code == 0, "mini lies where the command runs"
    assert json.loads(sdgen("lock", "--check", "--json").stdout) == {
        "lock": "sdgen.lock", "holds": True, "changes": [],
    }  # fmt: skip


def test_check_lists_all_that_changed(sdgen, locked, mini):
    relock(torch="1.13", numpy="1.0")
    spoil(mini)
    done = sdgen("lock", "--check")
    assert done.exit_code == 4
    lines = done.stdout.splitlines()
    assert lines[0] == f"changed: mini: {WEIGHTS} has other bytes"
    assert lines[1].startswith("changed: numpy 1.0 → ")
    assert lines[2].startswith("changed: torch 1.13 → ")
    assert done.stderr.startswith("error: sdgen.lock does not hold: mini: ")
    said = json.loads(sdgen("lock", "--check", "--json").stdout)
    assert (said["holds"], len(said["changes"])) == (False, 3)
    assert said["changes"][2]["locked"] == "1.13"


def test_check_of_versions_alone_is_bad_input(sdgen, locked):
    relock(torch="1.13")
    assert sdgen("lock", "--check").exit_code == 2


def words_of(command: str, mini: Path) -> list[object]:
    """A command that draws a picture with `mini`."""
    Path("jobs.txt").write_text("a red fox\n")
    return {
        "generate": ["a red fox", "--seed", "7", "--model", mini],
        "batch": ["batch", "jobs.txt", "--model", mini],
        "dry run": ["batch", "jobs.txt", "--model", mini, "--dry-run"],
    }[command]


COMMANDS = ("generate", "batch", "dry run")


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_locked_draws(sdgen, locked, mini, command: str):
    assert sdgen(*words_of(command, mini), "--locked").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_other_weights_are_refused_before_anything_is_drawn(
    sdgen, locked, mini, painter, command: str
):
    spoil(mini)
    done = sdgen(*words_of(command, mini), "--locked")
    assert (done.exit_code, done.stdout, painter.drawn) == (4, "", [])
    assert done.stderr.splitlines()[0] == (
        f"error: sdgen.lock does not hold: mini: {WEIGHTS} has other bytes"
    )
    assert sdgen(*words_of(command, mini)).exit_code == 0, "unlocked it draws"


@pytest.mark.parametrize("command", COMMANDS)
def test_other_versions_are_refused_before_anything_is_drawn(
    sdgen, locked, mini, painter, command: str
):
    relock(torch="1.13")
    done = sdgen(*words_of(command, mini), "--locked")
    assert (done.exit_code, painter.drawn) == (2, [])
    assert done.stderr.startswith("error: sdgen.lock does not hold: torch 1.13 → ")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_that_is_not_in_the_lock_is_refused(sdgen, mini, painter, command: str):
    sdgen("lock", "--model", "storybook")
    done = sdgen(*words_of(command, mini), "--locked")
    assert (done.exit_code, painter.drawn) == (4, [])
    assert done.stderr == "error: the model mini is not in the lock\nhint: it names storybook\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_or_damaged_lock_is_refused(sdgen, mini, painter, command: str):
    done = sdgen(*words_of(command, mini), "--locked")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2, "error: sdgen.lock: there is no such file",
    )  # fmt: skip
    LOCK.write_text('{"schema": "sdgen.lock/1"')
    done = sdgen(*words_of(command, mini), "--locked")
    assert (done.exit_code, painter.drawn) == (2, [])
    assert done.stderr.startswith("error: sdgen.lock: not valid JSON")


def test_a_lock_elsewhere_can_be_named(sdgen, mini):
    sdgen("lock", "--model", mini, "--lock-file", "team.lock")
    words = words_of("generate", mini)
    assert sdgen(*words, "--locked", "--lock-file", "team.lock").exit_code == 0
    assert sdgen(*words, "--locked").exit_code == 2
    done = sdgen(*words, "--lock-file", "team.lock")
    assert (done.exit_code, done.stderr) == (
        2, "error: --lock-file is for --locked: add --locked\n",
    )  # fmt: skip


REFUSED = {
    ("lock", "--model", "nowhere"): (4, "no model 'nowhere' here"),
    ("lock", "none.txt"): (2, "none.txt cannot be read"),
    ("lock", "-c", "potrait"): (2, "there is no config 'potrait'"),
    ("lock", "--lock-file", "home"): (5, "cannot write home: it is a folder"),
    ("lock", "--lock-file", "notes.txt"): (5, "notes.txt exists and is not a lock"),
    ("lock", "--check"): (2, "sdgen.lock: there is no such file"),
    ("lock", "--check", "jobs.txt"): (2, "it takes only --model"),
    ("lock", "--check", "-c", "poster"): (2, "it takes only --model"),
    ("lock", "--check", "--lock-file", "notes.txt"): (2, "notes.txt: not valid JSON"),
}


@pytest.mark.parametrize(("words", "why"), REFUSED.items(), ids=map(" ".join, REFUSED))
def test_what_is_refused(sdgen, words: tuple[str, ...], why: tuple[int, str]):
    Path("home").mkdir()
    Path("notes.txt").write_text("my notes")
    done = sdgen(*words)
    assert (done.exit_code, done.stdout) == (why[0], "")
    assert done.stderr.startswith("error: ")
    assert why[1] in done.stderr


def test_the_loras_of_a_config_are_locked(sdgen, mini: Path):
    dusk = Path(__file__).parents[1] / "weights/dusk.safetensors"
    Path("evening.yaml").write_text(f"model: {mini}\nlora: [dusk]\n")
    assert sdgen("lock", "-c", "evening.yaml", "--lora-dir", dusk.parent).exit_code == 0
    assert list(read_lock(LOCK).loras) == ["dusk"]


def test_a_lora_that_comes_with_the_model_is_locked_and_found_again(sdgen):
    assert sdgen("lock", "-c", "turbo").exit_code == 0
    by_config = read_lock(LOCK)
    assert list(by_config.loras) == ["storybook-turbo"]
    assert sdgen("lock", "--check").exit_code == 0
    assert sdgen("lock", "--lora", "storybook-turbo").exit_code == 0
    assert read_lock(LOCK).loras == by_config.loras
