"""Checkpoints: small float16 files that travel, and a full state that continues exactly."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

PART_BYTES = 15_000_000


def save_parts(module: nn.Module, folder: Path, name: str) -> None:
    """Write a module's weights in float16 as NAME-0.safetensors, NAME-1… of at most 15 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    part: dict[str, Tensor] = {}
    size, number = 0, 0
    for key, value in module.state_dict().items():
        if not value.is_floating_point():
            continue  # position ids are made again by the class
        half = value.detach().half().cpu().contiguous()
        if size + half.nbytes > PART_BYTES:
            write_tensors(part, folder / f"{name}-{number}.safetensors")
            part, size, number = {}, 0, number + 1
        part[key] = half
        size += half.nbytes
    write_tensors(part, folder / f"{name}-{number}.safetensors")


def write_tensors(
    tensors: dict[str, Tensor], path: Path, facts: dict[str, str] | None = None
) -> None:
    """Write a safetensors file, whole or not at all, with facts in its header."""
    draft = path.with_suffix(".draft")
    save_file(tensors, draft, facts)
    draft.rename(path)


def has_parts(folder: Path, name: str) -> bool:
    """Whether `save_parts` wrote something there."""
    return (folder / f"{name}-0.safetensors").exists()


def load_parts(module: nn.Module, folder: Path, name: str) -> None:
    """Read back what `save_parts` wrote, in place."""
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob(f"{name}-*.safetensors")):
        tensors |= load_file(path)
    wanted = {key for key, value in module.state_dict().items() if value.is_floating_point()}
    if wanted != tensors.keys():
        raise SystemExit(f"{folder}/{name}-*: not the weights of this network")
    module.load_state_dict(tensors, strict=False)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a full training state, whole or not at all."""
    draft = path.with_suffix(".draft")
    torch.save(state, draft)
    draft.rename(path)


def load_state(path: Path, device: torch.device) -> dict[str, Any] | None:
    """What `save_state` wrote, or None."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def note(path: Path, **facts: object) -> None:
    """Write facts as JSON, whole or not at all; their presence is a signal to other legs."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    draft.rename(path)
