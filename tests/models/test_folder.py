import json
import pickle
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from sdgen.errors import ModelError
from sdgen.models.folder import check_folder
from sdgen.models.local import find_model
from tests.models.conftest import INDEX, safetensors

UNET = "unet/diffusion_pytorch_model.safetensors"


def test_a_sound_folder_lists_every_file_that_decides_pixels(folder: Path):
    checked = check_folder(folder)
    assert checked.pipeline == "StableDiffusionPipeline"
    assert checked.variant is None
    on_disk = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert set(checked.files) == on_disk


@pytest.mark.parametrize(
    "file",
    [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "unet/config.json",
        UNET,
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ],
)
def test_each_missing_file_is_named(folder: Path, file: str):
    (folder / file).unlink()
    with pytest.raises(ModelError) as caught:
        check_folder(folder)
    named = "tokenizer/vocab.json" if file.startswith("tokenizer") else file
    assert named in str(caught.value)
    assert str(folder.parent) not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda good: b"", "cut off"),
        (lambda good: good[:7], "cut off"),
        (lambda good: good[:-1], "does not fit"),
        (lambda good: good + b"\0", "does not fit"),
        (lambda good: struct.pack("<Q", 2**63) + good[8:], "cut off"),
        (lambda good: struct.pack("<Q", 3) + b"[1]", "broken"),
        (lambda good: struct.pack("<Q", 3) + b"{a}", "broken"),
        (lambda good: b"<html>not found</html>" * 9, "cut off"),
        (lambda good: pickle.dumps({"a": 1}), "is a pickle, which can run code"),
        (lambda good: good.replace(b"[0, 16]", b"[0,-16]"), "offsets"),
        (lambda good: good.replace(b'"data_offsets"', b'"data_0ffsets"'), "not a table"),
    ],
)
def test_damaged_weights_are_named_with_the_reason(folder: Path, damage, reason: str):
    (folder / UNET).write_bytes(damage(safetensors()))
    with pytest.raises(ModelError, match=reason) as caught:
        check_folder(folder)
    assert UNET in str(caught.value)


def test_a_header_of_nested_brackets_is_an_error_not_a_crash(folder: Path):
    header = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (folder / UNET).write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelError, match="broken"):
        check_folder(folder)


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


def test_pickled_weights_are_refused_and_not_run(folder: Path, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / UNET).unlink()
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelError, match="pickle") as caught:
        check_folder(folder)
    assert "convert" in caught.value.hint
    assert not Path("exploded").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"_class_name": "FluxPipeline"}, "FluxPipeline"),
        ({"_class_name": None}, "None"),
        ({"unet": ["evil_module", "UNet"]}, "evil_module"),
        ({"../elsewhere": ["diffusers", "UNet2DConditionModel"]}, "no name of a part"),
        ({"/etc": ["diffusers", "UNet2DConditionModel"]}, "no name of a part"),
        ({"unet": ["diffusers", "AutoModel"]}, "class AutoModel, which sdgen does not load"),
        ({"text_encoder": ["transformers", "AutoModel"]}, "class AutoModel"),
        ({"text_encoder": ["transformers", "pipeline"]}, "class pipeline"),
        ({"scheduler": ["diffusers", "DiffusionPipeline"]}, "class DiffusionPipeline"),
    ],
)
def test_other_pipelines_and_foreign_code_are_refused(folder: Path, change: dict, reason: str):
    (folder / "model_index.json").write_text(json.dumps({**INDEX, **change}))
    with pytest.raises(ModelError, match=reason):
        check_folder(folder)


PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
HALF_NAMED = ([None, "CLIPTextModel"], ["diffusers", None], ["diffusers"], ["a", "b", "c"],
              "diffusers", {}, [1, 2], [])  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_named_by_halves_is_refused(folder: Path, part: str):
    """Passed over here, the libraries might load it all the same, without a check or a hash."""
    for value in HALF_NAMED:
        (folder / "model_index.json").write_text(json.dumps({**INDEX, part: value}))
        with pytest.raises(ModelError, match=f"model_index.json does not say .* {part}"):
            check_folder(folder)


