import json
from dataclasses import replace

import pytest
from hypothesis import given

from sdgen.files.foreign import read_recipe_in
from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.formats.a1111 import recipe_of
from sdgen.metadata.formats.fidelity import settings_of
from sdgen.metadata.formats.foreign import Foreign, ForeignLora
from sdgen.metadata.formats.infotext import read_infotext
from sdgen.metadata.formats.reports import FIDELITIES, FieldReport
from sdgen.recipe.layers import Layer, resolve
from sdgen.recipe.loras import loras_of
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings
from tests.metadata.formats.test_corpus import CASES, written
from tests.metadata.records import any_settings, fox_record, meaning

FOX = Foreign(
    tool="AUTOMATIC1111", prompt="a red fox", dialect="a1111", steps=20, sampler="Euler",
    schedule="Automatic", guidance_scale=7.5, seed=42, width=512, height=768, noise="GPU",
    model="dream", model_hash="6ce0161689",
)  # fmt: skip


def report_of(field: str, found: Foreign = FOX, **changes) -> FieldReport:
    reports = settings_of(replace(found, **changes))[1]
    return next(report for report in reports if report.field == field)


def taken(**changes) -> dict:
    return dict(settings_of(replace(FOX, **changes))[0].values)


def test_each_field_is_taken_and_told():
    layer, reports = settings_of(FOX)
    assert layer.source == "the recipe of AUTOMATIC1111"
    assert layer.values == {
        "prompt": "a red fox", "prompt_syntax": "a1111", "scheduler": "euler_uniform", "steps": 20,
        "guidance_scale": 7.5, "seed": 42, "width": 512, "height": 768, "rng": "nv",
    }  # fmt: skip
    assert {report.field: report.fidelity for report in reports} == {
        "prompt": "exact", "model": "unknown", "scheduler": "exact", "steps": "exact",
        "guidance_scale": "exact", "seed": "exact", "size": "exact", "rng": "close",
    }  # fmt: skip


def test_what_is_exact_needs_no_reason_and_the_rest_has_one():
    for file in CASES:
        found = read_foreign_case(file)
        for report in settings_of(found)[1] if found else ():
            assert report.fidelity in FIDELITIES
            assert report.reason or report.fidelity == "exact"
            assert report.taken or report.fidelity in ("ignored", "unknown")


def read_foreign_case(file) -> Foreign | None:
    case = json.loads(file.read_text(encoding="utf-8"))
    return read_recipe_in(written(case)) if case["expected"] else None


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_what_is_taken_of_any_picture_can_be_drawn(file):
    found = read_foreign_case(file)
    if found:
        needed = Layer("test", {"prompt": "a fox", "seed": 1})
        resolve([needed, settings_of(found)[0]])


@pytest.mark.parametrize(
    ("dialect", "prompt", "kept", "fidelity"),
    [
        ("a1111", "a (fox:1.2) [in] snow", "a (fox:1.2) [in] snow", "exact"),
        ("comfyui", "a fox", "a fox", "exact"),
        ("comfyui", "a (fox:1.2)", "a (fox:1.2)", "approximated"),
        ("comfyui", r"a [fox] \[x\]", r"a \[fox\] \[x\]", "exact"),
        ("invokeai", "a fox", "a fox", "exact"),
        ("invokeai", "a fox++", "a fox++", "approximated"),
        ("invokeai", "(a fox)1.2", "(a fox)1.2", "approximated"),
        ("novelai", "{fox}", "{fox}", "approximated"),
        ("plain", "a (fox)", "a (fox)", "unknown"),
        ("plain", "a fox", "a fox", "exact"),
    ],
)
def test_prompts_are_taken_as_their_program_reads_them(dialect, prompt, kept, fidelity):
    assert taken(dialect=dialect, prompt=prompt)["prompt"] == kept
    assert report_of("prompt", dialect=dialect, prompt=prompt).fidelity == fidelity


def test_weights_of_programs_that_only_read_alike_are_close():
    assert report_of("prompt", tool="SD.Next", prompt="a (fox:1.2)").fidelity == "close"
    emphasis = {"Emphasis": "No norm"}
    assert report_of("prompt", prompt="a (fox)", extras=emphasis).fidelity == "approximated"


def test_what_a_prompt_may_not_ask_for_makes_both_plain_words():
    values = taken(prompt="a [fox|hare] <lora:fur:0.8>", negative_prompt="(dark)")
    assert values["prompt_syntax"] == "plain"
    assert (values["prompt"], values["negative_prompt"]) == ("a [fox|hare]", "(dark)")
    report = report_of("prompt", prompt="a [fox|hare]")
    assert report.fidelity == "approximated"
    assert "[a|b]" in report.reason


def test_tags_in_a_negative_prompt_are_left_out_alone():
    values = taken(prompt="a (fox)", negative_prompt="dark <lora:fur:1>")
    assert (values["negative_prompt"], values["prompt_syntax"]) == ("dark", "a1111")
    assert report_of("negative_prompt", negative_prompt="x <lora:fur:1>").fidelity == "close"


