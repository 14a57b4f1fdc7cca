"""`--privacy`, `--no-embed` and `sdgen strip`: what leaves the machine inside a picture."""

from pathlib import Path

import pytest

from sdgen.batch.options import BatchOptions
from sdgen.batch.run import run_batch
from sdgen.files.folders import OpenFolder
from sdgen.files.images import open_pixels, read_record_of
from sdgen.metadata.record import pixels_sha256
from tests.batch.conftest import drafts_of, job_ids, pictures

MARK = b"trainedAlgorithmicMedia"


def bytes_of(path: str) -> bytes:
    return Path(path).read_bytes()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_levels(sdgen, ending):
    full, minimal, bare = (f"{name}.{ending}" for name in ("full", "minimal", "bare"))
    said = ("a secret fox", "--seed", "7")
    for path, *options in ((full,), (minimal, "--privacy", "minimal"), (bare, "--no-embed")):
        assert sdgen(*said, "-o", path, *options).exit_code == 0
    wide = "secret".encode("utf-16-be")
    assert [(b"secret" in bytes_of(p), wide in bytes_of(p)) for p in (minimal, bare)] == [
        (False, False)
    ] * 2
    assert b"secret" in bytes_of(full)
    assert [MARK in bytes_of(path) for path in (full, minimal, bare)] == [True] * 3
    sha = read_record_of(Path("minimal.json")).image.sha256
    assert [sha.encode() in bytes_of(path) for path in (minimal, bare)] == [True, False]
    assert [b"<sdgen:model>fake<" in bytes_of(path) for path in (minimal, bare)] == [True, False]


@pytest.mark.parametrize("option", [("--privacy", "minimal"), ("--no-embed",)])
def test_the_record_beside_it_is_whole_and_draws_it_again(sdgen, option):
    sdgen("a red fox", "--seed", "7", "-o", "fox.png", *option)
    assert read_record_of(Path("fox.png")).settings.prompt == "a red fox"
    again = sdgen("reproduce", "fox.png")
    assert (again.exit_code, again.stdout.split(":")[0]) == (0, "identical")
    assert "a red fox" in sdgen("show", "fox.png").stdout


def test_a_kept_reproduction_can_be_private_too(sdgen, fox):
    assert sdgen("reproduce", fox, "-o", "again.png", "--no-embed").exit_code == 0
    assert b"a red fox" not in bytes_of("again.png")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a fox", "--privacy", "none"), "unknown privacy 'none'"),
        (("a fox", "--privacy", "full", "--no-embed"), "--no-embed contradicts --privacy full"),
        (("reproduce", "fox.png", "--no-embed"), "add --output"),
        (("strip", "fox.png"), "fox.png: there is no such file"),
        (("strip", "words.png"), "words.png: is no PNG, JPEG, WebP or AVIF"),
        (("strip", "words.png", "--in-place", "-o", "x"), "--in-place takes no --output"),
        (("strip", "a.png", "b.png", "-o", "c.png"), "2 pictures do not go into c.png"),
    ],
)
def test_slips_draw_and_write_nothing(sdgen, painter, words, told):
    Path("words.png").write_text("no picture")
    done = sdgen(*words)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert told in done.stderr
    assert [path.name for path in Path().iterdir() if path.is_file()] == ["words.png"]


def test_overwriting_with_a_private_picture(sdgen):
    sdgen("a red fox", "--seed", "7", "-o", "fox.png")
    sdgen("a blue fox", "--seed", "8", "-o", "fox.png", "--no-embed", "--overwrite")
    assert b"fox" not in bytes_of("fox.png")
    assert read_record_of(Path("fox.png")).settings.prompt == "a blue fox"


def test_strip_writes_a_copy_and_leaves_the_picture(sdgen, fox):
    before = fox.read_bytes()
    assert sdgen("strip", fox).stdout == "outputs/a-red-fox-7-stripped.png\n"
    assert sdgen("strip", fox).stdout == "outputs/a-red-fox-7-stripped-2.png\n"
    copy = Path("outputs/a-red-fox-7-stripped.png")
    assert fox.read_bytes() == before
    assert b"red fox" not in copy.read_bytes()
    assert MARK in copy.read_bytes()
    assert pixels_sha256(open_pixels(copy)) == read_record_of(fox).image.sha256
    assert "how is not in it" in sdgen("reproduce", copy).stderr


def test_strip_where_it_is_told_to(sdgen, fox):
    assert sdgen("strip", fox, "-o", "bare").stdout == "bare/a-red-fox-7.png\n"
    assert sdgen("strip", fox, "-o", "one.png", "--drop-mark").exit_code == 0
    assert MARK not in bytes_of("one.png")
    taken = sdgen("strip", fox, "-o", "one.png")
    assert (taken.exit_code, "one.png exists" in taken.stderr) == (5, True)
    itself = sdgen("strip", fox, "-o", "outputs")
    assert (itself.exit_code, "is the picture itself" in itself.stderr) == (2, True)
    told = sdgen("strip", fox, "--in-place").stderr
    assert "a-red-fox-7.json still has the record" in told
    assert b"red fox" not in fox.read_bytes()


def test_a_link_is_not_replaced(sdgen, fox):
    Path("link.png").symlink_to(fox)
    done = sdgen("strip", "link.png", "--in-place")
    assert (done.exit_code, "symbolic link" in done.stderr) == (5, True)
    assert b"red fox" in fox.read_bytes()


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.mark.parametrize("at", range(1, 7))
def test_a_private_batch_that_was_killed_goes_on_to_the_same_files(
    tmp_path, painter, monkeypatch, at
):
    """Killed at each of the six names that three pictures and their records get."""
    rows, options = "a red fox --d 1\nan owl --d 2\na bear --d 3\n", BatchOptions(inside="mark")
    run_batch(drafts_of(rows), tmp_path / "whole", lambda: painter, options)
    claim, left = OpenFolder.claim, iter(range(1, 100))

    def killed(folder: OpenFolder, *names: str) -> bool:
        if names[1].endswith((".png", ".json")) and next(left) == at:
            patch.setattr(OpenFolder, "remove", lambda *_: None)  # nor does it tidy up
            raise Killed
        return claim(folder, *names)

    folder = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(OpenFolder, "claim", killed)
        with pytest.raises(Killed):
            run_batch(drafts_of(rows), folder, lambda: painter, options)
    run_batch(drafts_of(rows), folder, lambda: painter, options)
    assert sorted(pictures(folder)) == sorted(pictures(tmp_path / "whole"))
    assert len(set(job_ids(folder))) == 3
    names = {path.name for path in folder.iterdir() if path.is_file() and path.name[0] != "."}
    assert len(names) == 6
