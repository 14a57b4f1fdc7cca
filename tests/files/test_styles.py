"""Styles: the table that A1111 writes."""

from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files.styles import find_styles
from sdgen.recipe.prompt.styles import Style

TABLE = """name,prompt,negative_prompt
None,,
Snow,"{prompt}, in the snow,
at night",fog
Ink,ink drawing,
雪,雪景
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))


def test_the_table_here_is_read():
    Path("styles.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.encode())
    assert find_styles(["ink", "Snow", "雪", "None"]) == (
        Style("Ink", "ink drawing", ""),
        Style("Snow", "{prompt}, in the snow,\nat night", "fog"),
        Style("雪", "雪景", ""),
        Style("None"),
    )


def test_without_one_here_the_persons_own_is_read_and_a_named_one_before_both():
    Path("own/sdgen").mkdir(parents=True)
    Path("own/sdgen/styles.csv").write_text("name,prompt\na,own\n")
    assert find_styles(["a"])[0].prompt == "own"
    Path("styles.csv").write_text("name,prompt\na,here\n")
    assert find_styles(["a"])[0].prompt == "here"
    Path("other.csv").write_text("name,text\na,other\na,last\n")
    assert find_styles(["a"], Path("other.csv"))[0].prompt == "last"


def test_no_names_need_no_table():
    assert find_styles([]) == ()


@pytest.mark.parametrize(
    ("table", "told", "hint"),
    [
        (TABLE, "there is no style 'snwo'", "did you mean Snow?"),
        ("name,prompt\n", "there is no style 'snwo'", ""),
        ("", "is no table of styles: its first line must be name,prompt,negative_prompt", ""),
        ("a,b\nc,d\n", "is no table of styles", ""),
        ('name,prompt\na,"b\n', "is no table of styles", ""),
        ("name,prompt\na," + "x" * 200_000 + "\n", "is no table of styles: field larger", ""),
        (None, "styles.csv cannot be read: no such file", ""),
    ],
)
def test_what_cannot_be_used_is_told(table, told, hint):
    if table is not None:
        Path("styles.csv").write_text(table, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        find_styles(["snwo"])
    assert told in str(caught.value)
    assert hint in caught.value.hint