@pytest.mark.parametrize(
    ("seed", "kept", "fidelity"),
    [(0, 0, "exact"), (2**63 + 5, 5, "exact"), (-1, None, "unknown"), (None, None, "unknown")],
)
def test_seeds_beyond_ours_are_taken_by_what_torch_uses_of_them(seed, kept, fidelity):
    assert taken(seed=seed).get("seed") == kept
    assert report_of("seed", seed=seed).fidelity == fidelity


@pytest.mark.parametrize(
    ("field", "changes", "reason"),
    [
        ("steps", {"steps": 0}, "greater than or equal to 1"),
        ("guidance_scale", {"guidance_scale": 1e9}, "less than or equal to 100"),
        ("size", {"width": 8, "height": 512}, "greater than or equal to 64"),
        ("prompt", {"prompt": "a\0b"}, "control character"),
        ("prompt", {"prompt": "(" * 20_000}, "20000 characters"),
        ("eta", {"eta": 7.0, "sampler": "DDIM"}, "less than or equal to 1"),
        ("scheduler", {"sampler": "DPM adaptive"}, "chooses its own number of steps"),
        ("strength", {"strength": 0.5}, "from another picture"),
        ("vae", {"vae": "ft-mse"}, "the model's own"),
        ("Hires upscale", {"extras": {"Hires upscale": "5"}}, "enlarged and drawn over"),
        ("ADetailer model", {"extras": {"ADetailer model": "x"}}, "drawn over afterwards"),
        ("ControlNet 0", {"extras": {"ControlNet 0": "x"}}, "another picture guided it"),
    ],
)
def test_what_cannot_be_taken_is_told_and_left_out(field, changes, reason):
    report = report_of(field, **changes)
    assert report.fidelity == "ignored"
    assert reason in report.reason
    assert field not in taken(**changes)


def test_words_that_nobody_knows_are_told_and_dates_are_not():
    reports = settings_of(replace(FOX, extras={"Wobble": "3", "Created Date": "x", "Tiling": "0"}))
    fields = {report.field: report.fidelity for report in reports[1]}
    assert fields["Wobble"] == "unknown"
    assert not fields.keys() & {"Created Date", "Tiling"}


def test_eta_is_taken_where_the_sampler_has_one():
    assert taken(sampler="DDIM", eta=0.5)["eta"] == 0.5
    assert "eta" not in taken(eta=0.5)
    assert report_of("eta", eta=0.5).reason == "euler_uniform has none"


def test_sizes_between_multiples_of_eight_are_what_was_drawn():
    assert taken(width=515, height=512)["width"] == 512
    assert report_of("size", width=515, height=512).fidelity == "close"


def test_schedules_that_diffusers_lacks_leave_the_sampler():
    report = report_of("scheduler", sampler="DPM++ 2M", schedule="KL Optimal")
    assert (report.taken, report.fidelity) == ("dpmpp_2m", "approximated")


def test_noise_says_what_can_be_expected():
    assert (report_of("rng", noise="CPU").taken, report_of("rng", noise="NV").taken) == (
        "cpu",
        "nv",
    )
    assert {report_of("rng", noise=noise).fidelity for noise in ("CPU", "NV")} == {"exact"}
    assert report_of("rng", noise="GPU").fidelity == "close"
    assert report_of("rng", noise="GPU", dialect="invokeai").fidelity == "approximated"
    assert report_of("rng", noise="").fidelity == "unknown"


HIRES = {"Hires upscale": "1.5", "Hires steps": "12", "Hires upscaler": "Latent"}


def test_second_passes_are_followed():
    values = taken(extras=HIRES, strength=0.5)
    assert (values["hires_scale"], values["hires_steps"]) == (1.5, 12)
    assert (values["hires_strength"], values["hires_upscaler"]) == (0.5, "latent")
    reports = settings_of(replace(FOX, extras=HIRES, strength=0.5))[1]
    assert not [one for one in reports if one.fidelity == "ignored"]
    assert report_of("hires_strength", extras=HIRES, strength=0.5).fidelity == "close"


@pytest.mark.parametrize(
    ("said", "size"),
    [("1024x768", "1024x768"), ("1024x0", "1024x1024"), ("0x700", "700x700")],
)
def test_second_passes_to_a_size_are_followed(said, size):
    extras = {"Hires resize": said, "Hires upscaler": "Latent"}
    found = {"extras": extras, "strength": 0.5, "width": 512, "height": 512}
    values = taken(**found)
    assert (values["hires_size"], values["hires_strength"]) == (size, 0.5)
    assert "hires_scale" not in values


@pytest.mark.parametrize(
    ("said", "upscaler", "fidelity"),
    [("Latent", "latent", "close"), ("Latent (nearest)", "latent", "approximated"),
     ("Lanczos", "lanczos", "close"), ("R-ESRGAN 4x+", "lanczos", "approximated")],
)  # fmt: skip
def test_upscalers_are_what_comes_nearest(said, upscaler, fidelity):
    report = report_of("hires_upscaler", extras=HIRES | {"Hires upscaler": said})
    assert (report.taken, report.fidelity) == (upscaler, fidelity)


