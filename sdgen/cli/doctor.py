"""`sdgen doctor`: what is here to draw with, what is wrong with it, and what to do about that."""

import importlib.metadata
import math
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated

import typer

from sdgen import models
from sdgen.cli.doctor_model import tell_plan
from sdgen.cli.options import Device, Json, model_names
from sdgen.cli.output import Output
from sdgen.engine.free_memory import main_memory
from sdgen.errors import InputError, SdgenError
from sdgen.files.configs import list_configs, user_defaults, user_folder
from sdgen.models.hashes import cache_file
from sdgen.models.hub_cache import cache_folder
from sdgen.recipe.pixels import parse_size
from sdgen.recipe.settings import MAX_PIXELS, Settings
from sdgen.recipe.texts import MAX_PROMPT_CHARACTERS
from sdgen.version import __version__

PACKAGES = (
    "torch", "diffusers", "transformers", "accelerate", "safetensors", "huggingface-hub",
    "pydantic", "typer", "pillow", "numpy", "scipy", "torchsde", "pyyaml",
)  # fmt: skip
VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTORCH_CUDA_ALLOC_CONF",
    "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NO_COLOR",
)  # fmt: skip
SECRET_VARIABLES = ("HF_TOKEN", "HF_ENDPOINT")
"""An endpoint can carry a password in its address."""

LITTLE_DISK_GB = 1.0
LITTLE_MEMORY_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact; `problem` says what is wrong with it and `advice` what to do, if anything is."""

    name: str
    value: str
    problem: str = ""
    advice: str = ""


def doctor(
    device: Device = "auto",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the device: finding it loads torch.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FOLDER",
            autocompletion=model_names,
            help="Tell what this model takes in memory, what fits here, and what to switch on.",
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="With --model: of the picture.")
    ] = None,
    time_step: Annotated[
        bool, typer.Option("--time-step", help="With --model: load it and time a step.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check device, libraries, model, folders and limits; say what to do about each problem.

    The exit code is 0 when the check itself worked, whatever it found.
    """
    out = Output(as_json=as_json)
    if model is not None:
        if quick:
            raise InputError("--quick leaves the device out, and --model asks what fits it")
        tell_plan(model, device, parse_size(size) if size else None, out, measure=time_step)
        return
    if size is not None or time_step:
        raise InputError("--size and --time-step are for a model", hint="--model NAME")
    findings = list(examine(None if quick else device))
    problems = [finding for finding in findings if finding.problem]
    for finding in findings:
        out.json(asdict(finding))
    out.table((f.name, f.value, f"! {f.problem}" if f.problem else "") for f in findings)
    out.result("")
    for finding in problems:
        out.result(f"{finding.name}: {finding.problem}; {finding.advice}")
    out.result(_count(problems))


def _count(problems: list[Finding]) -> str:
    if not problems:
        return "nothing stands in the way of drawing"
    return f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"


def examine(device: str | None) -> Iterator[Finding]:
    """Everything that is looked at; `device` None leaves the device out."""
    yield Finding("sdgen", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield from map(package, PACKAGES)
    if device is not None:
        yield from device_findings(device)
    yield default_model()
    yield from configs()
    yield folder("pictures", Path("outputs"), "choose another folder with -o")
    yield folder("hash cache", cache_file().parent, "set XDG_CACHE_HOME to another folder")
    yield folder("hub cache", cache_folder(), "set HF_HOME to another folder")
    yield from limits()
    yield encoding()
    yield from variables()


def package(name: str) -> Finding:
    """The installed version, held against what sdgen asks for."""
    again = "install sdgen again: pip install sdgen"
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "-", "is not installed", again)
    wanted = _wanted_versions().get(name, "")
    if not _satisfies(version, wanted):
        return Finding(name, version, f"sdgen needs {wanted}", again)
    return Finding(name, version)


@lru_cache(maxsize=1)
def _wanted_versions() -> dict[str, str]:
    """Package → version range, from sdgen's own metadata; empty where it is not installed."""
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires("sdgen") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    wanted = [one for one in map(Requirement, lines) if one.marker is None]
    return {one.name.lower(): str(one.specifier) for one in wanted}


