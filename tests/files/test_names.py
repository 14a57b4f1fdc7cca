import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.files.names import MAX_PART_BYTES, check_template, file_stem, safe_part, words
from tests.metadata.records import any_settings, fox_settings


def named(prompt="a red fox", template="{prompt}", **settings) -> str:
    return file_stem(fox_settings(prompt=prompt, **settings), index=3, template=template)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a girl in a white dress on a sunset beach", "a-girl-in-a-white-dress-on-a-sunset-beach"),
        ("红狐狸，在雪地里！", "红狐狸-在雪地里"),
        ("🦊 in ❄️", "🦊-in-❄️"),
        ("Señor Zorro's den", "Señor-Zorro-s-den"),
        ("sd v1.5, f/2.8. 8k...", "sd-v1.5-f-2.8-8k"),
        ("(fox:1.3) [snow] <lora:x:0.5>", "fox-1.3-snow-lora-x-0.5"),
        ("../../etc/passwd", "etc-passwd"),
        (r"..\..\windows", "windows"),
        ("C:/fox", "C-fox"),
        ("~root/$HOME/`id`", "root-HOME-id"),
        ("--overwrite", "overwrite"),
        (".hidden", "hidden"),
        ("fox.", "fox"),
        ("a\tb\nc", "a-b-c"),
        ("\u202egnp.xof\u200b", "gnp-xof"),
        ("{0.__class__} {seed} %s", "0-__class__-seed-s"),
        ("?!…", "picture"),
        ("con", "_con"),
        ("LPT9", "_LPT9"),
        ("com¹", "_com¹"),
        ("console", "console"),
    ],
)
def test_prompts_as_names(prompt, name):
    assert named(prompt) == name


def test_default_has_words_and_seed():
    assert file_stem(fox_settings()) == "a-red-fox-7"


def test_every_field_of_a_template():
    template = "{index:05}_{width}x{height}/{scheduler}-{steps:03}-{guidance_scale}/{model}"
    stem = file_stem(fox_settings(model="hub/sd v1.5"), index=3, template=template)
    assert stem == "00003_512x512/dpmpp_2m-020-7/hub-sd-v1.5"


def test_braces_can_be_written():
    assert named(template="{{{seed}}}") == "{7}"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{sed}", "unknown field 'sed'"), ("{}", "unknown field ''"), ("{0}", "unknown field"),
        ("{prompt.__class__}", "unknown field"), ("{prompt[0]}", "unknown field"),
        ("{prompt!r}", "unknown field"), ("{seed:>99999999}", "the format"),
        ("{seed:}", "the format"), ("{seed:10}", "the format"), ("{prompt:05}", "the format"),
        ("{seed", "single brace"), ("seed}", "single brace"), ("", "empty"), ("  ", "empty"),
        ("../{seed}", "folder"), ("a/../{seed}", "folder"), ("/{seed}", "folder"),
        ("a//{seed}", "folder"), ("./{seed}", "folder"), ("{seed}/", "folder"),
        ("a\\{seed}", "contains"), ("a\0{seed}", "contains"), ("a\x1b{seed}", "contains"),
        ("\u202e{seed}", "contains"),
    ],
)  # fmt: skip
def test_wrong_templates_are_refused(template, reason):
    with pytest.raises(InputError, match=reason):
        check_template(template)
    with pytest.raises(InputError, match=reason):
        named(template=template)


def test_near_miss_of_a_field_is_hinted():
    with pytest.raises(InputError) as caught:
        check_template("{sed}")
    assert "seed" in caught.value.hint


def test_index_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match="has none"):
        file_stem(fox_settings(), template="{index}")


def test_seed_stays_visible_behind_a_long_prompt():
    stem = file_stem(fox_settings(prompt="a very red fox " * 100))
    assert stem.endswith("-7")
    assert len(stem.encode()) < 100


def test_long_prompts_that_end_differently_have_two_names():
    assert named("fox " * 100 + "one") != named("fox " * 100 + "two")


@pytest.mark.parametrize("sign", ["狐", "🦊", "é", "x"])
def test_names_are_cut_between_characters(sign):
    for name in (words(sign * 300), safe_part(sign * 300)):
        start, hyphen, digest = name.rpartition("-")
        assert set(start) == {sign}
        assert hyphen
        assert len(digest) == 6


def sound(part: str) -> bool:
    return (
        0 < len(part.encode()) <= MAX_PART_BYTES
        and part[0] not in "-. "
        and part[-1] not in ". "
        and part.split(".", maxsplit=1)[0].lower()
        not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
        and not any(sign in '<>:"/\\|?*' or unicodedata.category(sign)[0] == "C" for sign in part)
    )


templates = st.text("{}:/.\\ ~-$0123456789abcCON{prompt}{seed}{index}", max_size=30) | st.text(
    max_size=30
)


@given(any_settings(), templates)
@example(fox_settings(prompt="con"), "{prompt}/{prompt}.{seed}")
@example(fox_settings(), "-./-{seed}. ")
def test_any_template_and_prompt_stay_inside(settings, template):
    try:
        stem = file_stem(settings, index=1, template=template)
    except InputError:
        return
    root = Path("/srv/pictures")
    path = Path(os.path.normpath(root / f"{stem}.png"))
    assert path.is_relative_to(root)
    assert path != root
    assert all(sound(part) for part in stem.split("/")), stem
