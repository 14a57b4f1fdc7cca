"""Weights to pipeline. One model is kept; whatever goes wrong while loading is a `ModelError`."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from sdgen.engine.devices import DTYPES
from sdgen.engine.libraries import diffusers, transformers
from sdgen.errors import MemoryExhaustedError, ModelError
from sdgen.models import LocalModel
from sdgen.models.folder import read_json


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A pipeline on its device, with the scheduler configuration that the checkpoint carries.

    The pipeline's own scheduler is replaced for each picture; `trained` never changes. `hashes`
    are those of the files that were loaded, whatever lies in the folder by now.
    """

    pipeline: Any
    trained: dict[str, Any]
    hashes: dict[str, str]


def load_model(model: LocalModel, dtype: str, device: torch.device) -> LoadedModel:
    """Load `model`, or give it again if it was the last one loaded.

    Raises:
        ModelError: diffusers cannot load it.
        MemoryExhaustedError: It does not fit the device.
    """
    return _load(_Key(model), dtype, device)


class _Key:
    """A model as a cache key: the same folder and the same files, untouched since."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        files = model.fingerprint()
        self._identity = (str(model.folder), model.pipeline, model.variant, files)

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity


@lru_cache(maxsize=1)
def _load(key: _Key, dtype: str, device: torch.device) -> LoadedModel:
    model = key.model
    hashes = model.hashes()
    options: dict[str, Any] = {"add_watermarker": False} if "XL" in model.pipeline else {}
    try:
        pipeline = getattr(diffusers, model.pipeline).from_pretrained(
            model.folder,
            dtype=DTYPES[dtype],
            variant=model.variant,
            use_safetensors=True,
            local_files_only=True,
            **_text_encoders(model, DTYPES[dtype]),
            **options,
        )
        pipeline.to(device)
    except torch.OutOfMemoryError as error:
        raise MemoryExhaustedError(
            f"{model.name} does not fit the memory of {device}",
            hint="--device cpu",
        ) from error
    except Exception as error:  # diffusers reports one cause as many types
        reason = _first_line(error).replace(f"{model.folder}{os.sep}", "")
        raise ModelError(f"{model.name} cannot be loaded: {reason}") from error
    pipeline.set_progress_bar_config(disable=True)
    _give_old_name(getattr(pipeline, "text_encoder", None))
    return LoadedModel(pipeline, dict(pipeline.scheduler.config), hashes)


def _text_encoders(model: LocalModel, dtype: torch.dtype) -> dict[str, Any]:
    """The text encoders by their names in the pipeline, with every tensor from the files.

    transformers draws what is missing at random and only logs it; loaded through diffusers, nobody
    would hear of it.
    """
    index = read_json(model.folder / "model_index.json", "model_index.json")
    found = {}
    for name in ("text_encoder", "text_encoder_2"):
        _, class_name = index.get(name) or (None, None)
        if class_name is None:
            continue
        found[name], told = getattr(transformers, class_name).from_pretrained(
            model.folder / name,
            dtype=dtype,
            variant=model.variant,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if told["missing_keys"]:
            raise ValueError(f"its {name} lacks {min(told['missing_keys'])}")
    return found


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
