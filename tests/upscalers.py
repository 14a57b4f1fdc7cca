"""Upscalers for the tests: random small ones under every name, and a trained one."""

import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from sdgen.engine.esrgan import CompactNet, RRDBNet
from sdgen.models.upscaler_keys import Network

FINE = Path(__file__).parent / "weights" / "fine.safetensors"
"""Trained by scripts/storybook/upscaler.py on storybook's scenes: twice as wide and high."""

OLDEST = (
    (r"conv_first\.", "model.0."),
    (r"body\.(\d)\.rdb(\d)\.conv(\d)\.", r"model.1.sub.\1.RDB\2.conv\3.0."),
)
OLDER = (
    (r"body\.(\d)\.rdb(\d)\.", r"RRDB_trunk.\1.RDB\2."),
    (r"conv_body\.", "trunk_conv."),
    (r"conv_up(\d)\.", r"upconv\1."),
    (r"conv_hr\.", "HRconv."),
)


def tensors(kind: str = "rrdb", scale: int = 2, unshuffle: int = 1, seed: int = 0):
    """Random weights of a small network, by the newest names."""
    torch.manual_seed(seed)
    growth = 4 if kind == "rrdb" else 0
    network = Network(kind, scale, unshuffle, 8, growth, 1, {})
    made = RRDBNet(network) if kind == "rrdb" else CompactNet(network)
    return {name: 2 * tensor for name, tensor in made.state_dict().items()}


def renamed(found: dict[str, Tensor], age: str) -> dict[str, Tensor]:
    """The weights by the names of `oldest`, `older`, or as `ema` within a training's file."""
    ups = sum(name.startswith("conv_up") for name in found) // 2
    places = {"conv_body": f"model.1.sub.{_blocks(found)}", "conv_hr": f"model.{2 + 3 * ups}",
              "conv_last": f"model.{4 + 3 * ups}",
              **{f"conv_up{n + 1}": f"model.{3 + 3 * n}" for n in range(ups)}}  # fmt: skip
    new = {}
    for name, tensor in found.items():
        for pattern, other in {"oldest": OLDEST, "older": OLDER, "ema": ()}[age]:
            if re.match(pattern, name):
                name = re.sub(pattern, other, name)  # noqa: PLW2901
                break
        layer, _, rest = name.rpartition(".")
        if age == "oldest" and layer in places:
            name = f"{places[layer]}.{rest}"  # noqa: PLW2901
        new[f"params_ema.{name}" if age == "ema" else name] = tensor
    return new


def _blocks(found: dict[str, Tensor]) -> int:
    return 1 + max(int(name.split(".")[1]) for name in found if name.startswith("body."))


def write_upscaler(path: Path, **said) -> Path:
    """A file of `tensors(**said)`."""
    save_file(tensors(**said), path)
    return path
