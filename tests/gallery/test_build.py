import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image, PngImagePlugin

from sdgen.errors import InputError, OutputError
from sdgen.files.encoding import encode
from sdgen.gallery.build import build_gallery
from sdgen.gallery.page import filled, json_for_script, page, policy
from tests.gallery.conftest import Paint
from tests.metadata.records import TRICKY


def paths(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("*.png"))


@pytest.mark.parametrize("text", [*TRICKY, "</ScRiPt>", "<!--", "\u2028\u2029", "{{data}}"])
def test_no_text_ends_the_script_that_it_stands_in(text: str):
    told = json_for_script({"prompt": text})
    assert not set("<>&\u2028\u2029") & set(told)
    whole = page(text, [{"prompt": text}])
    assert whole.count("<script") == 2
    assert whole.count("</script>") == 2


def test_what_is_filled_in_is_not_filled_again():
    assert filled("{{a}}-{{b}}", {"a": "{{b}}", "b": "fox"}) == "{{b}}-fox"


def test_the_page_may_ask_nobody():
    assert "connect-src" not in policy(live=False)
    assert policy(live=False).startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy(live=True)
    whole = page("t", [])
    assert "http:" not in whole
    assert "https:" not in whole


@pytest.mark.parametrize("where", ["embed", "whole"])
def test_pictures_can_be_in_the_page(paint: Paint, tmp_path: Path, where):
    paint("fox.png")
    found = build_gallery(paths(tmp_path), tmp_path / "g.html", "t", pictures=where)
    [card] = found.cards
    assert card["thumb"].startswith("data:image/webp;base64,")
    assert card["source"].startswith("data:") == (where == "whole")


def test_a_page_to_be_sent_on_does_not_tell_where_the_pictures_lie(paint: Paint, tmp_path: Path):
    paint("secret/fox.png")
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "g.html"
    build_gallery([tmp_path / "secret" / "fox.png"], target, "t", pictures="whole")
    assert "secret" not in target.read_text()


def test_thumbnails_can_lie_beside_it_and_are_made_once(paint: Paint, tmp_path: Path):
    paint("fox.png")
    target = tmp_path / "g.html"
    build_gallery(paths(tmp_path), target, "t", pictures="beside")
    [kept] = (tmp_path / "g-thumbnails").iterdir()
    before = kept.stat().st_mtime_ns
    paint("blue.png")
    found = build_gallery(paths(tmp_path), target, "t", pictures="beside", overwrite=True)
    assert kept.stat().st_mtime_ns == before
    assert len(list(kept.parent.iterdir())) == len(found.cards) == 2


def test_an_edited_picture_that_kept_its_record_gets_a_thumbnail_of_its_own(paint, tmp_path):
    record = paint("fox.png")
    edited = Image.new("RGB", (48, 32), (250, 10, 10))
    (tmp_path / "red.png").write_bytes(encode(edited, record))
    found = build_gallery(paths(tmp_path), tmp_path / "g.html", "t", pictures="beside")
    thumbs = [Image.open(tmp_path / card["thumb"]).getpixel((9, 9)) for card in found.cards]
    assert thumbs[0] != thumbs[1]
    assert thumbs[1][0] > 200


ODD = os.fsdecode(b"f\xff")


@pytest.mark.parametrize("where", ["embed", "beside", "whole"])
def test_a_name_that_is_no_utf8_is_shown_and_found(paint: Paint, tmp_path: Path, where):
    paint(f"{ODD}.png")
    target = tmp_path / f"{ODD}.html"
    Image.new("RGB", (8, 8)).save(tmp_path / f"{ODD}2.png")  # without a record
    found = build_gallery(paths(tmp_path), target, ODD, pictures=where)
    card = next(card for card in found.cards if card["prompt"])
    assert card["name"] == "f\\udcff.png"
    assert card["again"] == ""
    assert "<title>f\\udcff</title>" in target.read_text()
    for source in [card["source"], card["thumb"]]:
        name = os.fsdecode(unquote_to_bytes(source))
        assert source.startswith("data:") or (tmp_path / name).exists()


def test_pictures_of_other_programs_and_of_nobody_are_shown(paint: Paint, tmp_path: Path):
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a whale\nSteps: 9, Sampler: Euler a, CFG scale: 7, Seed: 3")
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png", pnginfo=text)
    Image.new("RGB", (32, 16)).save(tmp_path / "b.png")
    whale, plain = build_gallery(paths(tmp_path), tmp_path / "g.html", "t").cards
    assert (whale["prompt"], whale["seed"], whale["command"]) == ("a whale", "3", "")
    assert whale["facets"]["steps"] == 9
    assert (plain["prompt"], plain["again"], plain["width"]) == ("", "", 32)


def test_a_seed_beyond_what_a_browser_counts_stays_whole(paint: Paint, tmp_path: Path):
    record = paint("fox.png")
    settings = record.settings.model_copy(update={"seed": 2**63 - 1})
    changed = record.model_copy(update={"settings": settings})
    (tmp_path / "fox.png").write_bytes(encode(Image.new("RGB", (8, 8)), changed))
    [card] = build_gallery(paths(tmp_path), tmp_path / "g.html", "t").cards
    assert card["seed"] == str(2**63 - 1)
    assert f"--seed {2**63 - 1}" in card["command"]


def test_what_is_there_is_kept(paint: Paint, tmp_path: Path):
    paint("fox.png")
    (tmp_path / "g.html").write_text("mine")
    with pytest.raises(OutputError, match=r"g\.html exists"):
        build_gallery(paths(tmp_path), tmp_path / "g.html", "t")


def test_nothing_to_show_is_an_error(tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(b"no")
    with pytest.raises(InputError, match="no picture to show") as refused:
        build_gallery(paths(tmp_path), tmp_path / "g.html", "t")
    assert refused.value.details
