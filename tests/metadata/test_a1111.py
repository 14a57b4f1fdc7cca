import json
import re

import pytest
from hypothesis import given

from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.record import AddedRecord
from sdgen.recipe.schedulers import SCHEDULERS
from tests.metadata.records import any_settings, fox_record


def text_of(**changes) -> str:
    return parameters_text(fox_record(**changes))


def test_plain_text_to_the_letter():
    text = text_of(
        prompt="a red fox,\nin snow", negative_prompt="blurry,\nextra tails", scheduler="euler",
        steps=28, guidance_scale=7.5, width=512, height=768, model="sd15",
    )  # fmt: skip
    assert text == (
        "a red fox,\nin snow\n"
        "Negative prompt: blurry,\nextra tails\n"
        "Steps: 28, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.5, Seed: 7, "
        "Size: 512x768, Model: sd15, RNG: CPU, Version: sdgen 1.2.3"
    )


def test_every_optional_key_has_its_place():
    text = text_of(
        scheduler="ddim", clip_skip=2, eta=0.5, guidance_rescale=0.7, guidance_scale=7.0,
        variation_seed=8, variation_strength=0.25, tiling="xy", post=["contrast=1.1", "sharpen=1"],
    )  # fmt: skip
    assert text.splitlines()[-1] == (
        "Steps: 20, Sampler: DDIM, Schedule type: Automatic, CFG scale: 7, Seed: 7, "
        "Size: 512x512, Model: storybook, Variation seed: 8, "
        "Variation seed strength: 0.25, Clip skip: 2, RNG: CPU, Tiling: True, "
        'Eta DDIM: 0.5, CFG rescale: 0.7, Post: "contrast=1.1, sharpen=1", '
        "Version: sdgen 1.2.3"
    )


@pytest.mark.parametrize(
    ("changes", "written"),
    [({"rng": "nv"}, ", RNG: NV, "), ({"rng": "gpu"}, ""), ({}, ", RNG: CPU, "),
     ({"ensd": 31337, "scheduler": "euler_ancestral"}, ", ENSD: 31337, RNG: CPU, "),
     ({"ensd": 31337, "scheduler": "euler"}, ", RNG: CPU, ")],
)  # fmt: skip
def test_noise_is_told_where_a1111_would_take_another(changes, written):
    text = text_of(**changes)
    assert written in text
    assert ("RNG" in text, "ENSD" in text) == ("RNG" in written, "ENSD" in written)


def test_absent_negative_prompt_has_no_line():
    assert "Negative prompt" not in text_of()


def test_values_that_a_reader_would_split_are_quoted():
    assert 'Model: "狐, \\"v2\\": a\\nb"' in text_of(model='狐, "v2": a\nb')


def test_value_equal_to_its_key_is_a_bare_key():
    assert ", Model, " in text_of(model="Model")


def test_no_hash_is_invented():
    assert "hash" not in text_of(clip_skip=2).lower()


def test_version_is_not_taken_for_another_program():
    assert not re.search(r"Version: [vf]\d", text_of())


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_every_scheduler_has_a_sampler(name):
    line = text_of(scheduler=name).splitlines()[-1]
    names = SCHEDULERS[name].a1111
    expected = (
        f"Sampler: {names[0]}, Schedule type: {names[1]}, " if names else f"Sampler: {name}, "
    )
    assert line.startswith(f"Steps: 20, {expected}CFG scale: ")


@given(any_settings())
def test_last_line_reads_back(settings):
    """With the grammar that A1111 reads: a key, then a quoted string or all up to a comma."""
    record = fox_record().model_copy(update={"settings": settings})
    line = parameters_text(record).split("\n")[-1]
    pairs = dict(re.findall(r'(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', line))
    assert pairs["Steps"] == str(settings.steps)
    assert float(pairs["CFG scale"]) == settings.guidance_scale
    assert pairs["Seed"] == str(settings.seed)
    if set(settings.model) & set(",:\n"):
        assert json.loads(pairs["Model"]) == settings.model


def test_loras_that_a_flag_gave_are_tags_as_others_write_them():
    text = text_of(lora=["fur:0.5", "ink:1:0.2"])
    assert text.splitlines()[0] == "a red fox <lora:fur:0.5> <lora:ink:1:0.2>"


@pytest.mark.parametrize(
    ("loras", "prompt", "written"),
    [
        (["fur:0.5"], "a <lora:fur:0.9> fox", "a <lora:fur:0.5> fox"),
        (["fur:0.5"], "<lora:fur:te=1> a <lora:ink> fox", "<lora:fur:0.5> a <lora:ink> fox"),
        (["fur:0.5"], "<lora:fur> a fox<lora:fur:2>", "<lora:fur:0.5> a fox"),
        (["ink"], "a fox <lora:fur>", "a fox <lora:fur> <lora:ink:1>"),
    ],
)
def test_lora_with_a_tag_is_written_once_with_the_scale_that_counted(loras, prompt, written):
    assert text_of(lora=loras, prompt=prompt).splitlines()[0] == written


def test_plain_words_are_written_so_that_no_program_reads_weights_into_them():
    text = text_of(
        prompt_syntax="plain", prompt="a (red) [fox] \\ BREAK AND <lora:fur:1>",
        negative_prompt="(dark:1.5)", lora=["ink:0.5"],
    )  # fmt: skip
    assert text.splitlines()[:2] == [
        r"a \(red\) \[fox\] \\ BR\EAK A\ND <\lora:fur:1> <lora:ink:0.5>",
        r"Negative prompt: \(dark:1.5\)",
    ]


def test_lines_that_would_end_a_block_are_kept_inside_of_it():
    text = text_of(
        prompt="a fox\nNegative prompt: snow\n Steps: 9", negative_prompt="Negative prompt: x"
    )
    assert text.splitlines()[:4] == [
        "a fox", r"\Negative prompt: snow", r" \Steps: 9",
        r"Negative prompt: \Negative prompt: x",
    ]  # fmt: skip


def added(name: str, kind: str = "lora", tensors: str | None = None) -> AddedRecord:
    return AddedRecord(kind=kind, name=name, sha256="ab" * 32, tensors_sha256=tensors, modules=1)


def test_what_was_added_has_the_hashes_by_which_others_know_it():
    record = fox_record(lora=["fur:0.5", "ink:1"]).model_copy(
        update={"added": [added("fur", tensors="01" * 32), added("ink", tensors="23" * 32),
                          added("easy", "embedding")]}
    )  # fmt: skip
    line = parameters_text(record).splitlines()[-1]
    assert 'Lora hashes: "fur: 010101010101, ink: 232323232323", ' in line
    assert 'TI hashes: "easy: abababababab", Version: sdgen' in line


def test_a_hash_that_is_not_known_is_not_written():
    record = fox_record(lora=["fur"]).model_copy(update={"added": [added("fur")]})
    assert "hashes" not in parameters_text(record)
