"""Variation seeds through the commands: what is drawn, counted, refused, recorded and read."""

import json
from pathlib import Path

import pytest

from sdgen.engine.generator import DiffusersGenerator
from sdgen.files.images import read_record_of
from sdgen.metadata.a1111 import parameters_text
from sdgen.models import find_model
from sdgen.recipe.settings import Settings
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.batch.conftest import drafts_of

VARIED = ("--seed", "7", "--variation-strength", "0.2")


def said(settings: Settings) -> tuple[int, int | None, float]:
    return settings.seed, settings.variation_seed, settings.variation_strength


def test_several_pictures_count_the_variation_seed_up_and_keep_the_seed(sdgen, painter):
    done = sdgen("a red fox", *VARIED, "--variation-seed", "30", "-n", "3")
    assert done.exit_code == 0
    assert [said(one) for one in painter.drawn] == [(7, seed, 0.2) for seed in (30, 31, 32)]
    assert "seed 7 with 0.2 of seed 30" in done.stderr


def test_a_variation_seed_that_nobody_gave_is_drawn_told_and_kept(sdgen, painter):
    for _ in range(2):
        assert sdgen("a red fox", *VARIED).exit_code == 0
    one, other = painter.drawn
    assert one.variation_seed != other.variation_seed
    record = json.loads(Path("outputs/a-red-fox-7.json").read_text())
    assert record["settings"]["variation_seed"] == one.variation_seed
    shown = sdgen("show", "outputs/a-red-fox-7.png").stdout
    assert str(one.variation_seed) in shown


def test_without_a_strength_nothing_of_it_is_recorded(sdgen, painter):
    assert sdgen("a red fox", "--variation-strength", "0", "--variation-seed", "3").exit_code == 0
    assert painter.drawn[0].variation_seed is None
    assert "variation_seed" not in sdgen("show", next(Path("outputs").glob("*.png"))).stdout


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--variation-seed", "3"), "variation_seed (flags) does nothing without variation_stren"),
        (("--variation-strength", "1.5"), "variation_strength (flags) must be at most 1"),
        (("--variation-seed", "-1", *VARIED), "variation_seed (flags) must be at least 0"),
        (("--subseed", "x"), "variation_seed must be a whole number, not 'x'"),
        (("--variation-seed", 2**63 - 1, "-n", "2", *VARIED), "leaves no room for 2 pictures"),
    ],
)
def test_what_cannot_be_is_one_line_code_2_and_no_picture(sdgen, painter, flags, reason):
    done = sdgen("a red fox", *flags)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert reason in done.stderr
    assert done.stderr.count("error: ") == 1


def test_a_record_that_lacks_the_seed_is_broken(sdgen, fox):
    sidecar = fox.with_suffix(".json")
    record = json.loads(sidecar.read_text())
    record["settings"]["variation_strength"] = 0.5
    Path("lone.json").write_text(json.dumps(record))
    done = sdgen("show", "lone.json")
    assert done.exit_code == 2
    assert "variation_strength: needs a variation_seed" in done.stderr


def test_a_reproduced_picture_may_be_varied(sdgen, fox, painter):
    assert sdgen("reproduce", fox, "--variation-strength", "0.1", "-o", "near").exit_code == 0
    seed, variation_seed, _ = said(painter.drawn[-1])
    assert seed == 7
    assert variation_seed is not None
    near = next(Path("near").glob("*.png"))
    assert sdgen("reproduce", near).stdout.startswith("identical")
    assert sdgen("reproduce", near, "--seed", "8").exit_code == 0, "a variation of a variation"
    assert said(painter.drawn[-1]) == (8, variation_seed, 0.1)


def test_explain_says_who_chose_it(sdgen):
    lines = sdgen("explain", "fox", *VARIED).stdout.splitlines()
    [line] = [line for line in lines if line.startswith("variation_seed")]
    assert "another in every run" in line
    [line] = [
        line for line in sdgen("explain", "fox").stdout.splitlines() if "variation_seed" in line
    ]
    assert "defaults" in line


def test_rows_without_a_variation_seed_get_theirs_from_the_folder(sdgen, painter):
    Path("jobs.jsonl").write_text(
        '{"prompt": "fox", "seed": 5, "variation_strength": 0.2, "num_images": 2}\n'
        '{"prompt": "fox", "seed": 5, "variation_strength": 0.2}\n'
        '{"prompt": "fox", "seed": 5, "variation_strength": 0.2, "variation_seed": 9}\n'
        '{"prompt": "fox"}\n'
    )
    assert sdgen("batch", "jobs.jsonl").exit_code == 0
    first, second, third, given, _ = map(said, painter.drawn)
    assert {first[0], second[0], third[0], given[0]} == {5}
    assert second[1] == first[1] + 1
    assert third[1] not in first[:2] + second[:2]
    assert given == (5, 9, 0.2)
    count = len(painter.drawn)
    assert sdgen("batch", "jobs.jsonl").exit_code == 0
    assert len(painter.drawn) == count, "the same seeds in the second run: all was done"


def test_a1111s_lines_say_it_in_their_words():
    [draft] = drafts_of("--prompt fox --seed 5 --subseed 9 --subseed_strength 0.25").items
    assert said(draft.settings) == (5, 9, 0.25)


def test_a1111s_text_says_it_and_is_read_again(sdgen, painter):
    assert sdgen("a red fox", *VARIED, "--variation-seed", "30").exit_code == 0
    record = read_record_of(Path("outputs/a-red-fox-7.png"))
    text = parameters_text(record)
    assert "Variation seed: 30, Variation seed strength: 0.2" in text
    Path("foreign.txt").write_text(text)
    shown = json.loads(sdgen("show", "foreign.txt", "--json").stdout)
    assert shown["settings"]["variation_seed"] == 30
    assert shown["settings"]["variation_strength"] == 0.2


@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "euler_ancestral"])
def test_a_call_of_variations_is_drawn_again_bit_for_bit(tiny_sd, scheduler):
    model, generator = find_model(str(tiny_sd)), DiffusersGenerator("cpu")
    base = Settings(prompt="fox", seed=7, width=64, height=64, steps=2, scheduler=scheduler)
    slots = [
        base.model_copy(update={"variation_seed": seed, "variation_strength": share})
        for seed, share in [(None, 0.0), (8, 0.1), (9, 0.1), (8, 0.9)]
    ]
    drawings = generator.generate_batch(slots, model)
    assert len({one.record.image.sha256 for one in drawings}) == 4
    for one in drawings:
        _, verdict = redraw(Original(one.record, one.image), model, generator)
        assert verdict.kind == "identical"
