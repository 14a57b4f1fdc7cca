"""`sdgen tokens`: what people see of the reading of a prompt, and what is refused."""

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdgen.cli import app
from sdgen.models import find_model

PLAIN = ("--prompt-syntax", "plain")


@pytest.fixture
def tokens(capsys: pytest.CaptureFixture[str]):
    """Run the command with the models that are really here: exit code, stdout, stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = app.run(["tokens", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_words_are_apart_and_their_tokens_joined(tokens):
    assert tokens("a girl with an astrolabe") == (
        0,
        "prompt: 10 of 75 tokens\n"
        "  a girl with an a·st·ro·la·b·e\n"
        "storybook was not taught these words of the prompt: astrolabe\n",
        "",
    )


def test_chinese_is_characters_and_a_rare_one_says_how_many_tokens_it_takes(tokens):
    code, shown, _ = tokens("海滩, 犀")
    assert code == 0
    assert shown.splitlines()[1] == "  海·滩 , 犀×3"


def test_what_is_cut_off_is_told_and_not_shown_as_read(tokens):
    code, shown, _ = tokens("fox " * 75 + "owl castle", *PLAIN)
    assert code == 0
    [first, words, told] = shown.splitlines()
    assert first == "prompt: 77 of 75 tokens"
    assert words.split() == ["fox"] * 75
    assert told == "the model does not read the end of the prompt: 'owl castle'"


def test_a_character_that_is_read_in_part_is_not_shown_as_read(tokens):
    _, shown, _ = tokens("fox " * 74 + "犀", *PLAIN)
    assert shown.splitlines()[0] == "prompt: 77 of 75 tokens"
    assert shown.splitlines()[1].split() == ["fox"] * 74
    assert "the end of the prompt: '犀'" in shown


def test_a_long_prompt_is_shown_in_chunks(tokens):
    code, shown, _ = tokens("fox " * 75 + "owl castle BREAK snow")
    [first, one, two, three, told] = shown.splitlines()
    assert (code, first) == (0, "prompt: 78 tokens in 3 chunks of 75")
    assert one.split() == ["1", "(75):", *["fox"] * 75]
    assert (two, three) == ("  2 (2): owl castle", "  3 (1): snow")
    assert told == "storybook was taught texts of one chunk; the prompt has 3"


def test_weights_are_shown_around_what_they_weigh(tokens):
    _, shown, _ = tokens(r"a (red fox:1.3) in [snow], (a \(small\) (owl))")
    assert shown.splitlines()[:2] == [
        "prompt: 11 of 75 tokens",
        "  a (red fox:1.3) in (snow:0.9091) , (a ( small ):1.1) (owl:1.21)",
    ]
    _, shown, _ = tokens("a (red:1.3) fox", *PLAIN)
    assert shown.splitlines()[1] == "  a ( red : 1 . 3 ) fox"


def test_words_are_unknown_without_their_brackets(tokens):
    _, shown, _ = tokens("(zebu:1.3)")
    assert shown.splitlines()[-1] == "storybook was not taught these words of the prompt: zebu"


def test_a_script_without_words_in_the_tokenizer_is_told(tokens, tiny_sd):
    _, shown, _ = tokens("(一只狐狸:1.2), snow", "--model", tiny_sd)
    assert shown.splitlines()[-1] == (
        "tiny-sd has no words for '一只狐狸' in the prompt: write English, or use "
        "--model storybook or z-image-turbo"
    )
    _, shown, _ = tokens("лиса", "--model", tiny_sd)
    assert shown.splitlines()[-1].endswith("'лиса' in the prompt: write English")


def test_the_negative_prompt_is_read_too_and_may_come_from_a_config(tokens):
    _, shown, _ = tokens("fox", "--negative", "blue")
    assert [line for line in shown.splitlines() if line[0] != " "] == [
        "prompt: 1 of 75 tokens",
        "negative_prompt: 1 of 75 tokens",
    ]
    assert "negative_prompt: " in tokens("fox", "-c", "poster")[1]


def test_json_is_an_object_a_text(tokens):
    code, shown, told = tokens("红 zebu", "--negative-prompt", "犀", "--json")
    assert (code, told) == (0, "")
    prompt, negative = map(json.loads, shown.splitlines())
    assert (prompt["name"], prompt["text"], prompt["model"]) == ("prompt", "红 zebu", "storybook")
    reading = prompt["tokenizers"]["tokenizer"]
    assert reading["tokens"] == sum(len(piece["ids"]) for piece in reading["pieces"])
    assert "".join(piece["text"] for piece in reading["pieces"]) == "红zebu"
    assert (reading["room"], reading["cut_off"]) == (75, "")
    assert {(piece["weight"], piece["chunk"]) for piece in reading["pieces"]} == {(1.0, 0)}
    assert reading["chunks"] == [reading["tokens"]]
    assert prompt["unknown_words"] == ["zebu"]
    assert prompt["notices"] == ["storybook was not taught these words of the prompt: zebu"]
    assert (negative["name"], negative["unknown_words"]) == ("negative_prompt", ["犀"])


def test_a_model_that_does_not_say_which_words_it_knows(tokens, tiny_sd):
    shown = json.loads(tokens("zebu", "--model", tiny_sd, "--json")[1])
    assert (shown["unknown_words"], shown["notices"]) == (None, [])


def test_two_tokenizers_that_read_alike_are_shown_once(tokens, tiny_sdxl):
    assert tokens("a fox", "--model", tiny_sdxl)[1].count("of 75 tokens") == 1
    shown = json.loads(tokens("a fox", "--model", tiny_sdxl, "--json")[1])
    assert list(shown["tokenizers"]) == ["tokenizer", "tokenizer_2"]


def test_two_tokenizers_that_differ_are_both_shown(tokens, tiny_sdxl, tmp_path):
    root = shutil.copytree(tiny_sdxl, tmp_path / "uneven")
    config = root / "tokenizer_2/tokenizer_config.json"
    config.write_text(config.read_text().replace("77", "5"))
    _, shown, _ = tokens("a fox", "--model", root, *PLAIN)
    assert shown.splitlines() == [
        "prompt for tokenizer: 4 of 75 tokens",
        "  a f·o·x",
        "prompt for tokenizer_2: 4 of 3 tokens",
        "  a f·o",
        "the model does not read the end of the prompt: 'x'",
    ]


def test_the_prompt_may_come_from_stdin(tokens, monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO("海滩\n".encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert tokens("-")[1].splitlines()[1] == "  海·滩"


def test_invisible_characters_are_shown_as_escapes(tokens):
    _, shown, _ = tokens("fox \u202e x\u200dy ")
    assert not {"\u202e", "\u200d"} & set(shown.splitlines()[1])
    assert r"\u202e×3" in shown
    assert r"\u200d×3" in shown


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "missing argument 'PROMPT'"),
        ([""], 2, "prompt (flags) is empty"),
        ([" \n"], 2, "prompt (flags) is empty"),
        (["a\x1bb"], 2, "contains the control character U+001B"),
        (["x" * 10_001], 2, "at most 10000 are read"),
        (["fox", "--model", "nowhere"], 4, "no model 'nowhere' here"),
        (["fox", "--model", ""], 2, "model must be a name or a folder"),
        (["fox", "--config", "potrait"], 2, "there is no config 'potrait'"),
        (["fox AND owl"], 2, "prompt (flags) joins prompts with AND"),
        (["fox", "--negative", "[a|b]"], 2, "negative_prompt (flags) has [a|b]"),
        (
            ["fox", "--prompt-syntax", "comfy"],
            2,
            "prompt_syntax (flags) must be 'a1111' or 'plain'",
        ),
        (["fox", "--steps", "3"], 2, "no such option: --steps"),
        (["fox", "--model", "MINI"], 4, "the model's tokenizer cannot be read"),
    ],
)
def test_what_is_refused(tokens, mini, words, code, message):
    found, shown, told = tokens(*(str(mini) if word == "MINI" else word for word in words))
    assert (found, shown) == (code, "")
    assert message in told
    assert told.startswith("error: ")


def test_a_broken_list_of_words_is_an_error_of_the_model(tokens, tiny_sd, tmp_path):
    root = shutil.copytree(tiny_sd, tmp_path / "broken")
    (root / "tokenizer/words.txt").write_bytes(b"\xff")
    code, _, told = tokens("fox", "--model", root)
    assert (code, told.count("\n")) == (4, 1)
    assert find_model(str(root)), "nothing else is wrong with it"


def test_a_prompt_with_a_lora_is_read_where_the_lora_lies(tokens):
    folder = Path(__file__).parents[1] / "weights"
    prompt = "a fox <lora:dusk:0.8>"
    assert tokens(prompt, "--lora-dir", folder) == (0, "prompt: 2 of 75 tokens\n  a fox\n", "")
    assert tokens(prompt)[0] == 4
