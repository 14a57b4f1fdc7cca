"""Which device draws, and in which number format."""

from importlib.util import find_spec
from typing import get_args

import torch

from sdgen.engine import Kernels, Offloading
from sdgen.errors import InputError

DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def choose_device(wanted: str) -> torch.device:
    """The device for `wanted`: auto takes CUDA where there is one, and the CPU where not.

    Raises:
        InputError: Unknown, or not here. Only auto falls back; what was asked for by name is meant.
    """
    if wanted == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    kind, _, number = wanted.partition(":")
    if kind == "cpu" and not number:
        return torch.device("cpu")
    if kind != "cuda" or not ((number.isascii() and number.isdigit()) or wanted == "cuda"):
        raise InputError(f"unknown device {wanted!r}", hint="auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= count:
        here = f"there are {count} here, counted from 0" if count else "there is none here"
        raise InputError(f"no device {wanted}: {here}", hint="--device auto, or --device cpu")
    return torch.device("cuda", int(number or 0))


def describe(device: torch.device) -> str:
    """The device for people: `cpu (2 threads)`, `cuda:0 (NVIDIA H200)`."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)"


def choose_dtype(wanted: str, device: torch.device) -> str:
    """The number format for `wanted` on `device`, by name.

    Raises:
        InputError: The device cannot do it well.
    """
    if wanted == "auto":
        return usual_dtype(device)
    if device.type == "cpu" and wanted == "float16":
        raise InputError(
            "float16 does not work on the CPU",
            hint=f"--dtype auto, which is {usual_dtype(device)} here",
        )
    if wanted == "bfloat16" and not _has_bfloat16(device):
        raise InputError(
            f"this {device.type} has no bfloat16 arithmetic of its own",
            hint="emulated it would be many times slower; use --dtype float32",
        )
    return wanted


def usual_dtype(device: torch.device) -> str:
    """What `device` computes fastest with a sound picture, by name: the meaning of auto.

    float16 on CUDA; on the CPU bfloat16 where that has instructions of its own (AVX-512 BF16, AMX),
    else float32. float16 is emulated there, five to a hundred times slower, and so is bfloat16
    without the instructions.
    """
    if device.type == "cuda":
        return "float16"
    return "bfloat16" if _has_bfloat16(device) else "float32"


def usual_layout(dtype: str, device: torch.device) -> str:
    """How the weights of convolutions lie in memory: contiguous or channels_last.

    channels_last is what the CPU's bfloat16 kernels want: measured on storybook and Stable
    Diffusion 1.5's shape they are a tenth faster so, and need no copies between the layers. In
    float32 it gains less than that and would move the pixels away from plain diffusers'.
    """
    return "channels_last" if (device.type, dtype) == ("cpu", "bfloat16") else "contiguous"


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def can_fuse() -> bool:
    """Whether our own kernels can be compiled here; torch brings triton along for CUDA on Linux."""
    return find_spec("triton") is not None


def choose_kernels(wanted: str, device: torch.device) -> Kernels:
    """The kernels `wanted`, if `device` can compute with them.

    Raises:
        InputError: Unknown, or not here.
    """
    names: dict[str, Kernels] = {name: name for name in get_args(Kernels)}
    if wanted not in names:
        raise InputError(f"unknown kernels {wanted!r}", hint=" or ".join(names))
    if wanted == "fused" and device.type != "cuda":
        raise InputError(
            f"there are no fused kernels for the {device.type}", hint="leave --kernels"
        )
    if wanted == "fused" and not can_fuse():
        raise InputError(
            "fused kernels need triton, which is not installed", hint="pip install triton"
        )
    return names[wanted]


def choose_offload(wanted: str, device: torch.device, kernels: Kernels) -> Offloading | None:
    """What shall wait in main memory; None for auto, which is to be found out.

    Raises:
        InputError: Unknown, or not with this device and these kernels.
    """
    names: dict[str, Offloading] = {name: name for name in get_args(Offloading)}
    if wanted == "auto":
        return None
    if wanted not in names:
        raise InputError(f"unknown offload {wanted!r}", hint=f"auto, {', '.join(names)}")
    if wanted != "none" and device.type == "cpu":
        raise InputError(
            "the CPU computes in main memory: there is nothing to offload", hint="leave --offload"
        )
    if wanted != "none" and kernels == "fused":
        raise InputError(
            "fused kernels need the whole model on the GPU", hint="leave --kernels or --offload"
        )
    return names[wanted]
