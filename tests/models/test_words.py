import pytest

from sdgen.errors import ModelError
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.words import known_words, places_of, seen_words, unknown_words

KNOWN = frozenset({"a", "red", "fox", "t-shirt", "old", "man", "画", "一只", "红色", "狐狸", "的"})


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("a red fox", []),
        ("A Red FOX!", []),
        ("a red zebra", ["zebra"]),
        ("zebra, zebra and quagga", ["zebra", "and", "quagga"]),
        ("a T-shirt", []),
        ("an old-man", ["an"]),
        ("3 fox", []),
        ("画一只红色的狐狸", []),
        ("画一只红色的犀牛", ["犀牛"]),
        ("犀牛和狐狸", ["犀牛和"]),
        ("画一只 red 狐狸", []),
        ("ｆｏｘ", []),
        ("", []),
        ("!!! 。，", []),
        ("a 🦊 and ☀️ (fox)", ["🦊", "and", "☀️"]),
    ],
)
def test_what_is_not_known(text: str, unknown: list[str]):
    assert unknown_words(text, KNOWN) == unknown


@pytest.mark.parametrize(
    "prompt",
    [
        "a girl in a white dress on a sunset beach",
        "绘制一个穿着白色连衣裙的漂亮女孩，背景是夕阳下的海滩",
        "绘制一幅蓝色海洋的风景画",
        "创造一个具有奇幻元素的中世纪城堡",
        "创建一个宣传新产品发布的广告海报",
        "设计一款具有复古风格的 T 恤图案",
        "a red balloon over snowy mountains at night",
        "two cats under a tree in the rain, watercolour",
        "a robot in a garden at dawn",
    ],
)
def test_the_built_in_model_knows_the_words_of_its_purpose(prompt: str):
    assert unknown_words(prompt, known_words(STORYBOOK)) == []


def test_the_built_in_model_does_not_know_everything():
    known = known_words(STORYBOOK)
    assert unknown_words("a photograph of an astrolabe", known) == ["photograph", "astrolabe"]
    assert unknown_words("一只熊猫和量子计算机", known)[-1] == "量子计算机"


def test_a_model_that_does_not_say_knows_no_list(tmp_path):
    assert known_words(tmp_path) == frozenset()


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"fox\nb\xe4r", "is not UTF-8 (byte 5)"), (b"fox\n" * 1_100_000, "more than 4 MiB")],
)
def test_a_list_that_is_no_list_of_words_is_an_error_of_the_model(tmp_path, data, reason):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer/words.txt").write_bytes(data)
    with pytest.raises(ModelError) as caught:
        known_words(tmp_path)
    assert reason in str(caught.value)


def test_lines_may_end_as_on_windows(tmp_path):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer/words.txt").write_bytes(b"\xef\xbb\xbfred\r\nfox\r\n")
    assert unknown_words("red fox", known_words(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a girl in a white dress on a beach", ["girl", "white", "dress", "beach"]),
        ("a fox and a fox", ["fox"]),
        ("穿着连衣裙的女孩", ["连衣裙", "女孩"]),
        ("海", ["海"]),
        ("", []),
    ],
)
def test_words_that_can_be_seen(text: str, words: list[str]):
    assert seen_words(text, frozenset({"连衣裙", "女孩", "海"})) == words


@pytest.mark.parametrize(
    ("word", "text", "places"),
    [
        ("fox", "a Fox, a fox", [(2, 5), (9, 12)]),
        ("bea", "a beach", []),
        ("each", "a beach", []),
        ("white  dress", "a white\ndress", [(2, 13)]),
        ("狐狸", "一只红狐狸在雪地里", [(3, 5)]),
        ("c++", "c++ (c)", [(0, 3)]),
        (" ", "a fox", []),
    ],
)
def test_a_word_is_found_whole(word: str, text: str, places: list[tuple[int, int]]):
    assert places_of(word, text) == places
