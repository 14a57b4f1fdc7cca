"""ControlNets and IP-Adapters through the commands: drawn, recorded, drawn again, refused."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sdgen.cli import app
from sdgen.files.images import read_record_of
from sdgen.sources import store
from tests.cli.conftest import Outcome
from tests.guides import write_controlnet, write_encoder, write_ip_adapter

AT_WORK = ("--steps", 2, "--seed", 7, "--dtype", "float32")


@pytest.fixture(scope="module")
def nets(tiny_sd, tmp_path_factory) -> Path:
    """A folder with a ControlNet, an IP-Adapter and its encoder."""
    folder = tmp_path_factory.mktemp("nets")
    write_controlnet(tiny_sd, folder / "edges.safetensors")
    write_ip_adapter(tiny_sd, folder / "look.safetensors")
    write_encoder(folder / "image_encoder")
    return folder


@pytest.fixture
def real(tiny_sd, capsys):
    """Run the app with the real generator and a toy model, as in a new process."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        store._found.clear()
        given = [str(word) for word in words]
        model = [] if given[0] in ("show", "models") else ["--model", str(tiny_sd)]
        code = app.run([*given, *model])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def cat() -> Path:
    Image.effect_noise((96, 64), 90).convert("RGB").save("cat.png")
    return Path("cat.png")


@pytest.fixture
def both(nets, cat) -> list[object]:
    """Flags for a ControlNet and an IP-Adapter on the cat."""
    return [
        "--controlnet", f"{nets}/edges.safetensors:0.8:0:0.5", "--control-image", cat,
        "--control-prepare", "canny:50:150", "--ip-adapter", f"{nets}/look.safetensors:0.6",
        "--ip-adapter-image", cat,
    ]  # fmt: skip


@pytest.fixture
def fox(real, both) -> Path:
    done = real("a red fox", *AT_WORK, *both, "-o", "fox.png")
    assert done.exit_code == 0, done.stderr
    return Path("fox.png")


def test_a_picture_tells_what_steered_it_and_no_path(real, fox, nets):
    record = read_record_of(fox)
    assert record.settings.controlnet == ("edges:0.8:0:0.5",)
    assert record.settings.control_prepare == ("canny:50:150",)
    assert record.settings.ip_adapter == ("look:0.6",)
    assert [(one.kind, one.name) for one in record.added] == [
        ("controlnet", "edges"), ("ip_adapter", "look"), ("image_encoder", "image_encoder"),
    ]  # fmt: skip
    assert [one.role for one in record.sources] == ["control_image", "ip_adapter_image"]
    assert str(nets) not in fox.with_suffix(".json").read_text()
    told = " ".join(real("show", fox).stdout.split())
    assert "drawn from control_image cat.png, 96x64" in told
    assert f"ip_adapter look {record.added[1].modules} layers, sha256" in told
    assert "control_image cat.png " in told
    with Image.open(fox) as opened:
        parameters = opened.text["parameters"]
    assert 'ControlNet 0: "Module: canny, Model: edges, Weight: 0.8' in parameters


def test_without_a_size_it_has_the_shape_of_the_picture_that_steers_it(fox):
    """96x64 has more pixels than the 64x64 that the model usually draws."""
    settings = read_record_of(fox).settings
    assert (settings.width, settings.height) == (80, 64), "no side is below 64"


def test_it_is_drawn_again_where_its_parts_are_found(real, fox, nets):
    done = real("reproduce", fox, "--lora-dir", nets)
    assert (done.exit_code, done.stdout) == (0, f"identical: {fox}: every pixel is the same\n")


@pytest.mark.parametrize(
    ("gone", "code", "line"),
    [
        ("edges.safetensors", 4, "error: no ControlNet 'edges' here"),
        ("look.safetensors", 4, "error: no IP-Adapter 'look' here"),
        ("image_encoder", 4, "error: no image encoder 'image_encoder' here"),
        ("cat.png", 2, "error: the control_image cat.png that it was drawn from is not here"),
    ],
)
def test_what_is_missing_is_named(real, fox, nets, gone, code, line):
    shutil.copytree(nets, "here")
    if gone == "cat.png":
        Path(gone).unlink()
    else:
        place = Path("here") / gone
        place.unlink() if place.is_file() else shutil.rmtree(place)
    done = real("reproduce", fox, "--lora-dir", "here")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (code, line)


def test_another_network_of_that_name_is_noticed_before_drawing(real, fox, nets, tiny_sd):
    shutil.copytree(nets, "here")
    write_controlnet(tiny_sd, Path("here/edges.safetensors"), seed=1)
    done = real("reproduce", fox, "--lora-dir", "here")
    assert done.exit_code == 7
    assert "the model has other files than it had: controlnet edges" in done.stdout
    assert "--lora-dir FOLDER" in done.stdout


