"""What of this machine can move a pixel by a level: recorded, compared, restored if possible."""

import functools
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from sdgen.metadata.record import Environment

LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "pillow")
MOST_THREADS = 1024
"""A record may ask for no more."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A setting of this process that torch computes by: what it is, and how to set it."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], None]
    only_cuda: bool = False


def _set_deterministic(wanted: bool) -> None:
    torch.use_deterministic_algorithms(wanted)


def _attribute(name: str, holder: Any, attribute: str, *, only_cuda: bool = True) -> Switch:
    return Switch(
        name,
        lambda: getattr(holder, attribute),
        lambda value: setattr(holder, attribute, value),
        only_cuda,
    )


_KERNELS: Mapping[str, tuple[Callable[[], bool], Callable[[bool], None]]] = {
    "flash": (torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp),
    "efficient": (
        torch.backends.cuda.mem_efficient_sdp_enabled,
        torch.backends.cuda.enable_mem_efficient_sdp,
    ),
    "cudnn": (torch.backends.cuda.cudnn_sdp_enabled, torch.backends.cuda.enable_cudnn_sdp),
    "math": (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp),
}
"""The attention kernels that torch may choose from; these switches hold for the CPU too."""


def allowed_kernels() -> str:
    """The attention kernels that torch may choose from now: `flash+math`."""
    return "+".join(name for name, (is_on, _) in _KERNELS.items() if is_on())


def _allow_kernels(names: str) -> None:
    wanted = set(names.split("+")) & _KERNELS.keys()
    for name, (_, turn) in _KERNELS.items():
        turn(name in wanted or not wanted)


SWITCHES = (
    Switch("threads", torch.get_num_threads, torch.set_num_threads),
    _attribute("onednn", torch.backends.mkldnn, "enabled", only_cuda=False),
    Switch("attention_allowed", allowed_kernels, _allow_kernels),
    Switch(
        "deterministic_algorithms", torch.are_deterministic_algorithms_enabled, _set_deterministic
    ),
    Switch(
        "matmul_precision",
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    _attribute("cudnn_benchmark", torch.backends.cudnn, "benchmark"),
    _attribute("cudnn_deterministic", torch.backends.cudnn, "deterministic"),
    _attribute("tf32_matmul", torch.backends.cuda.matmul, "allow_tf32"),
    _attribute("tf32_convolution", torch.backends.cudnn, "allow_tf32"),
)
"""All that is recorded and can be set again, in an order in which it may be set."""


def environment(device: torch.device) -> Environment:
    """Libraries, device and numeric switches; no host, user or folder names."""
    facts: Environment = dict(_versions())
    facts |= {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "device": device.type,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
    facts |= {switch.name: switch.read() for switch in _switches_of(device)}
    return facts | _cuda(device) if device.type == "cuda" else facts


@functools.cache
def _versions() -> Mapping[str, str]:
    """Read once: each is a file that a library parses, which takes as long as a step on a GPU."""
    return {name: version(name) for name in LIBRARIES}


def _cuda(device: torch.device) -> Environment:
    major, minor = torch.cuda.get_device_capability(device)
    return {
        "device_name": torch.cuda.get_device_name(device),
        "capability": f"{major}.{minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def _switches_of(device: torch.device) -> list[Switch]:
    return [one for one in SWITCHES if device.type == "cuda" or not one.only_cuda]


@contextmanager
def switches_as(recorded: Environment, device: torch.device) -> Iterator[None]:
    """While it is open, torch computes with the recorded switches; then with those from before.

    What the record does not tell, or tells in a way that cannot be set, is left as it is.
    """
    with ExitStack() as undo:
        for switch in _switches_of(device):
            wanted, now = recorded.get(switch.name), switch.read()
            if wanted != now and _is_settable(switch, wanted, now):
                switch.write(wanted)
                undo.callback(switch.write, now)
        yield


def _is_settable(switch: Switch, wanted: Any, now: Any) -> bool:
    """Records come from anywhere: nothing that torch would refuse or choke on."""
    if type(wanted) is not type(now):
        return False
    if switch.name == "threads":
        return 1 <= int(wanted) <= MOST_THREADS
    if switch.name == "matmul_precision":
        return wanted in ("highest", "high", "medium")
    return True
