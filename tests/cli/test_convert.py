"""`sdgen convert`: where files go, what is refused, and that the result can be drawn again."""

import json
from pathlib import Path

import pytest

from sdgen.files.images import read_record_of
from tests.metadata.formats.pictures import png


@pytest.fixture
def fox(sdgen) -> Path:
    assert sdgen("a red fox", "--seed", "7", "-o", "fox.png").exit_code == 0
    return Path("fox.png")


@pytest.mark.parametrize(
    ("words", "target"),
    [(["--format", "webp"], "fox.webp"), (["--format", "jpg"], "fox.jpg"),
     (["-o", "new.avif"], "new.avif"), (["--format", "webp", "-o", "sub"], "sub/fox.webp")],
)  # fmt: skip
def test_writes_beside_or_where_it_is_told(sdgen, fox, words, target):
    done = sdgen("convert", fox, *words)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{target}\n", "")
    assert read_record_of(Path(target)).settings.seed == 7


@pytest.mark.parametrize("quality", [[], ["--quality", "60"]])
@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
def test_the_result_is_drawn_again(sdgen, fox, format, quality):
    target = sdgen("convert", fox, "--format", format, *quality).stdout.strip()
    again = sdgen("reproduce", target)
    assert (again.stdout, again.stderr) == (f"identical: {target}: every pixel is the same\n", "")
    back = sdgen("convert", target, "-o", "back.png").stdout.strip()
    assert sdgen("reproduce", back).stdout.startswith("identical")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "which format?"), (["--format", "gif"], "unknown format"),
        (["-o", "x.gif"], "writes no .gif"), (["--format", "png"], "would replace itself"),
        (["--format", "png", "-o", "x.webp"], "contradicts x.webp"),
        (["-o", "x.png", "--quality", "9"], "PNG is exact"), (["-o", "taken.webp"], "taken.webp"),
        (["--format", "webp", "--quality", "0"], "--quality"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(sdgen, fox, words, message):
    Path("taken.webp").write_bytes(b"mine")
    done = sdgen("convert", fox, *words)
    assert done.exit_code in (2, 5)
    assert message in done.stderr.splitlines()[0]
    assert Path("taken.webp").read_bytes() == b"mine"


def test_of_several_the_sound_ones_are_converted(sdgen, fox):
    Path("cut.png").write_bytes(fox.read_bytes()[:40])
    done = sdgen("convert", "cut.png", fox, "none.png", "--format", "webp", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("image") for line in lines] == [None, "fox.webp", None]
    assert done.exit_code == 3
    assert "2 of 3 could not be converted" in done.stderr


def test_what_has_no_place_is_told(sdgen):
    Path("a.png").write_bytes(png({"invokeai_metadata": json.dumps({"steps": 3, "seed": 1})}))
    done = sdgen("convert", "a.png", "--format", "webp")
    assert done.exit_code == 0
    assert "warning: a.png: its recipe (InvokeAI) has no place in WEBP" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("convert", "a/fox.jpg", "a/fox.png", "--format", "png"), "would replace a/fox.png"),
        (("convert", "a/fox.jpg", "a/../a/fox.png", "--format", "webp"), "would both be"),
        (("convert", "a/fox.png", "b/fox.png", "--format", "webp", "-o", "out"), "out/fox.webp"),
        (("strip", "a/fox.png", "b/fox.png", "-o", "out"), "would both be out/fox.png"),
        (("strip", "b/fox.png", "a/fox.png", "-o", "a"), "b/fox.png would replace a/fox.png"),
        (("strip", "a/fox.png", "a/fox-stripped.png"), "would replace a/fox-stripped.png"),
    ],
)  # fmt: skip
def test_no_picture_is_lost_to_another(sdgen, words, told):
    for name in ("a/fox.png", "a/fox.jpg", "b/fox.png", "a/fox-stripped.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(png({"parameters": name}))
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    done = sdgen(*words, "--overwrite")
    assert (done.exit_code, told in done.stderr) == (2, True)
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


def test_of_several_the_sound_ones_are_stripped(sdgen, fox):
    Path("cut.png").write_bytes(fox.read_bytes()[:40])
    done = sdgen("strip", "cut.png", fox, "none.png", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("image") for line in lines] == [None, "fox-stripped.png", None]
    assert done.exit_code == 3
    assert "2 of 3 could not be stripped" in done.stderr
