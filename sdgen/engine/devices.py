"""Which device draws, and in which number format."""

import torch

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

    auto is float16 on CUDA and float32 on the CPU: there float16 is emulated, five to a hundred
    times slower, and float32 gives the pixels that a plain diffusers script gives.

    Raises:
        InputError: The device cannot do it well.
    """
    if wanted == "auto":
        return "float16" if device.type == "cuda" else "float32"
    if device.type == "cpu" and wanted == "float16":
        raise InputError(
            "float16 does not work on the CPU", hint="--dtype auto, which is float32 there"
        )
    if wanted == "bfloat16" and not _has_bfloat16(device):
        raise InputError(
            f"this {device.type} has no bfloat16 arithmetic of its own",
            hint="emulated it would be many times slower; use --dtype float32",
        )
    return wanted


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
