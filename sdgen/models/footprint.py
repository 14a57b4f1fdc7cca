"""What drawing takes in memory, told before anything is loaded: from headers and configurations.

Weights are counted from the headers of their files. What a network holds beside them at its fullest
moment follows from its layers. Such moments were found by following every tensor of UNets and of
decoders (`tests/engine/test_placing.py` does it again):

- In a UNet, the gated feed-forward of a transformer on the way up: the gates (8 widths), both
  halves (4) and their product (4), and four more of the block's own, beside what the level got from
  below and its skips; or, on a level without one, the first resnet's input, which is there thrice.
- In a decoder, a level's first resnet, which has its input thrice, or a later one, which has five
  of its own width.

Each is counted in numbers for each place of the latents or pixels, to which it is proportional.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.models.folder import read_json
from sdgen.models.local import LocalModel
from sdgen.models.weights import Tensor, check_weights

_ITEM = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
"""Bytes of the formats with fractions."""

GATED, OWN = 8 + 4 + 4, 4
"""Widths of a transformer's feed-forward, and of what else its block holds then."""


@dataclass(frozen=True, slots=True)
class PartSize:
    """Weights of a part of a pipeline.

    Attributes:
        numbers: With fractions, which come in the format of the drawing.
        others: Bytes of all else.
        largest: Numbers of the largest tensor.
    """

    numbers: int
    others: int = 0
    largest: int = 0

    def with_(self, tensor: Tensor) -> "PartSize":
        """One tensor more."""
        size = tensor.end - tensor.begin
        if tensor.dtype not in _ITEM:
            return PartSize(self.numbers, self.others + size, self.largest)
        count = size // _ITEM[tensor.dtype]
        return PartSize(self.numbers + count, self.others, max(self.largest, count))

    def bytes(self, itemsize: int) -> int:
        """In a format of `itemsize` bytes a number."""
        return self.numbers * itemsize + self.others


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes, in numbers; how many bytes one takes is the drawing's choice.

    Attributes:
        parts: Name → its weights.
        network: The part that removes the noise.
        per_latent: What it holds at most for each place of the latents of each row of a call; None
            where its kind was never measured.
        per_pixel: What the decoder holds at most for each pixel of the picture.
        scale: Pixels of a side of a latent.
        upcast: Whether the decoder overflows in float16 and is made float32.
    """

    parts: Mapping[str, PartSize]
    network: str
    per_latent: float | None
    per_pixel: float
    scale: int
    upcast: bool


def footprint_of(model: LocalModel) -> Footprint:
    """What `model` takes.

    Raises:
        ModelError: A file is damaged.
    """
    unet = _config(model, "unet")
    vae = _config(model, "vae")
    channels = _counts(vae.get("block_out_channels"))
    return Footprint(
        parts=_parts(model),
        network="unet" if unet else "transformer",
        per_latent=unet_numbers(unet) if unet else None,
        per_pixel=decoder_numbers(channels),
        scale=2 ** (len(channels) - 1),
        upcast="XL" in model.pipeline and bool(vae.get("force_upcast", True)),
    )


def unet_numbers(config: Mapping[str, Any]) -> float:
    """The most that a UNet of this configuration holds, for each place of the latents."""
    widths = _counts(config.get("block_out_channels"))
    layers = config.get("layers_per_block", 2)
    counts = list(layers) if isinstance(layers, list) else [layers] * len(widths)
    kinds = list(config.get("up_block_types") or ())[::-1]  # as `widths`: from the largest level on
    return max(
        _on_level(level, widths, counts, has_attention="CrossAttn" in kinds[level])
        for level in range(len(widths))
    )


def _on_level(level: int, widths: list[int], counts: list[int], *, has_attention: bool) -> float:
    """What is held on the way up at `level`, whose places are a quarter of those of the one above.

    The input of the level, one hidden state, the skips of this level and of all above.
    """
    own = widths[level]
    below = widths[min(level + 1, len(widths) - 1)]
    skips = [_skips(at, widths, counts) / 4.0**at for at in range(level)]
    first = below + own  # what the first resnet of the level gets
    work = (GATED + OWN) * own + own if has_attention else 3 * first
    return (work + below + _skips(level, widths, counts)) / 4.0**level + sum(skips)


def _skips(level: int, widths: list[int], counts: list[int]) -> int:
    """Numbers of all skips of a level: of each of its layers, and of what came from above."""
    return counts[level] * widths[level] + widths[max(level - 1, 0)]


def decoder_numbers(widths: list[int]) -> float:
    """The most that a decoder holds, for each pixel; `widths` from the picture's level down."""
    inputs = [*widths[1:], widths[-1]]
    return max(
        max(3.0 * first, 5.0 * own) / 4.0**level
        for level, (first, own) in enumerate(zip(inputs, widths, strict=True))
    )


def _parts(model: LocalModel) -> dict[str, PartSize]:
    sizes: dict[str, PartSize] = {}
    for file in model.weights:
        if file.endswith(".safetensors"):
            folder = file.partition("/")[0] if "/" in file else ""
            for name, tensor in check_weights(model.path_of(file), file).items():
                part = folder or _part_of(name)
                sizes[part] = sizes.get(part, PartSize(0)).with_(tensor)
    return sizes


_IN_ONE_FILE = {
    "model.diffusion_model.": "unet", "first_stage_model.": "vae",
    "cond_stage_model.": "text_encoder", "conditioner.embedders.0.": "text_encoder",
    "conditioner.embedders.1.": "text_encoder_2",
}  # fmt: skip
"""How names of tensors begin where one file has all parts."""


def _part_of(name: str) -> str:
    return next((part for start, part in _IN_ONE_FILE.items() if name.startswith(start)), "rest")


def _config(model: LocalModel, part: str) -> dict[str, Any]:
    path = model.parts / part / "config.json"
    return read_json(path, f"{part}/config.json") if path.is_file() else {}


def _counts(value: Any) -> list[int]:
    usual = [320, 640, 1280, 1280]
    return [int(one) for one in value] if isinstance(value, list) and value else usual
