import errno
import getpass
import json
import multiprocessing
import os
import random
import signal
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from sdgen.errors import InputError, OutputError
from sdgen.files import folders
from sdgen.files.formats import FORMATS
from sdgen.files.images import open_pixels, read_record_of, records_disagree
from sdgen.files.save import SavedPicture, check_exact_name, save_picture
from sdgen.files.write import sweep
from sdgen.metadata.record import pixels_sha256
from tests.files.broken import FailingOs
from tests.metadata.records import fox_image, fox_record, fox_settings

fork = multiprocessing.get_context("fork")


def save(folder: Path, stem: str = "fox", *, seed: int = 7, **options) -> SavedPicture:
    image = fox_image()
    record = fox_record(image).model_copy(update={"settings": fox_settings(seed=seed)})
    return save_picture(image, record, folder, stem, **options)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def assert_all_complete(folder: Path) -> None:
    """Every file with a final name decodes, and pictures have the pixels of their record."""
    for path in folder.iterdir():
        if path.suffix in (".png", ".webp"):
            assert read_record_of(path).image.sha256 == pixels_sha256(open_pixels(path))
        elif not path.name.startswith("."):
            assert read_record_of(path)


@pytest.mark.parametrize(
    ("format", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")]
)
def test_picture_and_sidecar_agree(tmp_path, format, suffix):
    saved = save(tmp_path / "new", format=format)
    assert saved == SavedPicture(tmp_path / "new" / f"fox{suffix}", tmp_path / "new" / "fox.json")
    assert read_record_of(saved.path) == read_record_of(saved.sidecar)
    assert records_disagree(saved.path) == []
    assert listed(saved.path.parent) == sorted([f"fox{suffix}", "fox.json"])
    assert len(list(saved.path.parent.iterdir())) == 2


def test_sidecar_is_for_people_too(tmp_path):
    text = save(tmp_path).sidecar.read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema": "sdgen.image/1",\n')
    assert text.endswith("}\n")


def test_taken_names_get_numbers(tmp_path):
    assert [save(tmp_path).path.name for _ in range(3)] == ["fox.png", "fox-2.png", "fox-3.png"]


def test_sidecar_of_another_format_takes_the_name_too(tmp_path):
    assert save(tmp_path, format="webp").path.name == "fox.webp"
    assert save(tmp_path, format="png").path.name == "fox-2.png"


def test_file_that_is_not_ours_is_stepped_around(tmp_path):
    (tmp_path / "fox.json").write_text("my data")
    (tmp_path / "fox-2.png").write_text("my picture")
    assert save(tmp_path).path.name == "fox-3.png"
    assert (tmp_path / "fox.json").read_text() == "my data"


def test_lost_race_for_the_sidecar_is_withdrawn(tmp_path, monkeypatch):
    monkeypatch.setattr(folders.OpenFolder, "has", lambda *_: False)
    (tmp_path / "fox.json").write_text("just claimed by another")
    assert save(tmp_path).path.name == "fox-2.png"
    assert listed(tmp_path) == ["fox-2.json", "fox-2.png", "fox.json"]


@pytest.mark.parametrize("taken", ["fox.png", "fox.json"])
def test_exact_name_is_used_or_refused(tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    with pytest.raises(OutputError, match=f"{taken} exists"):
        save(tmp_path, exact_name=True)
    assert listed(tmp_path) == [taken]
    assert save(tmp_path, "hen", exact_name=True).path.name == "hen.png"


@pytest.mark.parametrize("taken", ["fox.png", "fox.json"])
def test_exact_name_can_be_checked_before_drawing(tmp_path, taken):
    check_exact_name(tmp_path, "fox", ".png")
    check_exact_name(tmp_path / "not" / "there", "a/fox", ".png")
    (tmp_path / taken).write_text(fox_record().to_json())
    check_exact_name(tmp_path, "fox", ".png", overwrite=True)
    with pytest.raises(OutputError, match=f"{taken} exists"):
        check_exact_name(tmp_path, "fox", ".png")


@pytest.mark.parametrize(("stem", "reason"), [("n" * 252, "too long"), ("link", "symbolic link")])
def test_names_that_cannot_be_are_told_before_drawing(tmp_path, stem, reason):
    (tmp_path / "link.png").symlink_to("nowhere")
    with pytest.raises(OutputError, match=reason):
        check_exact_name(tmp_path, stem, ".png", overwrite=True)


def test_overwrite_replaces_both(tmp_path):
    save(tmp_path, seed=1)
    saved = save(tmp_path, seed=2, overwrite=True, exact_name=True)
    assert read_record_of(saved.path).settings.seed == 2
    assert records_disagree(saved.path) == []
    assert listed(tmp_path) == ["fox.json", "fox.png"]


def test_overwrite_spares_json_that_is_no_record(tmp_path):
    (tmp_path / "fox.json").write_text('{"my": "data"}')
    with pytest.raises(OutputError, match="is no record of sdgen"):
        save(tmp_path, overwrite=True)
    assert listed(tmp_path) == ["fox.json"]


def test_overwrite_spares_the_sidecar_of_another_format(tmp_path):
    save(tmp_path, format="webp")
    with pytest.raises(OutputError, match=r"fox\.json: it belongs to fox\.webp"):
        save(tmp_path, format="png", overwrite=True)
    assert save(tmp_path, format="webp", overwrite=True).path.name == "fox.webp"


@pytest.mark.parametrize("name", ["fox.png", "fox.json"])
def test_overwrite_spares_links_and_folders(tmp_path, name):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / name).symlink_to("secret")
    with pytest.raises(OutputError, match="symbolic link"):
        save(tmp_path, overwrite=True)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        save(tmp_path, overwrite=True)
    assert (tmp_path / "secret").read_text() == "secret"


def test_typed_suffix_is_kept(tmp_path):
    assert save(tmp_path, format="jpeg", suffix=".jpeg").path.name == "fox.jpeg"
    assert save(tmp_path, "hen", suffix=".PNG").path.name == "hen.PNG"


@pytest.mark.parametrize("suffix", [".exe", ".png/../x", ".jpg", "png"])
def test_other_suffixes_are_refused(tmp_path, suffix):
    with pytest.raises(InputError, match="not a suffix of png"):
        save(tmp_path, suffix=suffix)


def test_folders_of_a_template_are_made(tmp_path):
    saved = save(tmp_path, "storybook/2026/v1.5")
    assert saved.path == tmp_path / "storybook" / "2026" / "v1.5.png"
    assert saved.sidecar.name == "v1.5.json"


@pytest.mark.parametrize(
    "stem", ["../fox", "/fox", "a/../../fox", "", ".", "..", "a//b", "a\0b", "a\\b"]
)
def test_stems_stay_inside(tmp_path, stem):
    root = tmp_path / "root"
    with pytest.raises(InputError, match="not a name inside"):
        save(root, stem)
    assert not root.exists()


def test_linked_folder_inside_leads_nowhere(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "sub").symlink_to(outside)
    with pytest.raises(OutputError, match="a file or a link"):
        save(root, "sub/fox")
    assert listed(outside) == []


def test_nothing_in_a_file_tells_who_or_where(tmp_path):
    words = {
        str(Path.home()),
        socket.gethostname(),
        getpass.getuser(),
        str(tmp_path),
        str(Path.cwd()),
    }
    for format in FORMATS:
        saved = save(tmp_path, format=format)
        for path in (saved.path, saved.sidecar):
            assert not [word for word in words if word.encode() in path.read_bytes()]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("links", [True, False])
def test_any_failing_call_leaves_no_half_picture(tmp_path, monkeypatch, code, links):
    """Fail the 1st, 2nd, 3rd … call until a save passes untouched (SQLite's method)."""
    for fail_at in range(1, 60):
        folder = tmp_path / str(fail_at)
        broken = FailingOs(fail_at, code, always={} if links else {"link": errno.EPERM})
        monkeypatch.setattr(folders, "os", broken)
        try:
            save(folder, "sub/fox")
            outcome = ["fox.json", "fox.png"]
        except OutputError:
            outcome = []
        monkeypatch.setattr(folders, "os", os)
        assert listed(folder / "sub") == outcome if (folder / "sub").exists() else not outcome
        save(folder, "sub/fox")
        assert_all_complete(folder / "sub")
        if not broken.failed:
            break
    assert fail_at > 15


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_failing_overwrite_leaves_a_whole_picture(tmp_path, monkeypatch, code):
    for fail_at in range(1, 40):
        folder = tmp_path / str(fail_at)
        save(folder, seed=1)
        broken = FailingOs(fail_at, code)
        monkeypatch.setattr(folders, "os", broken)
        try:
            save(folder, seed=2, overwrite=True)
            seeds = {2}
        except OutputError:
            seeds = {1, 2}
        monkeypatch.setattr(folders, "os", os)
        assert_all_complete(folder)
        assert read_record_of(folder / "fox.png").settings.seed in seeds
        assert records_disagree(folder / "fox.png") == []
        if not broken.failed:
            break
    assert fail_at > 10


def save_fifty(folder: Path, first: int, formats: tuple[str, ...]) -> None:
    for number in range(50):
        save(folder, seed=first + number, format=formats[number % len(formats)])


@pytest.mark.parametrize("formats", [("png",), ("png", "jpeg")])
def test_four_processes_share_one_folder_without_loss(tmp_path, formats):
    workers = [
        fork.Process(
            target=save_fifty, args=(tmp_path, 100 * worker, formats[:: 1 - 2 * (worker % 2)])
        )
        for worker in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pictures = [path for path in tmp_path.iterdir() if path.suffix != ".json"]
    seeds = {read_record_of(path).settings.seed for path in pictures}
    assert seeds == {100 * worker + number for worker in range(4) for number in range(50)}
    assert len(pictures) == 200
    assert all(path.with_suffix(".json").exists() for path in pictures)
    assert not any(records_disagree(path) for path in pictures)


def save_for_ever(folder: Path) -> None:
    image = Image.effect_noise((96, 96), 90).convert("RGB")
    record = fox_record(image)
    while True:
        save_picture(image, record, folder, "fox")


def test_kill_at_any_moment_leaves_complete_files(tmp_path):
    for _ in range(10):
        worker = fork.Process(target=save_for_ever, args=(tmp_path,))
        worker.start()
        time.sleep(random.uniform(0.03, 0.12))
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
    assert_all_complete(tmp_path)
    sweep(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    without = [path for path in tmp_path.glob("*.png") if not path.with_suffix(".json").exists()]
    assert len(without) <= 10
    assert len(list(tmp_path.glob("*.json"))) == len(list(tmp_path.glob("*.png"))) - len(without)
    assert save(tmp_path).path.exists()


def test_sidecar_says_the_same_as_the_picture(tmp_path):
    saved = save(tmp_path)
    with Image.open(saved.path) as image:
        inside = json.loads(image.info["sdgen"])
    assert inside == json.loads(saved.sidecar.read_text(encoding="utf-8"))
