"""`--lora`, tags and job columns through the app: drawn, recorded, drawn again, refused."""

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdgen.cli import app
from sdgen.files.images import read_record_of
from tests.cli.conftest import Outcome
from tests.cli.test_bad_models import Bomb
from tests.loras import DUSK, write_lora


@pytest.fixture
def real(tiny_sd, capsys):
    """Run the app with the real generator and a toy model."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        given = [str(word) for word in words]
        model = ["--model", str(tiny_sd)] if given[0] != "show" else []
        code = app.run([*given, *model])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def fur(tiny_sd, tmp_path_factory) -> Path:
    return write_lora(tiny_sd, tmp_path_factory.mktemp("loras") / "fur.safetensors")


@pytest.fixture
def fox(real, fur) -> Path:
    """A picture drawn with the LoRA `fur` at 0.5."""
    done = real("a red fox", "--seed", 7, "--steps", 2, "--lora", f"{fur}:0.5", "-o", "fox.png")
    assert done.exit_code == 0, done.stderr
    return Path("fox.png")


def test_a_picture_tells_its_loras(real, fox):
    record = read_record_of(fox)
    assert record.settings.lora == ("fur:0.5",)
    assert [one.name for one in record.added] == ["fur"]
    shown = real("show", fox).stdout
    assert "fur:0.5" in shown
    assert f"lora fur {record.added[0].modules} layers, sha256" in " ".join(shown.split())


def test_it_is_drawn_again_from_the_folder_that_the_user_names(real, fox, fur):
    done = real("reproduce", fox, "--lora-dir", fur.parent)
    assert (done.exit_code, done.stdout) == (
        0, f"identical: {fox}: every pixel is the same\n")  # fmt: skip


def test_it_is_drawn_again_from_the_current_folder(real, fox, fur):
    shutil.copy(fur, ".")
    assert real("reproduce", fox).exit_code == 0


def test_a_file_of_its_name_and_another_kind_does_not_hide_it(real, fox, fur):
    Path(fur.name).write_bytes(b"no weights at all")
    done = real("reproduce", fox, "--lora-dir", fur.parent)
    assert done.exit_code == 0, done.stderr
    assert real("reproduce", fox).exit_code == 4


def test_without_its_lora_it_is_not_drawn_again(real, fox):
    done = real("reproduce", fox)
    assert done.exit_code == 4
    assert done.stderr == (
        "error: no LoRA 'fur' here\n"
        "hint: say where it is: --lora FILE, or its folder: --lora-dir FOLDER\n"
    )


def test_another_lora_of_that_name_is_noticed_before_drawing(real, fox, tiny_sd):
    write_lora(tiny_sd, Path("fur.safetensors"), seed=1)
    done = real("reproduce", fox)
    assert done.exit_code == 7
    assert "the model has other files than it had: lora fur" in done.stdout
    assert "--lora-dir FOLDER" in done.stdout


def test_of_two_files_of_one_name_the_recorded_one_is_taken(real, fox, fur, tiny_sd):
    Path("other").mkdir()
    write_lora(tiny_sd, Path("other/fur.safetensors"), seed=1)
    shutil.copy(fur, ".")
    assert real("reproduce", fox, "--lora-dir", "other").exit_code == 0


def test_a_variation_keeps_the_lora_and_may_change_its_scale(real, fox, fur):
    for number, flags in enumerate((["--seed", 8], ["--lora", "fur:0.1"])):
        out = f"{number}.png"
        done = real("reproduce", fox, "--lora-dir", fur.parent, *flags, "-o", out)
        assert done.exit_code == 0, done.stderr
    assert read_record_of(Path("0.png")).settings.lora == ("fur:0.5",)
    assert read_record_of(Path("1.png")).settings.lora == ("fur:0.1",)


@pytest.mark.parametrize("name", ["../fur", "/etc/passwd", "~root/fur", "sub/fur.safetensors"])
def test_a_record_cannot_lead_to_a_file(real, fox, fur, name):
    shutil.copy(fur, "..")
    record = json.loads(Path("fox.json").read_text())
    record["settings"]["lora"] = [f"{name}:0.5"]
    Path("evil.json").write_text(json.dumps(record))
    done = real("reproduce", "evil.json")
    assert done.exit_code == 4
    assert done.stderr == f"error: the record or lock names {name!r}, which is not a LoRA's name\n"


def test_a_tag_draws_what_the_flag_draws(real, fox, fur):
    done = real("a red fox<lora:fur:0.5>", "--seed", 7, "--steps", 2, "--lora-dir", fur.parent,
                "-o", "tag.png")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert read_record_of(Path("tag.png")).image == read_record_of(fox).image
    assert real("reproduce", "tag.png", "--lora-dir", fur.parent).exit_code == 0


def test_a_job_file_has_a_column_and_yaml_a_list(real, fox, fur):
    shutil.copy(fur, ".")
    Path("jobs.csv").write_text("prompt,seed,steps,lora\na red fox,7,2,fur:0.5\na red fox,7,2,\n")
    done = real("batch", "jobs.csv", "-o", "drawn", "--micro-batch", 2)
    assert done.exit_code == 0, done.stderr
    drawn = [read_record_of(path) for path in sorted(Path("drawn").glob("*.png"))]
    assert sorted(one.settings.lora for one in drawn) == [(), ("fur:0.5",)]
    Path("mine.yaml").write_text("lora:\n  - fur:0.5\nsteps: 2\nseed: 7\n")
    assert real("a red fox", "-c", "mine.yaml", "-o", "yaml.png").exit_code == 0
    assert read_record_of(Path("yaml.png")).image == read_record_of(fox).image


def test_two_files_of_one_name_in_one_job_file_each_draw_their_own(real, fur, tiny_sd):
    Path("other").mkdir()
    write_lora(tiny_sd, Path("other/fur.safetensors"), seed=1)
    rows = [f"a red fox,7,2,{path}" for path in (fur, "other/fur.safetensors")]
    Path("jobs.csv").write_text("\n".join(["prompt,seed,steps,lora", *rows, ""]))
    done = real("batch", "jobs.csv", "-o", "drawn", "--micro-batch", 2)
    assert done.exit_code == 0, done.stderr
    drawn = [read_record_of(path) for path in Path("drawn").glob("*.png")]
    assert len({one.added[0].sha256 for one in drawn}) == 2
    assert len({one.image.sha256 for one in drawn}) == 2


def test_a_lora_for_another_model_is_refused(real, tiny_sdxl):
    path = write_lora(tiny_sdxl, Path("big.safetensors"))
    done = real("a red fox", "--lora", path)
    assert done.exit_code == 4
    assert done.stderr.count("\n") <= 2
    assert "error: big was made for another model: it changes unet." in done.stderr
    assert not Path("outputs").exists() or not list(Path("outputs").glob("*.png"))


def test_a_lora_that_touches_no_layer_is_refused(real):
    save_file(
        {f"unet.extra.lora_{side}.weight": torch.zeros(2, 2) for side in "AB"}, "no.safetensors"
    )
    done = real("a red fox", "--lora", "no.safetensors")
    assert done.exit_code == 4
    assert "error: no was made for another model: this one has none of its 1 layers" in done.stderr


def test_layers_without_a_place_are_told_and_the_rest_drawn(real, fur):
    extra = {f"unet.extra.lora_{side}.weight": torch.zeros(2, 2) for side in "AB"}
    save_file(load_file(fur) | extra, "more.safetensors")
    done = real("a red fox", "--steps", 1, "--lora", "more.safetensors", "-o", "more.png")
    assert done.exit_code == 0
    assert "warning: more: 1 of its" in done.stderr
    assert any("layers are not in this model" in one for one in
               read_record_of(Path("more.png")).notices)  # fmt: skip


def damaged(fur: Path) -> None:
    Path("bad.safetensors").write_bytes(fur.read_bytes()[:-9])


def headless(fur: Path) -> None:
    Path("bad.safetensors").write_bytes(b"\xff" * 100)


def pickled(fur: Path) -> None:
    Path("bad.safetensors").write_bytes(pickle.dumps(Bomb()))


def no_lora(fur: Path) -> None:
    save_file({"a": torch.zeros(2)}, "bad.safetensors")


def relative(fur: Path) -> None:
    save_file({"lora_unet_conv_in.hada_w1_a": torch.zeros(2)}, "bad.safetensors")


def folder(fur: Path) -> None:
    Path("bad.safetensors").mkdir()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (None, "no LoRA 'bad.safetensors' here"),
        (folder, "no LoRA 'bad.safetensors' here"),
        (damaged, "bad.safetensors is not usable: its size does not fit its header"),
        (headless, "bad.safetensors is not usable: it is cut off or not a safetensors file"),
        (pickled, "bad.safetensors is a pickle, which can run code"),
        (no_lora, "bad.safetensors is no LoRA: it has no pairs of low-rank matrices"),
        (relative, "bad.safetensors is LoHa, which sdgen does not draw with; it reads LoRA"),
    ],
)
def test_what_is_no_lora_ends_with_one_line_and_code_4(sdgen, painter, fur, make, told):
    if make is not None:
        make(fur)
    done = sdgen("a red fox", "--lora", "bad.safetensors")
    assert done.exit_code == 4
    assert done.stderr.splitlines()[0] == f"error: {told}"
    assert not painter.drawn
    assert not Path("marker").exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--lora", "fur:much"], "lora (flags) has a scale that is no number from -10 to 10"),
        (["--lora", "fur:11"], "lora (flags) has a scale that is no number from -10 to 10"),
        (["--lora", "fur", "--lora", "fur:0.5"], "lora (flags) names fur twice"),
        (["--lora", "a/fur.safetensors", "--lora", "b/fur.safetensors"],
         "two LoRAs have the same name"),
        (["--negative-prompt", "<lora:fur:1>"],
         "negative_prompt (flags) has a tag of the LoRA 'fur', which belongs into the prompt"),
    ],
)  # fmt: skip
def test_a_wrong_word_ends_with_one_line_and_code_2(sdgen, painter, fur, flags, told):
    for place in ("a", "b"):
        Path(place).mkdir()
        shutil.copy(fur, place)
    done = sdgen("a red fox", *flags)
    assert done.exit_code == 2
    assert told in done.stderr.splitlines()[0]
    assert not painter.drawn


def test_a_name_is_looked_up_where_the_user_says_and_near_ones_are_named(sdgen, fur):
    assert sdgen("a red fox", "--lora", "fur", "--lora-dir", fur.parent).exit_code == 0
    done = sdgen("a red fox", "--lora", "furr", "--lora-dir", fur.parent)
    assert done.exit_code == 4
    assert "hint: did you mean fur?" in done.stderr


def test_a_slip_in_the_ending_is_seen_through(sdgen, fur):
    shutil.copy(fur, ".")
    assert "hint: did you mean fur?" in sdgen("a red fox", "--lora", "fur.safetensor").stderr


def test_models_info_tells_what_a_lora_changes(sdgen):
    done = sdgen("models", "info", DUSK, "--json")
    told = json.loads(done.stdout)
    assert (told["name"], told["kind"]) == ("dusk", "lora")
    assert set(told["layers"]) == {"unet", "text_encoder"}
    assert sum(told["layers"].values()) == len(load_file(DUSK)) // 2
    assert "a LoRA: --lora FILE[:SCALE]" in sdgen("models", "info", DUSK).stdout


def test_models_info_of_a_file_that_is_no_lora_ends_with_one_line(sdgen):
    save_file({"a": torch.zeros(2)}, "bad.safetensors")
    for name, told in (("bad.safetensors", "bad.safetensors is no LoRA"), ("none.safetensors", "")):
        done = sdgen("models", "info", name)
        assert done.exit_code == 4
        assert done.stderr.startswith(f"error: {told}")
        assert done.stderr.count("error:") == 1


def test_a_folder_as_diffusers_writes_it_is_a_lora_too(sdgen, fur):
    Path("soft").mkdir()
    shutil.copy(fur, "soft/pytorch_lora_weights.safetensors")
    assert sdgen("a red fox", "--seed", 7, "--lora", "soft:0.5").exit_code == 0
    assert read_record_of(Path("outputs/a-red-fox-7.png")).settings.lora == ("soft:0.5",)


def test_a_lock_holds_a_lora_to_its_bytes(real, fur, tiny_sd):
    shutil.copy(fur, ".")
    drawing = ["a red fox", "--steps", 1, "--lora", "fur", "-o", "drawn", "--locked"]
    assert real("lock").exit_code == 0
    done = real(*drawing)
    assert done.exit_code == 4
    assert "lora: fur is not in the lock" in done.stderr
    assert real("lock", "--lora", "fur").exit_code == 0
    assert real(*drawing).exit_code == 0
    assert real("lock", "--check").exit_code == 0
    write_lora(tiny_sd, Path("fur.safetensors"), seed=1)
    assert "lora: fur has other bytes" in real(*drawing).stderr
    done = real("lock", "--check")
    assert done.exit_code == 4
    assert "changed: lora: fur has other bytes" in done.stdout
    assert real("lock", "--check", "--lora-dir", fur.parent).exit_code == 0


def test_a_lock_takes_the_loras_of_a_batch_file(real, fur):
    Path("jobs.csv").write_text(f"prompt,steps,model,lora\na red fox,1,,{fur}\na fox,1,,\n")
    assert real("lock", "jobs.csv").exit_code == 0
    locked = json.loads(Path("sdgen.lock").read_text())
    assert list(locked["loras"]) == ["fur"]
    assert str(fur.parent) not in Path("sdgen.lock").read_text()


def test_a_lora_that_came_with_the_model_must_be_the_one_that_came(tiny_sd, fur, tmp_path, capsys):
    folder = shutil.copytree(tiny_sd, tmp_path / "kit" / "mini")
    (folder / "loras").mkdir()
    own = Path(shutil.copy(fur, folder / "loras" / "own.safetensors"))
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  loras/own.safetensors\n")
    words = ["a red fox", "--model", folder, "--lora", "own", "--steps", 1, "-o", "fox.png"]
    assert app.run([*map(str, words)]) == 0
    with own.open("r+b") as file:  # the last number of the last matrix
        file.seek(-1, 2)
        file.write(b"\x7b")
    capsys.readouterr()
    assert app.run([*map(str, words)]) == 4
    assert capsys.readouterr().err == (
        "error: the LoRA own that came with the model is damaged\n"
        "hint: install sdgen again, or get the model again\n"
    )


def test_a_name_finds_the_folder_that_diffusers_wrote(real, fur, tmp_path):
    (tmp_path / "all" / "fur-folder").mkdir(parents=True)
    shutil.copy(fur, tmp_path / "all" / "fur-folder" / "pytorch_lora_weights.safetensors")
    words = ["a red fox", "--seed", 7, "--steps", 1, "--lora", "fur-folder", "-o", "fox.png"]
    done = real(*words, "--lora-dir", tmp_path / "all")
    assert done.exit_code == 0, done.stderr
    assert read_record_of(Path("fox.png")).settings.lora == ("fur-folder:1",)
    assert real("reproduce", "fox.png", "--lora-dir", tmp_path / "all").exit_code == 0


@pytest.mark.parametrize(
    ("config", "lora"),
    [
        ("lcm", "lcm-lora-sdv1-5"),
        ("lightning", "sdxl_lightning_4step_lora"),
        ("hyper-sd", "Hyper-SD15-4steps-lora"),
    ],
)
def test_a_config_whose_lora_is_not_here_says_which_and_how(real, config, lora):
    done = real("a red fox", "--config", config)
    assert done.exit_code == 4
    assert done.stderr == (
        f"error: no LoRA '{lora}' here\n"
        "hint: say where it is: --lora FILE, or its folder: --lora-dir FOLDER\n"
    )


def test_a_config_with_a_lora_draws_once_its_file_is_there(real, fur, capsys):
    shutil.copy(fur, "lcm-lora-sdv1-5.safetensors")
    done = real("a red fox", "--config", "lcm", "--guidance-scale", 7, "-o", "fox.png")
    assert done.exit_code == 0, done.stderr
    record = read_record_of(Path("fox.png"))
    assert (record.settings.scheduler, record.settings.steps) == ("lcm", 4)
    assert record.notices == [
        "guidance_scale 7 does not suit lcm-lora-sdv1-5, distilled by its name: use 1 to 2"
    ]
