"""What a family cannot do is refused before anything is loaded, with setting and model by name."""

import shutil
from pathlib import Path

import pytest

from sdgen.errors import InputError, ModelError
from sdgen.models import find_model
from sdgen.models.capabilities import ASKED
from sdgen.models.families import ABILITIES, FAMILIES, REFUSED
from sdgen.models.resolve import plan
from sdgen.recipe.layers import layer_from
from tests import tiny_families

FLOW = ("sd3", "flux", "schnell", "z-image")
PICTURE = str(Path(__file__).parents[2] / "docs" / "first-picture.png")
FILES = {"embedding", "controlnet", "ip_adapter"}
"""Settings that name files, which are not there: what is refused is refused before."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("capabilities")
    return {name: build(home / name) for name, build in tiny_families.FAMILIES.items()}


def planned(folder: Path, **said):
    return plan([layer_from("test", {"prompt": "a fox", "seed": 1, "model": str(folder), **said})])


REFUSALS = [
    (("flux", "schnell"), {"negative_prompt": "fog"}, "negative_prompt"),
    (FLOW, {"prompt": "a (red:1.3) fox"}, r"\(red:1.3\) in prompt"),
    (FLOW, {"prompt": "a fox BREAK snow"}, "BREAK in prompt"),
    (("flux", "schnell", "z-image"), {"clip_skip": 2}, "clip_skip 2"),
    (FLOW, {"embedding": "cat.safetensors"}, "embedding"),
    (FLOW, {"controlnet": "canny.safetensors", "control_image": PICTURE}, "controlnet"),
    (FLOW, {"ip_adapter": "plus.safetensors", "ip_adapter_image": PICTURE}, "ip_adapter"),
    (FLOW, {"guidance_rescale": 0.7}, "guidance_rescale"),
    (FLOW, {"tiling": "xy"}, "tiling xy"),
    (FLOW, {"freeu": "1.1,1.2,0.9,0.2"}, "freeu"),
    (FLOW, {"approximate": "deepcache=2"}, "approximate deepcache"),
    (("flux", "schnell"), {"approximate": "guidance-until=0.5"}, "approximate guidance-until"),
    (("schnell",), {"guidance_scale": 5.0}, "guidance_scale 5"),
    (FLOW, {"scheduler": "dpmpp_2m"}, "scheduler dpmpp_2m"),
    (FLOW, {"scheduler": "ddim"}, "scheduler ddim"),
    (("sd1", "sd2", "sdxl"), {"scheduler": "flow_euler"}, "scheduler flow_euler"),
]


@pytest.mark.parametrize(("names", "said", "told"), REFUSALS)
def test_what_a_family_cannot_do_is_refused(folders, names, said, told: str):
    for name in names:
        with pytest.raises(InputError, match=rf"^{name}\b.* cannot do {told}"):
            planned(folders[name], **said)


def test_what_is_refused_for_one_is_drawn_by_another(folders):
    """Every refusal above is of a family, and none of the setting."""
    for names, said, _ in REFUSALS:
        others = [name for name in folders if name not in names]
        if FILES & said.keys():
            continue  # they are not there
        for name in others[:1]:
            assert planned(folders[name], **said).model.name == name


def test_every_ability_has_a_refusal_or_a_command(folders):
    """But for two that are no settings: word maps and fused kernels."""
    assert set(ABILITIES) - set(ASKED) == {"word maps", "fused"}
    drawn = [said for _, said, _ in REFUSALS[:-1] if not FILES & said.keys()]
    settings = [planned(folders["sd1"], **said).settings for said in drawn]
    for name, asked in ASKED.items():
        assert any(map(asked, settings)) or name in FILES


def test_the_hint_lists_the_schedulers_that_fit(folders):
    with pytest.raises(InputError) as refused:
        planned(folders["flux"], scheduler="euler_a")
    assert refused.value.hint == "flow_euler, flow_heun, flow_dpmpp_2m, flow_unipc"


def test_brackets_are_words_in_plain_prompts(folders):
    settings = planned(folders["flux"], prompt="a (red:1.3) fox", prompt_syntax="plain").settings
    assert settings.prompt == "a (red:1.3) fox"


@pytest.mark.parametrize("name", tiny_families.FAMILIES)
def test_a_family_is_known_by_its_folder(folders, name: str):
    model = find_model(str(folders[name]))
    assert model.family.name == {"schnell": "flux"}.get(name, name)
    guidance = {"flux": "input", "schnell": "none"}.get(name, "free")
    assert model.guidance == guidance
    assert (model.defaults["width"], model.defaults["height"]) == (64, 64)
    assert model.sizes.multiple == (16 if model.family.flow else 8)


def test_sizes_beyond_the_places_of_the_network_are_refused(folders):
    with pytest.raises(InputError, match="sd3 draws at most 256 pixels a side, not 272x64"):
        planned(folders["sd3"], width=272, height=64)


@pytest.mark.parametrize("pipeline", [*REFUSED, "WanPipeline"])
def test_other_pipelines_are_refused_by_name(folders, tmp_path: Path, pipeline: str):
    folder = shutil.copytree(folders["sd1"], tmp_path / "other")
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", pipeline))
    with pytest.raises(ModelError) as refused:
        find_model(str(folder))
    assert refused.value.exit_code == 4
    told = str(refused.value)
    assert told.startswith("other is " if pipeline in REFUSED else "other holds a ")
    assert pipeline in REFUSED or all(family.title in told for family in FAMILIES.values())


def test_a_part_of_another_class_is_refused(folders, tmp_path: Path):
    folder = shutil.copytree(folders["flux"], tmp_path / "odd")
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("FluxTransformer2DModel", "SD3Transformer2DModel"))
    with pytest.raises(ModelError, match="transformer has the class SD3Transformer2DModel"):
        find_model(str(folder))


def test_t5_cannot_be_read_without_its_tokenizer(folders, tmp_path: Path):
    folder = shutil.copytree(folders["flux"], tmp_path / "mute")
    (folder / "tokenizer_2" / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"mute lacks tokenizer_2/tokenizer\.json"):
        find_model(str(folder))


def test_our_own_kernels_are_refused_for_transformers(folders):
    from dataclasses import replace

    from sdgen.engine.generator import DiffusersGenerator
    from sdgen.engine.ladder import Way, Ways

    generator = DiffusersGenerator("cpu")
    generator._ways = Ways(is_cuda=False, first=replace(Way(), kernels="fused"))
    with pytest.raises(InputError, match=r"flux, a FLUX\.1 model, cannot do --kernels fused"):
        generator.load(find_model(str(folders["flux"])), "float32")
