"""Models in one file, by path, by name in the person's folders, by hash; pixels are painted."""

import hashlib
import json
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from sdgen import models
from tests.models.conftest import write_mini
from tests.models.test_checkpoint_keys import OTHERS, SD1, SD2, XL


@pytest.fixture(autouse=True)
def _real_search(painter, monkeypatch):
    """Only the pixels are painted; models are really looked for."""
    models.find_model.cache_clear()
    for module in ("resolve", "lock", "by_hash"):
        monkeypatch.setattr(f"sdgen.models.{module}.find_model", models.find_model)
    monkeypatch.setattr("sdgen.replay.find_model", models.find_model)
    record = painter.generate

    def generate(settings, model, *args):
        """With the record of the model that is really there."""
        drawn = record(settings, model, *args)
        own = drawn.record.model.model_copy(
            update={"name": model.name, "pipeline": model.pipeline, "files": model.hashes()}
        )
        return type(drawn)(drawn.image, drawn.record.model_copy(update={"model": own}))

    monkeypatch.setattr(painter, "generate", generate)
    yield
    models.find_model.cache_clear()


def checkpoint(path: Path, shapes: dict = SD1, mark: int = 0) -> Path:
    """A whole safetensors file with one byte a number, all alike; a few hundred kilobytes."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 1
        for side in shape:
            size *= side
        header[name] = {"dtype": "U8", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes([mark]) * end)
    return path


def configure(text: str) -> None:
    folder = Path("home/sdgen")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(text)
    models.find_model.cache_clear()


def short_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def test_a_file_is_a_model(sdgen, painter):
    path = checkpoint(Path("dream shaper.safetensors"))
    done = sdgen("a fox", "--model", path, "--steps", "2")
    assert done.exit_code == 0, done.stderr
    assert (painter.drawn[0].model, painter.drawn[0].width) == ("dream shaper", 512)
    assert sdgen("a fox", "--model", "dream shaper").exit_code == 0, "its folder is not needed here"
    [picture] = sorted(Path("outputs").glob("*.png"))[:1]
    shown = sdgen("show", picture).stdout
    assert "dream shaper" in shown


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_model_is_one_sentence_and_code_4(sdgen, painter, case):
    shapes, words, hint = OTHERS[case]
    path = checkpoint(Path("thing.safetensors"), shapes)
    done = sdgen("a fox", "--model", path)
    assert (done.exit_code, done.stdout, painter.drawn) == (4, "", [])
    assert f"thing.safetensors is {words}" in done.stderr or words in done.stderr
    assert hint in done.stderr.replace("\n", " ")
    assert done.stderr.count("error: ") == 1


DAMAGE = {
    "cut off": lambda data: data[:-5],
    "longer": lambda data: data + b"x",
    "empty": lambda data: b"",
    "cut in the header": lambda data: data[:100],
    "a web page": lambda data: b"<!DOCTYPE html>" * 40,
    "a header of 2^63 bytes": lambda data: struct.pack("<Q", 2**63 - 1) + data[8:],
    "a header of brackets": lambda data: struct.pack("<Q", 700_000) + b"[" * 700_000,
    "a pickle": lambda data: b"\x80\x04\x95" + data[3:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_files_are_code_4(sdgen, painter, damage):
    path = checkpoint(Path("thing.safetensors"))
    path.write_bytes(damage(path.read_bytes()))
    for words in (("a fox", "--model", path), ("models", "info", path)):
        done = sdgen(*words)
        assert (done.exit_code, done.stdout, painter.drawn) == (4, "", [])
        assert "thing.safetensors" in done.stderr
        assert done.stderr.count("error: ") == 1


def test_a_pickle_is_never_opened_and_the_command_that_converts_it_works(sdgen, tmp_path):
    import torch
    from safetensors.torch import load_file

    weights = {"a": torch.arange(4.0), "b": torch.zeros(2, 2)}
    shared = {"c": weights["a"], "step": 7}
    torch.save({"state_dict": weights | shared}, "old mix.ckpt")
    done = sdgen("a fox", "--model", "old mix.ckpt")
    assert done.exit_code == 4
    assert "old mix.ckpt is a zip archive as torch.save writes it" in done.stderr
    hint = " ".join(done.stderr.split("python -c ", 1)[1].split())
    [code, name] = shlex.split(hint.rstrip(")"))[:2]
    subprocess.run([sys.executable, "-c", code, name], check=True)
    assert load_file("old mix.safetensors").keys() == {"a", "b", "c"}


def test_models_are_found_by_name_in_the_folders_that_config_yaml_names(sdgen, painter, tmp_path):
    checkpoint(tmp_path / "models/sub/Dream Shaper v8.safetensors")
    write_mini(tmp_path / "models/folder mix")
    configure(f"steps: 3\nmodel_dirs: [{tmp_path / 'models'}]\n")
    for name in ("Dream Shaper v8", "Dream Shaper v8.safetensors", "folder mix"):
        done = sdgen("a fox", "--model", name, "--size", "64x64", "--overwrite")
        assert done.exit_code == 0, done.stderr
    assert [one.model for one in painter.drawn] == ["Dream Shaper v8"] * 2 + ["folder mix"]
    assert painter.drawn[0].steps == 3, "the rest of config.yaml counts as before"
    done = sdgen("a fox", "--model", "dream shaper v9")
    assert done.exit_code == 4
    assert "did you mean Dream Shaper v8" in done.stderr


def test_the_folders_of_a1111_and_comfyui_are_known(sdgen, painter, tmp_path):
    web, comfy = tmp_path / "webui", tmp_path / "ComfyUI"
    checkpoint(web / "models/Stable-diffusion/sd/one.safetensors")
    checkpoint(comfy / "models/checkpoints/two.safetensors", XL)
    checkpoint(tmp_path / "shared/ckpt/three.safetensors")
    lora = OTHERS["LoRA"][0]
    checkpoint(web / "models/Lora/styles/ink.safetensors", lora)
    checkpoint(tmp_path / "shared/loras2/chalk.safetensors", lora)
    checkpoint(comfy / "models/vae/soft.safetensors", OTHERS["VAE"][0])
    (comfy / "extra_model_paths.yaml").write_text(
        "# of ComfyUI\nmine:\n    base_path: ../shared\n    is_default: true\n"
        "    checkpoints: ckpt\n    loras: |\n        loras1\n        loras2\n"
    )
    configure(f"a1111: {web}\ncomfyui: {comfy}\n")
    for name in ("one", "two", "three"):
        done = sdgen("a fox", "--model", name, "--steps", "1")
        assert done.exit_code == 0, done.stderr
    assert [one.width for one in painter.drawn] == [512, 1024, 512]
    done = sdgen("a fox <lora:chalk:0.5>", "--model", "one", "--lora", "ink:0.3", "--vae", "soft")
    assert done.exit_code == 0, done.stderr
    assert painter.drawn[-1].lora == ("ink:0.3",)
    assert painter.drawn[-1].vae == "soft"
    assert sdgen("a fox", "--model", "one", "--lora", "inc").stderr.count("did you mean ink?") == 1


def test_several_of_one_name_are_told_and_not_guessed(sdgen, tmp_path):
    for place in ("a", "b"):
        checkpoint(tmp_path / "models" / place / "mix.safetensors", mark=ord(place))
        checkpoint(tmp_path / "loras" / place / "ink.safetensors", OTHERS["LoRA"][0])
    (tmp_path / "models/c").mkdir()
    (tmp_path / "models/c/link.safetensors").symlink_to(tmp_path / "models/a/mix.safetensors")
    configure(f"model_dirs: {tmp_path / 'models'}\nlora_dirs: {tmp_path / 'loras'}\n")
    done = sdgen("a fox", "--model", "mix")
    assert done.exit_code == 4
    assert "2 models are called 'mix'" in done.stderr
    assert "models/a/mix.safetensors" in done.stderr
    assert "models/b/mix.safetensors" in done.stderr
    assert sdgen("a fox", "--model", "link").exit_code == 0
    done = sdgen("a fox", "--lora", "ink")
    assert done.exit_code == 4
    assert "2 files are called 'ink'" in done.stderr


FAULTS = {
    "model_dirs: 7\n": "model_dirs (config.yaml, line 1) must be a folder",
    "model_dirs: ['']\n": "must be a folder",
    "steps: 3\na1111: /nowhere/webui\n": "a1111 (config.yaml, line 2) names /nowhere/webui",
    "comfyui: [~nobody-of-that-name/x]\n": "comfyui (config.yaml, line 1): ",
    "model_dirs: [/nowhere]\n": "model_dirs (config.yaml, line 1) names /nowhere",
    "model_dir: /x\n": "unknown setting 'model_dir'",
}


@pytest.mark.parametrize(("text", "told"), FAULTS.items())
def test_wrong_folders_are_told_with_their_line(sdgen, text, told):
    configure(text)
    done = sdgen("a fox", "--model", "mix")
    assert done.exit_code in (2, 4)
    assert told in " ".join(done.stderr.split())


def test_folders_are_no_setting_of_a_named_config(sdgen):
    Path("mine.yaml").write_text("model_dirs: /x\n")
    done = sdgen("a fox", "-c", "mine.yaml")
    assert done.exit_code == 2
    assert "unknown setting 'model_dirs'" in done.stderr


def test_a_loop_of_links_ends(sdgen, tmp_path):
    checkpoint(tmp_path / "models/mix.safetensors")
    (tmp_path / "models/again").symlink_to(tmp_path / "models")
    configure(f"model_dirs: {tmp_path / 'models'}\n")
    assert sdgen("a fox", "--model", "mix").exit_code == 0


def test_models_list_tells_what_lies_in_named_folders(sdgen, tmp_path):
    place = tmp_path / "models"
    checkpoint(place / "my mix.safetensors", XL)
    checkpoint(place / "ink.safetensors", OTHERS["LoRA"][0])
    checkpoint(place / "a/twin.safetensors", SD2)
    checkpoint(place / "b/twin.safetensors", SD2)
    (place / "old.ckpt").write_bytes(b"PK\x03\x04")
    configure(f"model_dirs: {place}\n")
    lines = map(json.loads, sdgen("models", "list", "--json").stdout.splitlines())
    told = {(line["name"], line["ready"]): line for line in lines if "path" in line}
    assert told["my mix", True]["kind"] == "SDXL"
    assert told["ink", False]["fault"] == "ink.safetensors is a LoRA, not a model"
    assert "the name is not the only one" in told["twin", False]["fault"]
    assert "can run code" in told["old", False]["fault"]
    assert "my mix" in sdgen("models", "list").stdout


def test_models_info_tells_family_and_hashes(sdgen, tmp_path):
    path = checkpoint(tmp_path / "v2-512.safetensors", SD2)
    said = json.loads(sdgen("models", "info", path, "--json").stdout)
    assert (said["family"], said["short_hash"]) == ("sd2", short_hash(path))
    assert said["defaults"]["prediction_type"] == "epsilon"
    assert said["defaults"]["width"] == 512
    shown = sdgen("models", "info", path).stdout
    assert "Stable Diffusion 2" in shown
    assert "--prediction-type v_prediction" in shown
    assert (
        sdgen("models", "info", checkpoint(Path("l.safetensors"), OTHERS["LoRA"][0])).exit_code == 0
    )


def test_explain_says_where_the_prediction_comes_from(sdgen):
    checkpoint(Path("v2-768.safetensors"), SD2)
    shown = sdgen("explain", "--model", "v2-768.safetensors").stdout
    [line] = [line for line in shown.splitlines() if line.startswith("prediction_type")]
    assert "v_prediction" in line
    assert "model v2-768" in line


def test_a_record_finds_its_file_by_hash_whatever_it_is_called(sdgen, tmp_path):
    path = checkpoint(Path("mix.safetensors"))
    assert sdgen("a fox", "--seed", "1", "--model", path).exit_code == 0
    picture = Path("outputs/a-fox-1.png")
    place = tmp_path / "elsewhere"
    place.mkdir()
    path.rename(place / "renamed.safetensors")
    models.find_model.cache_clear()
    done = sdgen("reproduce", picture)
    assert done.exit_code == 4
    assert "say where it is: --model FILE" in done.stderr
    configure(f"model_dirs: {place}\n")
    for words in ((), ("--model", place / "renamed.safetensors"), ("--check",)):
        done = sdgen("reproduce", picture, *words)
        assert done.exit_code == 0, done.stderr
    checkpoint(place / "mix.safetensors", mark=1)
    assert sdgen("reproduce", picture).exit_code == 0, "the hash counts more than the name"
    (place / "renamed.safetensors").unlink()
    models.find_model.cache_clear()
    done = sdgen("reproduce", picture)
    assert done.exit_code == 7
    assert "mix.safetensors" in done.stdout + done.stderr


def test_another_programs_picture_finds_it_by_the_short_hash(sdgen, painter, tmp_path):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    path = checkpoint(tmp_path / "models/here.safetensors", mark=3)
    checkpoint(tmp_path / "models/there.safetensors", mark=4)
    configure(f"model_dirs: {tmp_path / 'models'}\n")
    info = PngInfo()
    info.add_text(
        "parameters",
        "a fox\nSteps: 2, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 64x64, "
        f"Model hash: {short_hash(path)}, Model: somebodys-name",
    )
    Image.new("RGB", (64, 64)).save("theirs.png", pnginfo=info)
    done = sdgen("reproduce", "theirs.png", "--output", "again.png")
    assert "here" in done.stdout
    assert painter.drawn[0].model == "here"


def test_a_lock_holds_a_file_still(sdgen):
    path = checkpoint(Path("mix.safetensors"))
    assert sdgen("lock", "--model", path).exit_code == 0
    said = json.loads(Path("sdgen.lock").read_text())
    files = said["models"]["mix"]["files"]
    assert files["mix.safetensors"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sdgen("a fox", "--model", path, "--locked").exit_code == 0
    assert sdgen("lock", "--check").exit_code == 0
    checkpoint(path, mark=1)
    models.find_model.cache_clear()
    done = sdgen("a fox", "--model", path, "--locked")
    assert done.exit_code == 4
    assert "mix.safetensors has other bytes" in done.stderr


def test_two_files_share_a_batch_and_yaml_names_them(sdgen, painter, tmp_path):
    checkpoint(tmp_path / "models/one.safetensors", mark=1)
    checkpoint(tmp_path / "models/two.safetensors", mark=2)
    configure(f"model_dirs: {tmp_path / 'models'}\n")
    Path("jobs.yaml").write_text(
        "defaults: {seed: 1, size: 64x64}\njobs:\n- {prompt: a fox, model: one}\n"
        f"- {{prompt: a fox, model: {tmp_path / 'models/two.safetensors'}}}\n"
    )
    done = sdgen("batch", "jobs.yaml")
    assert done.exit_code == 0, done.stderr
    assert [one.model for one in painter.drawn] == ["one", "two"]


def test_a_name_that_no_record_could_tell_is_refused(sdgen):
    done = sdgen("a fox", "--model", checkpoint(Path(".hidden.safetensors")))
    assert done.exit_code == 4
    assert "is no name for a record" in done.stderr
