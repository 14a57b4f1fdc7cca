"""What of this machine can move a pixel by a level: recorded, compared, restored if possible."""

import platform
from importlib.metadata import version

import torch

from sdgen.metadata.record import Environment

LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "pillow")


def environment(device: torch.device) -> Environment:
    """Libraries, device and numeric switches; no host, user or folder names."""
    facts: Environment = {name: version(name) for name in LIBRARIES}
    facts |= {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "device": device.type,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "onednn": bool(torch.backends.mkldnn.enabled),
        "attention": "sdpa",
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
    }
    return facts | _cuda(device) if device.type == "cuda" else facts


def _cuda(device: torch.device) -> Environment:
    major, minor = torch.cuda.get_device_capability(device)
    return {
        "device_name": torch.cuda.get_device_name(device),
        "capability": f"{major}.{minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "tf32_matmul": torch.backends.cuda.matmul.allow_tf32,
        "tf32_convolution": torch.backends.cudnn.allow_tf32,
    }
