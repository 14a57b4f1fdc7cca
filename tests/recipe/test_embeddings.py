import pytest

from sdgen.errors import InputError
from sdgen.recipe.embeddings import (
    EmbeddingEntry,
    parse_embedding,
    parted,
    read_embeddings,
    without_words,
)
from sdgen.recipe.layers import Layer, layer_from, resolve


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("ink", EmbeddingEntry("ink")),
        ("ink:inky", EmbeddingEntry("ink", "inky")),
        ("a/ink.safetensors:<ink>", EmbeddingEntry("a/ink.safetensors", "<ink>")),
        (r"C:\words\ink.safetensors", EmbeddingEntry(r"C:\words\ink.safetensors")),
        ("C:ink.safetensors", EmbeddingEntry("C:ink.safetensors")),
    ],
)
def test_a_name_and_its_word(text, entry):
    assert parse_embedding(text) == entry
    assert parse_embedding(str(entry)) == entry


@pytest.mark.parametrize("said", ["ink:", "ink:two words", "ink:a|b", "ink:(x)", ":x", 5, [1]])
def test_faults(said):
    with pytest.raises(InputError, match=r"embedding \(flags\) (has|must be)"):
        resolve(
            [Layer("", {"prompt": "a fox", "seed": 1}), layer_from("flags", {"embedding": said})]
        )


def test_a_list_is_text_with_commas_or_a_list():
    assert read_embeddings("ink, pen:x,") == read_embeddings(["ink", "pen:x"]) == ("ink", "pen:x")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a fox, <ink>", ["a fox, ", "*<ink>"]),
        ("INKY fox", ["*INKY", " fox"]),
        ("inkyfox inky-fox", ["inkyfox ", "*inky", "-fox"]),
        ("<ink><ink>", ["*<ink>", "*<ink>"]),
        ("no word", ["no word"]),
        ("", []),
    ],
)
def test_words_part_a_text(text, parts):
    found = [("*" if word else "") + part for part, word, _ in parted(text, ["<ink>", "inky"])]
    assert found == parts
    places = [(text[at : at + len(part)], part) for part, _, at in parted(text, ["<ink>", "inky"])]
    assert all(there == part for there, part in places)
    assert "<ink>" not in without_words(text, ["<ink>", "inky"])
