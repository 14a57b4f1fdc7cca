from pathlib import Path

import pytest

from sdgen.batch import read_job_file
from sdgen.batch.jobfiles import JobFile, encoding, find_dialect
from sdgen.errors import InputError

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
        read_job_file(Path("jobs.txt"))
    assert str(caught.value).startswith(REFUSED[data])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_is_no_text(mark: bytes, tmp_path: Path) -> None:
    (tmp_path / "jobs.txt").write_bytes(mark + "红狐狸".encode())
    assert read_job_file(tmp_path / "jobs.txt").text == "红狐狸"


@pytest.mark.parametrize("path", ["missing.txt", ".", "a\0b"])
def test_what_cannot_be_read_is_an_input_error(path: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_job_file(Path(path))


def test_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(InputError, match="/dev/zero is larger than 1 MiB"):
        read_job_file(Path("/dev/zero"))


def test_a_million_rows_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdgen.batch.jobfiles.MAX_ROWS", 3)
    job_file = JobFile("jobs.txt", "a\n" * 4, find_dialect("plain"))
    with pytest.raises(InputError, match="has more than 3 jobs"):
        list(job_file.rows())
