from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files import configs
from sdgen.files.configs import (
    find_config,
    list_configs,
    load_config,
    shipped_folder,
    user_defaults,
    user_folder,
)
from sdgen.models.catalogue import CATALOGUE
from sdgen.models.few_steps import MOST_GUIDANCE
from sdgen.recipe.layers import Layer, resolve
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import check_size

SHIPPED = {
    *("default", "fast", "quality", "portrait", "landscape", "square"),
    *("art", "game", "poster", "pattern", "panorama"),
}
FEW_STEPS = {"turbo", "lcm", "lightning", "hyper-sd", "sd-turbo"}
"""For distilled models: they set scheduler, steps, guidance and LoRA together."""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """An empty folder for a person's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    folder = tmp_path / "xdg" / "sdgen" / "configs"
    folder.mkdir(parents=True)
    return folder


def test_every_promised_config_is_shipped():
    assert {config.name for config in list_configs()} >= SHIPPED | FEW_STEPS


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped_folder().iterdir()))
def test_shipped_config_resolves_and_says_what_it_is_for(name):
    layer = load_config(name)
    resolved = resolve([Layer("defaults", {"prompt": "a red fox", "seed": 1}), layer])
    assert {"scheduler", "steps", "guidance_scale"} <= set(layer.values)
    assert layer.values.keys() <= Settings.model_fields.keys() - {"prompt", "model"}
    assert resolved.sources["steps"].startswith(f"{name}.yaml, line ")
    [config] = [config for config in list_configs() if config.name == name]
    assert config.purpose
    assert not config.fault


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_config_fits_the_built_in_model(name):
    storybook = CATALOGUE["storybook"]
    own = Layer("model", {"prompt": "a red fox", "seed": 1, **storybook.defaults})
    settings = resolve([own, load_config(name)]).settings
    check_size((settings.width, settings.height), storybook.sizes, model="storybook")
    assert 3 <= settings.guidance_scale <= 6


@pytest.mark.parametrize("name", sorted(FEW_STEPS))
def test_configs_for_few_steps_set_all_that_belongs_together(name):
    said = load_config(name).values
    assert said["steps"] <= 8
    assert 1 <= said["guidance_scale"] <= MOST_GUIDANCE
    assert "lora" in said or name == "sd-turbo"


def test_shipped_configs_name_schedulers_as_sdgen_writes_them():
    for name in SHIPPED | FEW_STEPS:
        layer = load_config(name)
        resolved = resolve([Layer("flags", {"prompt": "a red fox", "seed": 1}), layer])
        assert resolved.settings.scheduler == layer.values["scheduler"]


def test_the_default_config_does_not_fix_the_seed():
    assert "seed" not in load_config("default").values


def test_zero_and_empty_text_are_values(own):
    (own / "bare.yaml").write_text("guidance_scale: 0\nnegative_prompt: ''\n")
    assert load_config("bare").values == {"guidance_scale": 0, "negative_prompt": ""}


def test_own_config_stands_before_the_shipped_one(own):
    (own / "fast.yaml").write_text("for: me\nsteps: 3\n")
    assert find_config("fast") == own / "fast.yaml"
    assert load_config("fast").values == {"steps": 3}


@pytest.mark.parametrize("written", ["./mine.yaml", "mine.yaml", "MINE.YML"])
def test_slash_or_ending_means_a_file(own, tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    Path(written).write_text("\ncfg_scale: 4.5\nsize: 256x384\n")
    layer = load_config(written)
    assert layer.values == {"guidance_scale": 4.5, "width": 256, "height": 384}
    assert layer.place("guidance_scale") == f"{written}, line 2"
    assert layer.place("height") == f"{written}, line 3"


def test_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="there is no config 'potrait'") as raised:
        load_config("potrait")
    assert raised.value.hint.startswith("did you mean portrait")


def test_name_like_no_other_gets_the_list():
    with pytest.raises(InputError) as raised:
        find_config("xyzzy")
    assert "configs list" in raised.value.hint


@pytest.mark.parametrize("name", ["", "..", "nul\0", "x" * 300])
def test_odd_names_are_unknown(name):
    with pytest.raises(InputError, match="there is no config"):
        find_config(name)


@pytest.mark.parametrize("path", ["/no/such.yaml", "../x", "folder/", "nul\0.yaml"])
def test_path_that_cannot_be_read_is_an_input_error(path):
    with pytest.raises(InputError, match="cannot be read"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("steps: 20\nstpes: 30", "bad.yaml, line 2: unknown setting 'stpes'", "did you mean steps"),
        ("steps: 20\ncfg: 1\nguidance: 2", "bad.yaml, line 3: guidance_scale is given twice", ""),
        ("size: 12", "bad.yaml, line 1: size must be WIDTHxHEIGHT, not '12'", "512"),
        ("- steps: 20", "is not a mapping of settings", "steps: 20"),
        ("steps: 20\nfor: [me]", "line 2: for must be text", ""),
        ("steps: *x", "aliases", ""),
    ],
)
def test_bad_config_names_the_line(own, text, message, hint):
    (own / "bad.yaml").write_text(text)
    with pytest.raises(InputError) as raised:
        load_config("bad")
    assert message in str(raised.value)
    assert hint in raised.value.hint


def test_value_out_of_bounds_names_the_line(own):
    (own / "bad.yaml").write_text("for: x\nsteps: 0\n")
    with pytest.raises(InputError, match=r"steps \(bad.yaml, line 2\) must be at least 1"):
        resolve([Layer("flags", {"prompt": "a red fox", "seed": 1}), load_config("bad")])


def test_broken_own_config_does_not_break_the_list(own):
    (own / "bad.yaml").write_text("stpes: 20")
    (own / "notes.txt").write_text("not a config")
    listed = {config.name: config for config in list_configs()}
    assert "unknown setting" in listed["bad"].fault
    assert listed["fast"].purpose
    assert "notes" not in listed


def test_empty_config_says_nothing(own):
    (own / "empty.yaml").write_text("")
    assert load_config("empty").values == {}


def test_user_defaults_are_a_layer_when_there(own):
    assert user_defaults() is None
    path = own.parent / "config.yaml"
    path.write_text("model: storybook\nsteps: 12\n")
    layer = user_defaults()
    assert layer.values == {"model": "storybook", "steps": 12}
    assert layer.place("steps") == f"{path}, line 2"


def test_relative_xdg_folder_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    monkeypatch.setenv("HOME", "/home/fox")
    assert user_folder() == Path("/home/fox/.config/sdgen")


def test_without_a_home_there_are_only_shipped_configs(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(configs.Path, "home", _homeless)
    assert user_folder() is None
    assert user_defaults() is None
    assert {config.name for config in list_configs()} == SHIPPED | FEW_STEPS


def _homeless():
    raise RuntimeError("Could not determine home directory.")
