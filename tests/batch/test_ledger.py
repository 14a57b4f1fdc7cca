"""The ledger under torn lines, strange lines and full disks; the folder's state under others."""

import json
import os
from pathlib import Path

import pytest

from sdgen.batch.jobs import WHOLE, Shard
from sdgen.batch.ledger import Entry, Ledger, Noted, read_ledgers
from sdgen.batch.state import open_state, read_base_seed, read_noted, state_folder
from sdgen.errors import BusyError, InputError, OutputError
from sdgen.files.folders import OpenFolder

FOX = Entry("f0", "fox.png", 10)
OWL = Entry("07", "birds/owl.png", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def write(path: Path, *entries: Entry) -> None:
    ledger = opened(path)
    for entry in entries:
        ledger.add(entry, "/home/me/prompts.txt:3")
    ledger.close()


def noted(path: Path) -> Noted:
    with OpenFolder(path.parent) as home:
        return read_ledgers(home, [path.name])


def opened(path: Path) -> Ledger:
    with OpenFolder(path.parent) as home:
        return Ledger(home, path.name, {}, 1)


def test_what_is_written_is_read(path: Path) -> None:
    write(path, FOX, OWL)
    assert noted(path) == {("f0", ".png"): FOX, ("07", ".png"): OWL}


def test_lines_are_json_and_name_no_folder(path: Path) -> None:
    write(path, FOX)
    head, line = map(json.loads, path.read_text().splitlines())
    assert (head["schema"], head["base_seed"]) == ("sdgen.ledger/1", 1)
    assert line["source"] == "prompts.txt:3"


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_torn_line_is_passed_over_and_the_next_is_whole(path: Path, cut: int) -> None:
    write(path, FOX, OWL)
    os.truncate(path, path.stat().st_size - cut)
    assert noted(path) == {("f0", ".png"): FOX}
    write(path, OWL)
    assert noted(path) == {("f0", ".png"): FOX, ("07", ".png"): OWL}


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\n",
        b"[1]\n",
        b"[" * 100_000 + b"\n",
        b'{"id": "f0", "file": "../../x.png", "bytes": 1}\n',
        b'{"id": "f0", "file": "/x.png", "bytes": 1}\n',
        b'{"id": "f0", "file": "x.png", "bytes": true}\n',
        b'{"id": 3, "file": "x.png", "bytes": 1}\n',
        b'{"id": "f0", "failed": "no"}\n',
    ],
)
def test_strange_line_says_nothing(path: Path, line: bytes) -> None:
    path.write_bytes(line)
    assert noted(path) == {}


def test_ledger_of_another_version_is_refused(path: Path) -> None:
    path.write_text('{"schema": "sdgen.ledger/9"}\n')
    with pytest.raises(InputError, match="another version"):
        noted(path)


def test_full_disk_is_an_output_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = opened(path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="the disk is full"):
        ledger.add(FOX, "x:1")


def test_base_seed_is_drawn_once(tmp_path: Path) -> None:
    assert read_base_seed(tmp_path) is None
    with open_state(tmp_path) as state:
        seed = state.base_seed
    with open_state(tmp_path, Shard(1, 2)) as again:
        assert again.base_seed == seed == read_base_seed(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"base_seed": 3}', "[" * 100_000])
def test_damaged_state_is_told(tmp_path: Path, text: str) -> None:
    state_folder(tmp_path).mkdir(parents=True)
    (state_folder(tmp_path) / "state.json").write_text(text)
    with pytest.raises(InputError, match="is damaged"), open_state(tmp_path):
        pass
    (state_folder(tmp_path) / "state.json").unlink()
    with open_state(tmp_path):  # the lock was let go
        pass


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(WHOLE, WHOLE), (WHOLE, Shard(1, 2)), (Shard(1, 2), WHOLE), (Shard(1, 2), Shard(1, 2)),
     (Shard(1, 2), Shard(3, 3))],
)  # fmt: skip
def test_runs_that_would_draw_the_same_are_refused(
    tmp_path: Path, held: Shard, wanted: Shard
) -> None:
    with open_state(tmp_path, held):
        with pytest.raises(BusyError) as caught, open_state(tmp_path, wanted):
            pass
        assert caught.value.exit_code == 8
    with open_state(tmp_path, wanted):
        pass


def test_shards_of_one_count_run_side_by_side(tmp_path: Path) -> None:
    with open_state(tmp_path, Shard(1, 2)) as one, open_state(tmp_path, Shard(2, 2)) as other:
        assert one.base_seed == other.base_seed
        assert one.ledger.path != other.ledger.path


def test_linked_state_folder_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".sdgen").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="a file or a link"), open_state(tmp_path / "out"):
        pass


@pytest.mark.parametrize("name", ["ledger.jsonl", "state.json"])
def test_a_pipe_in_the_state_folder_is_told_and_not_waited_for(tmp_path: Path, name: str) -> None:
    state_folder(tmp_path).mkdir(parents=True)
    os.mkfifo(state_folder(tmp_path) / name)
    with pytest.raises((InputError, OutputError), match="no regular file"), open_state(tmp_path):
        pass
    with pytest.raises(InputError, match="no regular file"):
        (read_noted(tmp_path), read_base_seed(tmp_path))


@pytest.mark.parametrize("name", ["ledger.jsonl", "state.json"])
def test_a_link_in_the_state_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    state_folder(tmp_path).mkdir(parents=True)
    (tmp_path / "mine").write_text("mine")
    (state_folder(tmp_path) / name).symlink_to(tmp_path / "mine")
    with pytest.raises((InputError, OutputError), match="symbolic link"), open_state(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "mine"
