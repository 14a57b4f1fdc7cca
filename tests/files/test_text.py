import os
import threading
from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files.text import read_text

MOST = 2**20

REFUSED = {
    b"\xff\xfea\x00": "jobs.txt is UTF-16 text",
    b"\xfe\xff\x00a": "jobs.txt is UTF-16 text",
    b"\xff\xfe\x00\x00a\x00\x00\x00": "jobs.txt is UTF-32 text",
    b"a\nb\xe9": "jobs.txt:2:2: is not UTF-8: byte 0xE9 at offset 3",
    b"\xef\xbb\xbfa\r\n\xc3\xa9\xff": "jobs.txt:2:2: is not UTF-8: byte 0xFF at offset 8",
    b"a\rb\n\xe2\x82": "jobs.txt:3:1: is not UTF-8: byte 0xE2 at offset 4",
    b"a\n\xc3\xa9\x00": "jobs.txt:2:2: contains a NUL",
}


@pytest.mark.parametrize("data", REFUSED)
def test_other_bytes_are_refused_where_they_stand(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs.txt").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_text(Path("jobs.txt"), "jobs.txt", most=MOST)
    assert str(caught.value).startswith(REFUSED[data])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_is_no_text(mark: bytes, tmp_path: Path) -> None:
    (tmp_path / "jobs.txt").write_bytes(mark + "红狐狸".encode())
    assert read_text(tmp_path / "jobs.txt", "jobs.txt", most=MOST) == "红狐狸"


@pytest.mark.parametrize("path", ["missing.txt", ".", "a\0b"])
def test_what_cannot_be_read_is_an_input_error(path: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_text(Path(path), path, most=MOST)


def test_endless_file_is_refused() -> None:
    with pytest.raises(InputError, match="/dev/zero is larger than 1 MiB"):
        read_text(Path("/dev/zero"), "/dev/zero", most=MOST)


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe cannot be read: a pipe into which nobody writes"):
        read_text(tmp_path / "pipe", "pipe", most=MOST)


def test_a_pipe_is_read_to_its_end_whenever_that_comes(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    later = threading.Timer(0.1, lambda: (os.write(writing, b"fox"), os.close(writing)))
    os.write(writing, b"a red ")
    later.start()
    assert read_text(Path(f"/dev/fd/{reading}"), "pipe", most=MOST) == "a red fox"
    later.join()
    os.close(reading)
