"""Weights and long prompts: the embeddings are those of a computation by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.engine.prompts import KEPT_BYTES, TextCache, encode
from sdgen.engine.weighted import chunks_needed
from sdgen.models import find_model
from sdgen.recipe.settings import Settings

CPU = torch.device("cpu")
START, END = 512, 513
WORDS = "a red fox in snow, "  # 15 tokens of the tiny models: a byte each, but no spaces


def settings(prompt: str, **said: Any) -> Settings:
    return Settings(prompt=prompt, seed=7, width=64, height=64, steps=2, **said)


def pipeline_of(folder: Path) -> Any:
    return load_model(find_model(str(folder)), "float32", CPU).pipeline


def encoded(folder: Path, prompt: str, **said: Any) -> tuple[Any, Any]:
    pipeline, asked = pipeline_of(folder), settings(prompt, **said)
    with torch.inference_mode():
        return encode(pipeline, TextCache(), asked, chunks_needed(pipeline, asked))


def by_hand(
    tokenizer: Any,
    encoder: Any,
    chunks: Sequence[Sequence[tuple[str, float]]],
    layer: int | None = None,
) -> torch.Tensor:
    """The rule, written down once more: texts and weights of each chunk, 77 places each.

    `layer` is that of `hidden_states`, without the last norm; None is the encoder's output.
    """
    rows = []
    for chunk in chunks:
        ids, weights = [START], [1.0]
        for text, weight in chunk:
            own = tokenizer(text, add_special_tokens=False).input_ids
            ids, weights = ids + own, weights + [weight] * len(own)
        ids, weights = ids + [END] * (77 - len(ids)), weights + [1.0] * (77 - len(weights))
        with torch.inference_mode():
            output = encoder(torch.tensor([ids]), output_hidden_states=True)
        hidden = output.last_hidden_state if layer is None else output.hidden_states[layer]
        product = hidden * torch.tensor(weights)[None, :, None]
        rows.append(product * (hidden.mean() / product.mean()))
    return torch.cat(rows, dim=1)


def assert_same(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_weights_multiply_and_the_mean_is_restored(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    (found,), _ = encoded(tiny_sd, "a (red:1.5) fox in [snow]")
    spans = [("a ", 1), ("red", 1.5), (" fox in ", 1), ("snow", 1 / 1.1)]
    assert_same(found, by_hand(pipeline.tokenizer, pipeline.text_encoder, [spans]))
    plain = by_hand(pipeline.tokenizer, pipeline.text_encoder, [[("a red fox in snow", 1)]])
    assert (found - plain).abs().max() > 0.1
    assert found.mean().item() == pytest.approx(plain.mean().item(), abs=1e-6)


def test_a_long_prompt_is_chunks_in_a_row_and_nothing_is_cut(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    (found,), _ = encoded(tiny_sd, WORDS * 6)
    chunks = [[(WORDS * 5, 1)], [(WORDS, 1)]]
    assert_same(found, by_hand(pipeline.tokenizer, pipeline.text_encoder, chunks))
    (other,), _ = encoded(tiny_sd, WORDS * 5 + "a red fox in fog, ")
    assert not torch.equal(found, other)


def test_a_chunk_ends_behind_a_comma_that_is_near(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    (found,), _ = encoded(tiny_sd, "x" * 60 + "," + "(y:2)" * 30)
    chunks = [[("x" * 60 + ",", 1)], [("y" * 30, 2)]]
    assert_same(found, by_hand(pipeline.tokenizer, pipeline.text_encoder, chunks))


def test_break_begins_a_chunk_and_the_mean_of_each_is_its_own(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    (found,), _ = encoded(tiny_sd, "(fox:1.4) BREAK snow, (fog:0.3)")
    chunks = [[("fox", 1.4)], [("snow, ", 1), ("fog", 0.3)]]
    assert_same(found, by_hand(pipeline.tokenizer, pipeline.text_encoder, chunks))


def test_the_shorter_prompt_is_filled_up_with_empty_chunks(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    (found,), (negative,) = encoded(tiny_sd, "fox", negative_prompt="red BREAK (blue:1.2)")
    hand = [[("red", 1)], [("blue", 1.2)]]
    assert_same(negative, by_hand(pipeline.tokenizer, pipeline.text_encoder, hand))
    assert_same(found, by_hand(pipeline.tokenizer, pipeline.text_encoder, [[("fox", 1)], []]))


def test_clip_skip_acts_on_both_prompts(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    found = encoded(tiny_sd, "(fox:1.4)", negative_prompt="red", clip_skip=2)
    for (embedded,), chunk in zip(found, [[("fox", 1.4)], [("red", 1.0)]], strict=True):
        ids = [START, *pipeline.tokenizer(chunk[0][0], add_special_tokens=False).input_ids]
        with torch.inference_mode():
            tokens = torch.tensor([ids + [END] * (77 - len(ids))])
            layers = pipeline.text_encoder(tokens, output_hidden_states=True).hidden_states
            normed = pipeline.text_encoder.text_model.final_layer_norm(layers[-2])
        weights = torch.ones(1, 77, 1)
        weights[0, 1 : len(ids)] = chunk[0][1]
        product = normed * weights
        assert_same(embedded, product * (normed.mean() / product.mean()))


@pytest.mark.parametrize(("clip_skip", "layer"), [(1, -2), (2, -3)])
def test_sdxl_has_both_encoders_side_by_side_each_with_its_mean(tiny_sdxl, clip_skip, layer):
    pipeline = pipeline_of(tiny_sdxl)
    prompt = "a (red:1.5) fox BREAK snow"
    (found, pooled), (negative, negative_pooled) = encoded(tiny_sdxl, prompt, clip_skip=clip_skip)
    chunks = [[("a ", 1), ("red", 1.5), (" fox", 1)], [("snow", 1)]]
    both = [
        by_hand(pipeline.tokenizer, pipeline.text_encoder, chunks, layer),
        by_hand(pipeline.tokenizer_2, pipeline.text_encoder_2, chunks, layer),
    ]
    assert_same(found, torch.cat(both, dim=-1))
    (_, first), _ = encoded(tiny_sdxl, "a red fox", clip_skip=clip_skip)
    ids = [START]
    for text, _ in chunks[0]:
        ids += pipeline.tokenizer(text, add_special_tokens=False).input_ids
    with torch.inference_mode():
        of_first = pipeline.text_encoder_2(torch.tensor([ids + [END] * (77 - len(ids))]))
    assert_same(pooled, of_first.text_embeds)
    assert pooled.shape == first.shape == (1, 32)
    assert not negative.any()
    assert not negative_pooled.any()
    assert negative.shape == found.shape


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
@pytest.mark.parametrize(
    "said", [{}, {"negative_prompt": "blue, 犀"}, {"guidance_scale": 1.0, "clip_skip": 2}]
)
def test_without_any_syntax_the_pixels_are_those_of_plain_words(model, said, request):
    folder = find_model(str(request.getfixturevalue(model)))
    generator = DiffusersGenerator("cpu")
    prompt = "a red fox, snow: 狐狸 <3 {x} | \u00e9" + " y" * 40
    read = generator.generate(settings(prompt, **said), folder)
    plain = generator.generate(settings(prompt, prompt_syntax="plain", **said), folder)
    assert read.image.tobytes() == plain.image.tobytes()


def test_plain_words_have_no_weights_and_are_cut(tiny_sd):
    pipeline = pipeline_of(tiny_sd)
    for prompt in ("a (red:1.5) fox", "x " * 90):
        (found,), _ = encoded(tiny_sd, prompt, prompt_syntax="plain")
        inputs = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        with torch.inference_mode():
            plain = pipeline.text_encoder(pipeline.tokenizer(prompt, **inputs).input_ids)[0]
        assert torch.equal(found, plain)


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_prompts_of_all_lengths_in_one_call_owe_nothing_to_each_other(model, request):
    folder = find_model(str(request.getfixturevalue(model)))
    generator = DiffusersGenerator("cpu")
    long = settings("owl", negative_prompt="x " * 160)
    slots = [settings("fox"), settings("fox BREAK snow"), None, long]
    drawn = generator.generate_batch(slots, folder)
    assert [one.record.batch.slot for one in drawn] == [0, 1, 3]
    assert [one.record.settings for one in drawn] == [
        each.model_copy(update={"dtype": "float32"}) for each in slots if each is not None
    ]
    for one in drawn:
        place = one.record.batch.slot
        alone = [each if at == place else None for at, each in enumerate(slots)]
        [again] = generator.generate_batch(alone, folder)
        assert again.image.tobytes() == one.image.tobytes()


def test_half_precision_keeps_its_format(tiny_sd):
    pipeline = load_model(find_model(str(tiny_sd)), "bfloat16", CPU).pipeline
    asked = settings("a (red:1.5) fox")
    with torch.inference_mode():
        (found,), _ = encode(pipeline, TextCache(), asked)
    assert found.dtype == torch.bfloat16
    assert found.isfinite().all()


def test_long_texts_are_kept_as_far_as_there_is_room():
    cache = TextCache()
    long = (torch.zeros(1, KEPT_BYTES // 40, 4),)  # two fifths of it
    for number in range(5):
        assert cache.get((number,), lambda: long) is long
    assert len(cache) == 2
