"""A diffusers folder made by hand: every file a check looks at, weights of sixteen bytes."""

import json
import struct
from pathlib import Path

import pytest

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def safetensors(values: bytes = b"\0" * 16) -> bytes:
    """A whole safetensors file with one float32 tensor."""
    tensor = {"dtype": "F32", "shape": [len(values) // 4], "data_offsets": [0, len(values)]}
    header = json.dumps({"a": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + values


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that passes every check."""
    return write_mini(tmp_path / "mini")


def write_mini(root: Path) -> Path:
    """Write such a folder."""
    files = {
        "model_index.json": INDEX,
        "scheduler/scheduler_config.json": {"_class_name": "EulerDiscreteScheduler"},
        "text_encoder/config.json": {},
        "tokenizer/vocab.json": {},
        "unet/config.json": {"sample_size": 64},
        "vae/config.json": {"block_out_channels": [1, 1, 1, 1]},
    }
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(value))
    (root / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    (root / "text_encoder/model.safetensors").write_bytes(safetensors())
    for part in ("unet", "vae"):
        (root / part / "diffusion_pytorch_model.safetensors").write_bytes(safetensors())
    return root