def _satisfies(version: str, wanted: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(version, prereleases=True)


def device_findings(device: str) -> Iterator[Finding]:
    """What would draw, and in which number formats; loads torch."""
    try:
        from sdgen.engine.devices import DTYPES, choose_device, choose_dtype, describe
    except (ImportError, OSError) as error:  # OSError: a library of the driver does not load
        yield Finding("device", "-", f"torch does not load ({error})", "install torch again")
        return
    try:
        chosen = choose_device(device)
    except InputError as error:
        yield Finding("device", device, str(error), error.hint)
        return
    unseen = chosen.type == "cpu" and device == "auto" and _has_nvidia_driver()
    yield Finding("device", describe(chosen), *(_UNSEEN_GPU if unseen else ()))
    formats = [name for name in DTYPES if _works(partial(choose_dtype, name, chosen))]
    yield Finding("number formats", f"{', '.join(formats)}; auto is {choose_dtype('auto', chosen)}")


_UNSEEN_GPU = (
    "an NVIDIA driver is here, but torch sees no GPU",
    "check CUDA_VISIBLE_DEVICES, and that torch is built for CUDA: https://pytorch.org/get-started",
)


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except InputError:
        return False
    return True


def default_model() -> Finding:
    """The model that is used when none is named."""
    try:
        own = user_defaults()
        said = own.values.get("model") if own else None
        model = models.find_model(str(said or Settings.model_fields["model"].default))
    except SdgenError as error:
        return Finding("default model", "-", str(error), error.hint or "see sdgen models list")
    return Finding("default model", model.name)


def configs() -> Iterator[Finding]:
    """The named settings, and each that is broken."""
    found = list_configs()
    own = user_folder()
    yield Finding("configs", f"{len(found)}; your own belong in {own / 'configs' if own else '-'}")
    for config in found:
        if config.fault:
            yield Finding(f"config {config.name}", str(config.path), config.fault, "correct it")


def folder(name: str, path: Path, advice: str) -> Finding:
    """Whether files can be written to `path`, which need not exist yet, and the room for them."""
    there = path.absolute()
    try:
        while not there.exists() and there != there.parent:
            there = there.parent
    except OSError:  # a folder above it is closed to us
        return Finding(name, str(path), "cannot be reached", advice)
    if not there.is_dir():
        return Finding(name, str(path), f"{there} is a file", advice)
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(name, str(path), "cannot be written to", advice)
    free = shutil.disk_usage(there).free / 1e9
    problem = "is almost full" if free < LITTLE_DISK_GB else ""
    return Finding(name, f"{path}, {free:.1f} GB free", problem, advice if problem else "")


def limits() -> Iterator[Finding]:
    """What the machine, and the container around us, let us use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    yield Finding("CPU cores", str(len(affinity(0)) if affinity else os.cpu_count()))
    free = main_memory()
    if free is not None:
        few = ("is little", "close other programs") if free < LITTLE_MEMORY_GB * 1e9 else ()
        yield Finding("free memory", f"{free / 1e9:.1f} GB", *few)
    size = f"{math.isqrt(MAX_PIXELS)}x{math.isqrt(MAX_PIXELS)} pixels"
    yield Finding("largest picture", f"{size}; a model may have its own limits")
    yield Finding("longest prompt", f"{MAX_PROMPT_CHARACTERS} characters")


def encoding() -> Finding:
    """What the terminal can show."""
    found = sys.stdout.encoding or "unknown"
    if found.lower().replace("-", "") == "utf8":
        return Finding("text", found)
    return Finding("text", found, "other letters are shown as escapes", "set LANG=C.UTF-8")


def variables() -> Iterator[Finding]:
    """The variables that change what happens here; secrets are not shown."""
    for name in VARIABLES:
        if name in os.environ:
            yield Finding(name, os.environ[name])
    for name in SECRET_VARIABLES:
        if name in os.environ:
            yield Finding(name, "set, not shown")