def test_the_picture_may_lie_elsewhere(real, fox, nets, cat):
    Path("moved").mkdir()
    shutil.move(cat, "moved/a.png")
    said = ("--control-image", "moved/a.png", "--ip-adapter-image", "moved/a.png")
    assert real("reproduce", fox, "--lora-dir", nets, *said).exit_code == 0
    Image.new("RGB", (9, 9)).save("other.png")
    store._found.clear()
    done = real("reproduce", fox, "--lora-dir", nets, "--control-image", "other.png")
    assert done.exit_code == 2
    assert "other.png is not the control_image cat.png that it was drawn from" in done.stderr


def test_a_variation_and_a_lock_know_them(real, fox, nets):
    done = real("reproduce", fox, "--lora-dir", nets, "--steps", 3, "-o", "more.png")
    assert done.exit_code == 0, done.stderr
    assert read_record_of(Path("more.png")).settings.controlnet == ("edges:0.8:0:0.5",)
    plain = real("reproduce", fox, "--lora-dir", nets, "--controlnet", "", "-o", "without.png")
    assert plain.exit_code == 0, plain.stderr
    assert read_record_of(Path("without.png")).settings.control_image == ()


def test_yaml_and_batches_say_them_too(real, nets, cat):
    Path("set").mkdir()
    shutil.move(cat, "set/cat.png")
    Path("set/guided.yaml").write_text(
        f"controlnet: ['{nets}/edges.safetensors:0.5']\ncontrol_image: cat.png\nsteps: 2\n"
        "size: 64x64\nseed: 7\n"
    )
    done = real("a red fox", "--config", "set/guided.yaml", "-o", "by-yaml.png")
    assert done.exit_code == 0, done.stderr
    rows = [
        {"prompt": "a red fox", "seed": 7, "controlnet": [f"{nets}/edges.safetensors:0.5"],
         "control_image": ["cat.png"]},
        {"prompt": "a red fox", "seed": 7, "ip_adapter": f"{nets}/look.safetensors",
         "ip_adapter_image": "cat.png"},
    ]  # fmt: skip
    Path("set/jobs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = real("batch", "set/jobs.jsonl", "--steps", 2, "--size", "64x64", "-o", "book")
    assert done.exit_code == 0, done.stderr
    drawn = {read_record_of(path).image.sha256 for path in Path("book").glob("*.png")}
    assert len(drawn) == 2
    assert read_record_of(Path("by-yaml.png")).image.sha256 in drawn


def test_a_larger_one_is_drawn_over_without_them_or_with_others(real, fox, nets, both):
    done = real("upscale", fox, "--method", "redraw", "--steps", 3, "-o", "large.png")
    assert done.exit_code == 0, done.stderr
    assert read_record_of(Path("large.png")).settings.controlnet == ()
    done = real("upscale", fox, "--method", "redraw", "--steps", 3, *both, "-o", "again.png")
    assert done.exit_code == 0, done.stderr
    large, again = (read_record_of(Path(name)) for name in ("large.png", "again.png"))
    assert again.settings.controlnet == ("edges:0.8:0:0.5",)
    assert large.image.sha256 != again.image.sha256


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--controlnet", "{}/edges.safetensors"), 2,
         "controlnet (flags) needs a control_image"),
        (("--control-image", "cat.png"), 2,
         "control_image (flags) does nothing without controlnet"),
        (("--controlnet", "{}/edges.safetensors", "--control-image", "gone.png"), 2,
         "control_image (flags) gone.png: there is no such file"),
        (("--controlnet", "{}/nothing", "--control-image", "cat.png"), 4, "no ControlNet "),
        (("--controlnet", "{}/look.safetensors", "--control-image", "cat.png"), 4,
         "look.safetensors is an IP-Adapter (--ip-adapter), which --controlnet does not draw with"),
        (("--controlnet", "{}/edges.safetensors:9:1", "--control-image", "cat.png"), 2,
         "controlnet (flags) needs NAME:SCALE, or NAME:SCALE:START:END"),
        (("--ip-adapter", "{}/edges.safetensors", "--ip-adapter-image", "cat.png"), 4,
         "edges.safetensors is no IP-Adapter"),
        (("--ip-adapter", "{}/look.safetensors", "--ip-adapter-image", "cat.png",
          "--image-encoder", "nowhere"), 4, "no image encoder 'nowhere' here"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_line(real, nets, cat, flags, code, line):
    done = real("a red fox", *AT_WORK, *(flag.format(nets) for flag in flags))
    assert done.exit_code == code
    assert line in done.stderr
    assert len([one for one in done.stderr.splitlines() if one.startswith("error")]) == 1
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    ("name", "what"),
    [("edges.safetensors", "a ControlNet: --controlnet"),
     ("look.safetensors", "an IP-Adapter: --ip-adapter"),
     ("image_encoder/model.safetensors", "an image encoder: --image-encoder FOLDER")],
)  # fmt: skip
def test_a_file_says_what_it_is(real, nets, name, what):
    done = real("models", "info", nets / name)
    assert what in done.stdout
