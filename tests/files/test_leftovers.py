import multiprocessing
import os
import re
import secrets
import time
from pathlib import Path

import pytest

from sdgen.files.leftovers import temporary_name
from sdgen.files.write import sweep


def dead_process() -> int:
    process = multiprocessing.get_context("fork").Process(target=os.getpid)
    process.start()
    process.join()
    return process.pid


def left(folder: Path, process: int, *, machine: str = "") -> Path:
    name = temporary_name("fox.png", "0123abcd").replace(f".{os.getpid()}-", f".{process}-")
    if machine:
        name = re.sub(r"-[0-9a-f]{6}", f"-{machine}", name)
    path = folder / name
    path.write_bytes(b"half a fox")
    return path


def test_hidden_name_tells_the_file_and_the_process():
    name = temporary_name("fox.png", "0123abcd")
    assert re.fullmatch(rf"\.fox\.png\.{os.getpid()}-[0-9a-f]{{6}}0123abcd\.part", name)


@pytest.mark.parametrize("name", ["x" * 255, "狐" * 85, "🦊" * 63])
def test_hidden_name_fits(name):
    assert len(temporary_name(name, secrets.token_hex(4)).encode()) <= 255


def test_files_of_the_dead_are_removed(tmp_path):
    left(tmp_path, dead_process())
    assert sweep(tmp_path) == 1
    assert not list(tmp_path.iterdir())


def test_files_of_the_living_stay(tmp_path):
    left(tmp_path, os.getpid())
    left(tmp_path, os.getppid())
    assert sweep(tmp_path) == 0


def test_files_of_another_machine_stay_a_day(tmp_path):
    path = left(tmp_path, dead_process(), machine="abcdef")
    assert sweep(tmp_path) == 0
    yesterday = time.time() - 25 * 3600
    os.utime(path, (yesterday, yesterday))
    assert sweep(tmp_path) == 1


def test_nothing_else_is_touched(tmp_path):
    process = dead_process()
    (tmp_path / "secret").write_text("kept")
    link = tmp_path / temporary_name("a", "00000000").replace(str(os.getpid()), str(process))
    link.symlink_to(tmp_path / "secret")
    (tmp_path / f".fox.{process}-x.part").write_text("not ours")
    (tmp_path / "fox.part").write_text("not ours")
    (tmp_path / f".d.{process}-0123456789abcd.part").mkdir()
    assert sweep(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 5


def test_absurd_process_number_is_no_error(tmp_path):
    left(tmp_path, 10**30)
    assert sweep(tmp_path) == 1


def test_missing_folder_has_no_leftovers(tmp_path):
    assert sweep(tmp_path / "none") == 0
