"""LoRA tags: what they ask for, and the prompt without them."""

import pytest

from sdgen.recipe.prompt.loras import LoraTag, lora_tags


@pytest.mark.parametrize(
    ("tag", "read"),
    [
        ("<lora:fur>", LoraTag("fur")),
        ("<lora:fur:0.8>", LoraTag("fur", 0.8, 0.8)),
        ("<lora:fur:0.8:0.5>", LoraTag("fur", 0.8, 0.5)),
        ("<lora:fur:te=0.8:unet=0.5>", LoraTag("fur", 0.8, 0.5)),
        ("<lora:fur:unet=0.5>", LoraTag("fur", 1.0, 0.5)),
        ("<LORA:a__b-v1.0 (x):-1>", LoraTag("a__b-v1.0 (x)", -1.0, -1.0)),
    ],
)
def test_a_tag_says_name_and_scales(tag, read):
    assert lora_tags(f"a {tag}fox") == ("a fox", (read,))


def test_several_keep_their_order():
    assert lora_tags("<lora:b:1>fox<lora:a:2>") == (
        "fox", (LoraTag("b"), LoraTag("a", 2.0, 2.0))
    )  # fmt: skip


def test_a_prompt_without_tags_stays_as_it_is():
    assert lora_tags("a < b, <3, <lora> fox") == ("a < b, <3, <lora> fox", ())


@pytest.mark.parametrize(
    "tag",
    ["<lora::1>", "<lora: >", "<lora:fur:x>", "<lora:fur:nan>", "<lora:fur:99>", "<lyco:fur:1>",
     "<hypernet:fur:1>", "<lora:fur:1:1:8>", "<lora:fur:dyn=8>", "<lora:fur:1:1:1:1:1>"],
)  # fmt: skip
def test_a_tag_that_cannot_be_read_is_named(tag):
    with pytest.raises(ValueError, match=r"has the tag <(l|h)") as caught:
        lora_tags(f"fox {tag}")
    assert tag in str(caught.value)