@pytest.mark.parametrize(
    "extras", [{"Hires upscale": "9"}, {"Hires upscale": "x"}, HIRES | {"Hires resize": "9x9"}]
)
def test_second_passes_that_sdgen_does_not_draw_are_told(extras):
    assert "hires_scale" not in taken(extras=extras, strength=0.5)
    assert report_of("Hires upscale", extras=extras).fidelity == "ignored"
    assert "second pass" in report_of("strength", extras=extras, strength=0.5).reason


@pytest.mark.parametrize(
    ("dialect", "extras", "kind"),
    [("a1111", {"Tiling": "True"}, "xy"), ("a1111", {"Tiling": "x"}, "x"),
     ("invokeai", {"seamless_x": "true", "seamless_y": "false"}, "x"),
     ("invokeai", {"seamless_x": "true", "seamless_y": "true"}, "xy"),
     ("a1111", {"Tiling": "False"}, None), ("invokeai", {"seamless_y": "false"}, None)],
)  # fmt: skip
def test_edges_that_meet_are_followed(dialect, extras, kind):
    assert taken(dialect=dialect, extras=extras).get("tiling") == kind
    reports = settings_of(replace(FOX, dialect=dialect, extras=extras))[1]
    assert not [one for one in reports if one.field in extras]


def test_seed_of_the_steps_is_followed():
    assert taken(ensd=31337)["ensd"] == 31337
    assert report_of("ensd", ensd=31337).fidelity == "exact"
    assert report_of("ensd", ensd=-5).fidelity == "ignored"


@pytest.mark.parametrize(
    ("name", "weight", "kept"),
    [
        ("fur", 0.8, ("fur:0.8",)),
        ("style/fur.safetensors", 1.0, ("fur:1",)),
        (r"C:\Users\me\fur.safetensors", 0.5, ("fur:0.5",)),
        ("../../etc/passwd", 1.0, ("passwd:1",)),
        ("", 1.0, None), ("..", 1.0, None), ("/", 1.0, None), ("a,b", 1.0, None),
        ("fur", 99.0, None), ("fur:0.5", 1.0, None),
    ],
)  # fmt: skip
def test_loras_are_only_ever_named(name, weight, kept):
    assert taken(loras=(ForeignLora(name, weight),)).get("lora") == kept


def test_loras_whose_weights_are_in_the_prompt_are_not_taken_twice():
    loras = (ForeignLora("fur", None, "0123456789ab"),)
    assert "lora" not in taken(loras=loras)
    assert "its hash would tell" in report_of("lora", loras=loras).reason
    twice = (ForeignLora("fur", 1.0), ForeignLora("fur", 0.5))
    assert taken(loras=twice)["lora"] == ("fur:1",)
    reasons = [one.reason for one in settings_of(replace(FOX, loras=twice))[1] if not one.taken]
    assert "another of the same name is taken already" in reasons


SHARED = {
    name for name, one in SCHEDULERS.items()
    if one.a1111 in [other.a1111 for other in SCHEDULERS.values() if other.a1111 and other != one]
}  # fmt: skip
"""Schedulers of which A1111's words mean two."""


@given(any_settings())
def test_of_our_own_text_only_this_is_lost(settings):
    """What that text cannot say.

    The model, which is only named; dtype; LoRAs, which are tags there; spaces around prompts; which
    of two schedulers that A1111 has one name for; sizes that nobody draws; a GPU's noise is taken
    as imitated; ENSD where no noise is added. Plain prompts come back in A1111's syntax, with other
    letters and the same meaning. Nor what `any_settings` leaves at its default.
    """
    record = fox_record().model_copy(update={"settings": settings})
    found = recipe_of(read_infotext(parameters_text(record)))
    read = dict(settings_of(found)[0].values)
    wanted = settings.model_dump()
    lost = {"model", "dtype", "lora", "prompt_syntax", "prompt", "negative_prompt"}
    lost |= {"scheduler"} if settings.scheduler in SHARED else set()
    lost |= {"rng"} if settings.rng == "gpu" else set()
    lost |= set() if SCHEDULERS[settings.scheduler].noisy else {"ensd"}
    lost |= set() if SCHEDULERS[settings.scheduler].takes_eta else {"eta"}
    lost |= {"width", "height"} if settings.width % 8 or settings.height % 8 else set()
    for name in wanted.keys() - lost:
        assert read.get(name, Settings.model_fields[name].default) == wanted[name], name
    for name in ("prompt", "negative_prompt"):
        kept = meaning(read.get(name, ""), read["prompt_syntax"])
        assert kept == meaning(wanted[name], settings.prompt_syntax)
    assert sorted(_loras(read)) == sorted(_loras(wanted))


def _loras(values: dict) -> list[tuple[str, float, float]]:
    """What is drawn with these settings: names and scales."""
    drawn = loras_of(Settings.model_validate({"prompt": "fox", "seed": 1} | values))
    return [(one.source, one.text_scale, one.unet_scale) for one in drawn]
