import errno
import multiprocessing
import os
import resource
import stat
from functools import partial
from pathlib import Path

import pytest

from sdgen.errors import OutputError
from sdgen.files import folders
from sdgen.files.folders import OpenFolder
from sdgen.files.write import check_folder, publish
from tests.files.broken import FailingOs
from tests.metadata.records import refusal

FAULTS = (errno.ENOSPC, errno.EIO, errno.EROFS)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def in_child(action) -> str:
    """What `action` returns, or the text of its error, when run in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def run() -> None:
        try:
            theirs.send(str(action()))
        except OutputError as error:
            theirs.send(str(error))

    process = context.Process(target=run)
    process.start()
    answer = ours.recv() if ours.poll(10) else "no answer"
    process.join()
    return answer


def test_file_is_there_and_nothing_else(tmp_path):
    path = publish(b"fox", tmp_path / "new" / "deep" / "fox.txt")
    assert path.read_bytes() == b"fox"
    assert listed(path.parent) == ["fox.txt"]
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_permissions_follow_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        path = publish(b"fox", tmp_path / "fox")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_taken_name_is_an_error_and_kept(tmp_path):
    publish(b"old", tmp_path / "fox")
    with pytest.raises(OutputError, match="exists"):
        publish(b"new", tmp_path / "fox")
    assert (tmp_path / "fox").read_bytes() == b"old"
    assert listed(tmp_path) == ["fox"]


def test_overwrite_replaces(tmp_path):
    publish(b"old", tmp_path / "fox")
    publish(b"new", tmp_path / "fox", overwrite=True)
    assert (tmp_path / "fox").read_bytes() == b"new"


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_are_never_followed(tmp_path, overwrite):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "fox").symlink_to(secret)
    with pytest.raises(OutputError):
        publish(b"new", tmp_path / "fox", overwrite=overwrite)
    assert secret.read_bytes() == b"secret"


def test_folder_swapped_for_a_link_leads_nowhere(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    with OpenFolder(inside) as folder, folder.temporary("fox", b"fox") as temporary:
        inside.rename(tmp_path / "moved")
        inside.symlink_to(outside)
        assert folder.claim(temporary, "fox")
    assert listed(outside) == []
    assert listed(tmp_path / "moved") == ["fox"]


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("links", [True, False])
def test_any_failing_call_leaves_all_or_nothing(tmp_path, monkeypatch, code, overwrite, links):
    """Fail the 1st, 2nd, 3rd … call until the write passes untouched (SQLite's method)."""
    for fail_at in range(1, 40):
        target = tmp_path / f"{fail_at}" / "fox"
        publish(b"old", target.with_name("other"))
        broken = FailingOs(fail_at, code, always={} if links else {"link": errno.EPERM})
        monkeypatch.setattr(folders, "os", broken)
        write = partial(publish, b"fox" * 1000, target, overwrite=overwrite)
        if said := refusal(write, error=OutputError):
            assert "cannot write" in said
            assert not target.exists()
            assert broken.failed
        else:
            assert target.read_bytes() == b"fox" * 1000
        monkeypatch.setattr(folders, "os", os)
        seen = [name for name in listed(target.parent) if not name.startswith(".")]
        assert seen in (["other"], ["fox", "other"])
        if not broken.failed:
            break
    assert fail_at > 6


def test_failed_write_removes_what_it_began(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "os", FailingOs(3, errno.ENOSPC))
    with pytest.raises(OutputError, match="the disk is full"):
        publish(b"fox" * 1000, tmp_path / "fox")
    assert listed(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_file_systems_without_links_are_served(tmp_path, monkeypatch, code):
    monkeypatch.setattr(folders, "os", FailingOs(0, 0, always={"link": code}))
    assert publish(b"one", tmp_path / "fox").read_bytes() == b"one"
    with pytest.raises(OutputError, match="exists"):
        publish(b"two", tmp_path / "fox")
    assert listed(tmp_path) == ["fox"]


def test_file_size_limit_is_told(tmp_path):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        return publish(b"x" * 5000, tmp_path / "fox")

    assert "larger than is allowed" in in_child(limited)
    assert listed(tmp_path) == []


def test_folder_without_permission_is_told(tmp_path):
    tmp_path.chmod(0o555)

    def as_nobody():
        if os.getuid() == 0:  # root is not held by permissions
            os.setuid(65534)
        return check_folder(tmp_path)

    assert "no permission" in in_child(as_nobody)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("n" * 300, "too long"),
        ("狐" * 86, "too long"),
        ("a\0b", "cannot write"),
        ("\ud800", "cannot"),
    ],
)
def test_impossible_names_are_told(tmp_path, name, reason):
    with pytest.raises(OutputError, match=reason):
        publish(b"fox", tmp_path / name)


def test_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "fox").write_text("a file")
    for folder in (tmp_path / "fox", tmp_path / "fox" / "deeper"):
        with pytest.raises(OutputError, match="file"):
            check_folder(folder)
        with pytest.raises(OutputError, match="file"):
            publish(b"fox", folder / "x")


def test_folder_is_made_and_left_empty(tmp_path):
    assert check_folder(tmp_path / "a" / "b") == (tmp_path / "a" / "b").resolve()
    assert listed(tmp_path / "a" / "b") == []


def test_linked_folder_is_resolved_once(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert check_folder(tmp_path / "link") == (tmp_path / "real").resolve()


@pytest.mark.parametrize("leads_to", ["none", "loop"])
def test_broken_links_are_told(tmp_path, leads_to):
    (tmp_path / "loop").symlink_to(leads_to)
    with pytest.raises(OutputError, match="cannot write"):
        check_folder(tmp_path / "loop")


def test_too_little_space_is_told_before_anything_is_drawn(tmp_path):
    with pytest.raises(OutputError, match="free; this takes about 1,000,000,000,000 MB"):
        check_folder(tmp_path, needed_bytes=10**18)


@pytest.mark.parametrize("code", FAULTS)
def test_probe_finds_a_folder_that_takes_nothing(tmp_path, monkeypatch, code):
    for fail_at in (1, 2, 3, 4):
        monkeypatch.setattr(folders, "os", FailingOs(fail_at, code))
        with pytest.raises(OutputError, match="cannot write"):
            check_folder(tmp_path)
        assert listed(tmp_path) == []


def test_a_resolved_folder_is_taken_as_it_was_or_not_at_all(tmp_path):
    """A link at any place of the path was swapped in since it was resolved."""
    root = check_folder(tmp_path / "a" / "b")
    publish(b"fox", root / "fox", resolved=True)
    (tmp_path / "a").rename(tmp_path / "moved")
    (tmp_path / "a").symlink_to("moved")
    with pytest.raises(OutputError, match="a file or a link"):
        publish(b"owl", root / "owl", resolved=True)
    assert listed(tmp_path / "moved" / "b") == ["fox"]
