"""Weights to pipeline. One model is kept; whatever goes wrong while loading is a `ModelError`."""

import gc
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from sdgen.engine import Offloading
from sdgen.engine.decode import usual_format
from sdgen.engine.devices import DTYPES, usual_layout
from sdgen.engine.failures import LackOfMemoryError, failures_of
from sdgen.engine.libraries import diffusers
from sdgen.engine.loading import CONVOLVED, Form, load_parts
from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.engine.offloading import offload_parts
from sdgen.engine.prompts import TextCache
from sdgen.engine.single_file import parts_in
from sdgen.errors import ModelError
from sdgen.garbage import unsearched
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile
from sdgen.models.hashing import begin_hashing

if TYPE_CHECKING:
    from sdgen.engine.ip_adapter import Eyes

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A pipeline on its device, with the scheduler configuration that the checkpoint carries.

    The pipeline's own scheduler is replaced for each call; `trained` never changes. `hashed` gives
    the hashes of its files when they are known. `texts` are its last embeddings, `attention` the
    kernel that its UNet used for each shape (`kernel_used`), `upscaler` what a second pass may
    enlarge by.
    `controlnets`, and the `eyes` of IP-Adapters, are there for one call, as settings ask for them.
    """

    pipeline: Any
    trained: dict[str, Any]
    hashed: Callable[[], dict[str, str]]
    texts: TextCache = field(default_factory=TextCache)
    attention: dict[Hashable, str] = field(default_factory=dict)
    controlnets: tuple[Any, ...] = ()
    eyes: "Eyes | None" = None
    upscaler: AddedFile | None = None
    _kept: dict[str, tuple[Hashable, Any]] = field(default_factory=dict)

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 in hex of the files that were loaded, whatever lies in the folder by now.

        Raises:
            ModelError: One was changed, or cannot be read any more.
        """
        return self.hashed()

    def keeping(self, what: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for the model last, if `key` is the same; else what `make` gives now.

        Args:
            what: Of which feature; each keeps one thing.
            key: What it was made from.
            make: Makes it.

        Raises:
            LackOfMemoryError: It does not fit the memory.
        """
        if what not in self._kept or self._kept[what][0] != key:
            self._kept.pop(what, None)  # first, so that there are never two in memory
            with failures_of("load"):
                self._kept[what] = (key, make())
        made: Made = self._kept[what][1]
        return made


@dataclass(frozen=True, slots=True)
class _Key:
    """What is loaded: these untouched files, in this format, on this device."""

    folder: str
    pipeline: str
    variant: str | None
    files: Hashable
    dtype: str
    device: torch.device
    offload: Offloading
    layout: str
    fused: bool


_kept: dict[_Key, LoadedModel] = {}
"""The model that was loaded last."""


def load_model(
    model: LocalModel,
    dtype: str,
    device: torch.device,
    *,
    offload: Offloading = "none",
    layout: str = "",
    fused: bool = False,
) -> LoadedModel:
    """Load `model`, or give it again if it was the last one loaded.

    Args:
        model: A checked folder.
        dtype: Number format by name, not auto.
        device: Where it computes.
        offload: What of it waits in main memory and is on the device only while it is at work.
        layout: Of the convolutions' weights, contiguous or channels_last; empty is `usual_layout`.
        fused: Let its networks compute with our own kernels, on a CUDA device.

    Raises:
        ModelError: diffusers cannot load it.
        LackOfMemoryError: It does not fit the device.
    """
    files = model.fingerprint()
    layout = layout or usual_layout(dtype, device)
    key = _Key(
        str(model.folder),
        model.pipeline,
        model.variant,
        files,
        dtype,
        device,
        offload,
        layout,
        fused,
    )
    if key not in _kept:
        if _kept:  # first, so that there are never two in memory
            _kept.clear()
            gc.collect()  # modules refer to themselves
            torch.cuda.empty_cache()
        _kept[key] = _load(model, key)
    return _kept[key]


def fuse(pipeline: Any) -> None:
    """Let the networks of `pipeline` compute with our own kernels from now on.

    The VAE of SDXL, which overflows in float16, then computes in bfloat16 instead of float32.
    """
    from sdgen.engine.fused import compute_fused  # triton loads here

    if usual_format(pipeline) != pipeline.vae.dtype:
        pipeline.vae.to(dtype=torch.bfloat16)
    compute_fused(pipeline.unet)
    compute_fused(pipeline.vae)


def _load(model: LocalModel, how: _Key) -> LoadedModel:
    hashed, dtype = begin_hashing(model), DTYPES[how.dtype]
    where = how.device if how.offload == "none" else torch.device("cpu")
    options: dict[str, Any] = {"add_watermarker": False} if "XL" in model.pipeline else {}
    try:
        with unsearched():
            # Half of the libraries load here. One class draws all: where a UNet was trained to
            # repaint, it is given what it needs besides (`engine/beginning.py`).
            name = model.family.pipelines.get(model.pipeline, model.pipeline)
            pipeline_class = _knowing_its_device(getattr(diffusers, name), how.device)
        pipeline = pipeline_class.from_pretrained(
            model.parts,
            dtype=dtype,
            variant=model.variant,
            use_safetensors=True,
            local_files_only=True,
            **_parts(model, Form(dtype, where, how.layout)),
            **_absent(model),
            **options,
        )
        pipeline.to(where)
        if how.offload != "none":
            offload_parts(pipeline, how.offload, how.device)
        if how.fused:
            fuse(pipeline)
    except Exception as error:  # diffusers reports one cause as many types
        if is_lack_of_memory(error):
            raise LackOfMemoryError("load") from error
        reason = _without_place(_first_line(error), model.folder)
        raise ModelError(f"{model.name} cannot be loaded: {reason}") from error
    pipeline.set_progress_bar_config(disable=True)
    give_old_name(getattr(pipeline, "text_encoder", None))
    return LoadedModel(pipeline, {**pipeline.scheduler.config, **model.trained}, hashed)


def _knowing_its_device(pipeline_class: Any, device: torch.device) -> Any:
    """`pipeline_class`, whose pipelines need not look for the device where they compute.

    diffusers searches all layers of all parts for hooks that would tell, in every call, while the
    device waits for the first step.
    """
    own = {"_execution_device": device, "__module__": pipeline_class.__module__}
    return type(pipeline_class.__name__, (pipeline_class,), own)


def _parts(model: LocalModel, form: Form) -> dict[str, Any]:
    """What of the pipeline is made here: of a folder, or of a single file."""
    if not model.layout:
        return load_parts(model, form)
    parts = parts_in(model, form.dtype)
    if form.layout == "channels_last":
        for name in CONVOLVED:
            parts[name].to(memory_format=torch.channels_last)
    return parts


def layout_of(pipeline: Any) -> str:
    """How the weights of convolutions lie in memory: contiguous or channels_last."""
    network = getattr(pipeline, "unet", pipeline.vae.decoder)  # transformers have none
    return "contiguous" if network.conv_in.weight.is_contiguous() else "channels_last"


def _absent(model: LocalModel) -> dict[str, None]:
    """What the pipeline can do without, but wants to be told of: the T5 of Stable Diffusion 3."""
    named = ("text_encoder_3", "tokenizer_3") if model.family.name == "sd3" else ()
    there = {Path(file).parts[0] for file in model.weights}
    return dict.fromkeys(name for name in named if name not in there)


def give_old_name(text_encoder: Any) -> None:
    """Let diffusers find the final norm of a CLIP text encoder where it looks for it (clip_skip).

    It asks for `text_encoder.text_model.final_layer_norm`; transformers 5 has no such level any
    more. Set past `nn.Module`, so that the encoder does not become a part of itself.
    """
    is_clip = type(text_encoder).__name__.startswith("CLIP")
    if is_clip and not hasattr(text_encoder, "text_model"):
        text_encoder.__dict__["text_model"] = text_encoder


def _without_place(line: str, folder: Path) -> str:
    """`line` with paths as they are in `folder`, which goes by its last name."""
    return line.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
