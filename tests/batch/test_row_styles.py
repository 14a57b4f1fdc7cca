"""Styles that rows name: around the command's, in every dialect with keys, recorded as written."""

from pathlib import Path

import pytest

from sdgen.batch.jobs import make_jobs
from sdgen.errors import InputError
from sdgen.files.wording import wording_of
from tests.batch.conftest import drafts_of


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text('name,prompt,negative_prompt\nsnow,"{prompt}, in the snow",\n'
                    "poster,poster of {prompt},foggy\n")  # fmt: skip
    return path


@pytest.mark.parametrize(
    "text",
    [
        "- {prompt: a fox, style: [snow, poster]}\n- {prompt: an owl}",
        "defaults: {style: snow}\njobs:\n- {prompt: a fox, styles: 'snow, poster'}\n"
        "- {prompt: an owl, style: []}",
        '{"prompt": "a fox", "style": "snow,poster"}\n{"prompt": "an owl"}',
        'prompt,style\na fox,"snow,poster"\nan owl,\n',
    ],
)
def test_each_dialect(table, text):
    wording = wording_of(None, [], table)
    fox, owl = make_jobs(drafts_of(text, wording=wording).items, 1, wording=wording)
    assert fox.settings.prompt == "poster of a fox, in the snow"
    assert fox.settings.negative_prompt == "foggy"
    assert (fox.written.prompt, fox.written.styles) == ("a fox", ("snow", "poster"))
    assert (owl.settings.prompt, owl.written) == ("an owl", None)


def test_they_go_around_those_of_the_command_and_share_the_seed(table):
    wording = wording_of(None, ["snow"], table)
    text = "- {prompt: a fox, style: poster}\n- a fox\n- a fox\n"
    styled, plain, again = make_jobs(drafts_of(text, wording=wording).items, 1, wording=wording)
    assert styled.settings.prompt == "poster of a fox, in the snow"
    assert plain.settings.prompt == "a fox, in the snow"
    assert styled.settings.seed == plain.settings.seed != again.settings.seed


def test_the_usual_table_is_used_where_none_is_named(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.rename("styles.csv")
    [draft] = drafts_of("- {prompt: a fox, style: snow}").items
    assert [style.name for style in draft.styles] == ["snow"]


@pytest.mark.parametrize(
    ("said", "told"),
    [("snwo", "there is no style 'snwo'"), ("7", "style must be names of styles, not 7"),
     ("[1]", "style must be names of styles")],
)  # fmt: skip
def test_faults_have_their_place(table, said, told):
    with pytest.raises(InputError, match=rf":1:\d+: {told}"):
        drafts_of(f"- {{prompt: a fox, style: {said}}}", wording=wording_of(None, [], table))
