"""Scripts without words in a tokenizer."""

import pytest

from sdgen.models.scripts import is_chinese, spelled_out


def in_bytes(text: str) -> list[tuple[int, int]]:
    """Each byte a token, as in a tokenizer that knows nothing."""
    return [(at, at + 1) for at, letter in enumerate(text) for _ in letter.encode()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a fox, 一只狐狸, snow", "一只狐狸"),
        ("красная лиса", "красная лиса"),
        ("رسم ثعلب", "رسم ثعلب"),
        ("狐" * 40, "狐" * 30 + "…"),
        ("a red fox", ""),
        ("un renard é ö ñ ş", ""),
        ("a हिन्दी fox", "हिन्दी"),
        ("a 狐", "狐"),
        ("1234 → ♥ 😀", ""),
        ("", ""),
    ],
)
def test_words_of_other_scripts_in_bytes_are_found(text, found):
    assert spelled_out(text, in_bytes(text)) == found


def test_a_token_for_each_letter_is_no_word_either():
    assert spelled_out("лиса", [(0, 1), (1, 2), (2, 3), (3, 4)]) == "лиса"


def test_a_tokenizer_with_a_word_for_it_knows_the_script():
    assert spelled_out("лиса", [(0, 2), (2, 4)]) == ""
    assert spelled_out("α", [(0, 1)]) == ""


def test_chinese_is_told_from_other_scripts():
    assert is_chinese("a 狐")
    assert not is_chinese("лиса")
