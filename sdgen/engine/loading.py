"""The parts of a pipeline that have weights, made without weights and given those of the files.

What the libraries' own loading gives, bit for bit (a test compares), and what they refuse, or only
log, is an error here. A part that they treat in a way of its own is left to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import accelerate
import torch
from diffusers.models.modeling_utils import no_init_weights
from torch import Tensor, nn

from sdgen.engine.arrival import Arriving, cast, fetching
from sdgen.engine.libraries import diffusers, transformers
from sdgen.models import LocalModel
from sdgen.models.folder import read_json

CONVOLVED = ("unet", "vae")
"""The parts whose convolutions have a layout."""


@dataclass(frozen=True, slots=True)
class Form:
    """What weights shall be: their number format, where they lie, and how convolutions' do."""

    dtype: torch.dtype
    device: torch.device
    layout: str = "contiguous"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the pipeline in its folder: its class, and its files of weights."""

    name: str
    kind: Any
    folder: Path
    files: tuple[Path, ...]

    @property
    def is_text(self) -> bool:
        return issubclass(self.kind, transformers.PreTrainedModel)

    @property
    def is_mixed(self) -> bool:
        """Whether some layers stay in float32, whatever was asked for."""
        return bool(getattr(self.kind, "_keep_in_fp32_modules", None))


def load_parts(model: LocalModel, form: Form) -> dict[str, nn.Module]:
    """Name in the pipeline → part, for those that are made here; the pipeline loads the others.

    Raises:
        ModelError: A file of weights is damaged.
        ValueError: Weights are missing, or of other shapes.
        OSError: A file cannot be read.
    """
    with fetching(form.device) as bring:
        arriving = [
            (part, [bring(path, None if part.is_mixed else form.dtype) for path in part.files])
            for part in _parts(model)
        ]
        return {part.name: _made(part, files, form) for part, files in arriving}


def _parts(model: LocalModel) -> Iterator[_Part]:
    """The parts that are made here, those with the fewest weights first: they are begun sooner."""
    index = read_json(model.folder / "model_index.json", "model_index.json")
    found = []
    for name, value in index.items():
        own = [file for file in model.weights if file.startswith(f"{name}/")]
        files = tuple(model.folder / file for file in own if file.endswith(".safetensors"))
        kind = _kind(*value) if files else None
        if kind is not None:
            found.append(_Part(name, kind, model.folder / name, files))
    yield from sorted(found, key=lambda part: sum(file.stat().st_size for file in part.files))


def _kind(library: str, class_name: str) -> Any:
    """The class, if it is one whose parts are made here; else None."""
    if library == "transformers":
        return getattr(transformers, class_name)
    kind = getattr(diffusers, class_name, None) if library == "diffusers" else None
    is_own = kind is None or kind._keep_in_fp32_modules is not None
    return None if is_own else kind


def _made(part: _Part, files: list[Arriving], form: Form) -> nn.Module:
    tensors: dict[str, Tensor] = {}
    for file in files:
        tensors |= file.arrived()
    if not part.is_mixed:
        is_last = part.name in CONVOLVED and form.layout == "channels_last"
        layout = torch.channels_last if is_last else torch.preserve_format
        tensors = {name: cast(tensor, form.dtype, layout) for name, tensor in tensors.items()}
    if part.is_text:
        return _text_encoder(part, tensors, form)
    network: nn.Module = _empty(part, form.dtype)
    if len(files) == 1:  # older than files in several parts
        network._fix_state_dict_keys_on_load(tensors)  # type: ignore[operator]
    _fill(network, part.name, tensors)
    network.to(device=form.device, dtype=form.dtype)  # buffers, too
    return network.eval()


def _text_encoder(part: _Part, tensors: dict[str, Tensor], form: Form) -> nn.Module:
    """By transformers, which knows all names that weights ever had; from tensors that are there.

    It draws what is missing at random and only logs it.
    """
    where = {"device_map": {"": form.device}} if form.device.type != "cpu" else {}
    config = part.kind.config_class.from_pretrained(part.folder, local_files_only=True)
    encoder, told = part.kind.from_pretrained(
        None, config=config, state_dict=tensors, dtype=form.dtype, output_loading_info=True, **where
    )
    if told["missing_keys"]:
        raise ValueError(f"its {part.name} lacks {min(told['missing_keys'])}")
    network: nn.Module = encoder
    return network


def _empty(part: _Part, dtype: torch.dtype) -> Any:
    """The network of `part`: its parameters have shapes and no numbers."""
    config = part.kind.load_config(part.folder, local_files_only=True)
    with _default_dtype(dtype), no_init_weights(), accelerate.init_empty_weights():
        network = part.kind.from_config(config)
    network.register_to_config(_name_or_path=str(part.folder))
    return network


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _fill(network: nn.Module, name: str, tensors: dict[str, Tensor]) -> None:
    """Give `network` its weights, which it keeps as they are; those it has no place for are left.

    Raises:
        ValueError: Some are missing, or do not fit.
    """
    wanted = network.state_dict()
    if missing := wanted.keys() - tensors.keys():
        raise ValueError(f"its {name} lacks {min(missing)}")
    for key, place in wanted.items():
        own = tensors[key]
        if own.shape != place.shape or own.is_floating_point() != place.is_floating_point():
            raise ValueError(
                f"its {name} has {key} as {_said(own)}, and its configuration asks for "
                f"{_said(place)}"
            )
    network.load_state_dict({key: tensors[key] for key in wanted}, strict=True, assign=True)


def _said(tensor: Tensor) -> str:
    numbers = str(tensor.dtype).removeprefix("torch.")
    return f"{numbers} {'x'.join(map(str, tensor.shape)) or 'number'}"
