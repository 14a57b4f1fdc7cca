"""Weights to pipeline. One model is kept; whatever goes wrong while loading is a `ModelError`."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from sdgen.engine.devices import DTYPES
from sdgen.engine.libraries import diffusers
from sdgen.errors import MemoryExhaustedError, ModelError
from sdgen.models import LocalModel


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A pipeline on its device, with the scheduler configuration that the checkpoint carries.

    The pipeline's own scheduler is replaced for each picture; `trained` never changes.
    """

    pipeline: Any
    trained: dict[str, Any]


def load_model(model: LocalModel, dtype: str, device: torch.device) -> LoadedModel:
    """Load `model`, or give it again if it was the last one loaded.

    Raises:
        ModelError: diffusers cannot load it.
        MemoryExhaustedError: It does not fit the device.
    """
    return _load(_Key(model), dtype, device)


class _Key:
    """A model as a cache key: the same folder and the same files."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self._identity = (str(model.folder), model.pipeline, model.weights, model.variant)

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity


@lru_cache(maxsize=1)
def _load(key: _Key, dtype: str, device: torch.device) -> LoadedModel:
    model = key.model
    options: dict[str, Any] = {"add_watermarker": False} if "XL" in model.pipeline else {}
    try:
        pipeline = getattr(diffusers, model.pipeline).from_pretrained(
            model.folder,
            dtype=DTYPES[dtype],
            variant=model.variant,
            use_safetensors=True,
            local_files_only=True,
            **options,
        )
        pipeline.to(device)
    except torch.OutOfMemoryError as error:
        raise MemoryExhaustedError(
            f"{model.name} does not fit the memory of {device}",
            hint="--device cpu",
        ) from error
    except Exception as error:  # diffusers reports one cause as many types
        raise ModelError(f"{model.name} cannot be loaded: {_first_line(error)}") from error
    pipeline.set_progress_bar_config(disable=True)
    _give_old_name(getattr(pipeline, "text_encoder", None))
    return LoadedModel(pipeline, dict(pipeline.scheduler.config))


def _give_old_name(text_encoder: Any) -> None:
    """Let diffusers find the final norm of a CLIP text encoder where it looks for it (clip_skip).

    It asks for `text_encoder.text_model.final_layer_norm`; transformers 5 has no such level any
    more. Set past `nn.Module`, so that the encoder does not become a part of itself.
    """
    if text_encoder is not None and not hasattr(text_encoder, "text_model"):
        text_encoder.__dict__["text_model"] = text_encoder


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