@pytest.mark.parametrize("part", [*PARTS, "text_encoder_2", "tokenizer_2"])
def test_a_part_without_which_nothing_is_drawn_is_missed(folder: Path, part: str):
    kind = "StableDiffusionPipeline" if part in PARTS else "StableDiffusionXLPipeline"
    seconds = {"text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
               "tokenizer_2": ["transformers", "CLIPTokenizer"]}  # fmt: skip
    index = {**INDEX, **seconds, "_class_name": kind}
    for lacks in ({**index, part: [None, None]}, {n: v for n, v in index.items() if n != part}):
        (folder / "model_index.json").write_text(json.dumps(lacks))
        with pytest.raises(ModelError, match=f"{kind} needs a {part}"):
            check_folder(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", '{"a": ' * 5000])
def test_a_broken_index_is_one_line(folder: Path, text: str):
    (folder / "model_index.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"model_index\.json") as caught:
        check_folder(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "asked",
    [
        {"auto_map": {"AutoModel": "code.Model"}},
        {"attn_implementation": "somebody/kernels"},
        {"_attn_implementation": {"": "somebody/kernels:run"}},
        {"_experts_implementation": "somebody/kernels"},
    ],
)
@pytest.mark.parametrize("file", ["text_encoder/config.json", "unet/config.json"])
def test_a_configuration_that_names_code_is_refused(folder: Path, file: str, asked: dict):
    (folder / file).write_text(json.dumps(asked))
    with pytest.raises(ModelError, match="asks for code that sdgen does not run"):
        check_folder(folder)


def test_a_tokenizer_that_names_code_is_refused(folder: Path):
    (folder / "tokenizer/tokenizer_config.json").write_text('{"auto_map": ["code.Tokens", null]}')
    with pytest.raises(ModelError, match="configuration of tokenizer asks for code"):
        check_folder(folder)


ODD = (
    None,
    True,
    -1,
    10**30,
    "x",
    "",
    [],
    {},
    [[]],
    [None, "x"],
    ["diffusers", []],
    {"a": {}},
    "/",
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_in_any_json_are_a_model_or_an_error(folder: Path, odd: object):
    (folder / f"{UNET}.index.json").write_text('{"weight_map": {"a": "b"}}')
    (folder / UNET).unlink()
    for file in sorted(folder.rglob("*.json")):
        text = file.read_text()
        for key in (*json.loads(text), "sample_size", "block_out_channels", "_class_name", "new"):
            file.write_text(json.dumps({**json.loads(text), key: odd}))
            with suppress(ModelError):
                find_model.__wrapped__(str(folder))
        file.write_text(text)


def test_half_precision_files_alone_are_the_variant(folder: Path):
    for name in (
        "text_encoder/model",
        "unet/diffusion_pytorch_model",
        "vae/diffusion_pytorch_model",
    ):
        (folder / f"{name}.safetensors").rename(folder / f"{name}.fp16.safetensors")
    assert check_folder(folder).variant == "fp16"


def test_one_variant_is_chosen_for_all_parts(folder: Path):
    for path in list(folder.rglob("*.safetensors")):
        path.with_suffix(".fp16.safetensors").write_bytes(path.read_bytes())
    assert check_folder(folder).variant is None
    (folder / UNET).unlink()
    assert check_folder(folder).variant == "fp16"
    (folder / "vae/diffusion_pytorch_model.fp16.safetensors").unlink()
    with pytest.raises(ModelError, match="unet in fp16 only") as caught:
        check_folder(folder)
    assert "one variant" in caught.value.hint


@pytest.mark.parametrize("saved_as", ["CLIPImageProcessor", "CLIPImageProcessorPil"])
def test_a_feature_extractor_is_known_by_its_place(folder: Path, saved_as: str):
    parts = {"feature_extractor": ["transformers", saved_as]}
    (folder / "model_index.json").write_text(json.dumps({**INDEX, **parts}))
    with pytest.raises(ModelError, match="lacks feature_extractor"):
        check_folder(folder)
    (folder / "feature_extractor").mkdir()
    (folder / "feature_extractor/preprocessor_config.json").write_text("{}")
    assert "feature_extractor/preprocessor_config.json" in check_folder(folder).files


def test_shards_are_followed_but_not_out_of_the_folder(folder: Path):
    (folder / UNET).unlink()
    index = folder / f"{UNET}.index.json"
    (folder / "unet/part-1.safetensors").write_bytes(safetensors())
    index.write_text(json.dumps({"weight_map": {"a": "part-1.safetensors"}}))
    assert "unet/part-1.safetensors" in check_folder(folder).files
    index.write_text(json.dumps({"weight_map": {"a": "../../x.safetensors"}}))
    with pytest.raises(ModelError, match="outside"):
        check_folder(folder)
