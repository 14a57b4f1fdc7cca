"""What `sdgen models info` tells of a file that is added to models: a LoRA, say."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sdgen.cli.output import Output
from sdgen.models.controlnet import check_controlnet, is_controlnet
from sdgen.models.embedding import check_embedding, tensors_in
from sdgen.models.finding import AddedFile
from sdgen.models.ip_adapter import (
    check_encoder,
    check_ip_adapter,
    is_encoder,
    is_ip_adapter,
)
from sdgen.models.lora import check_lora, layers_of
from sdgen.models.upscaler import check_upscaler, network_in
from sdgen.models.upscaler_keys import network_of
from sdgen.models.vae import check_vae, is_vae
from sdgen.models.weights import check_weights

_KINDS: tuple[tuple[Callable[[Iterable[str]], bool], Callable[[Path], AddedFile]], ...] = (
    (is_vae, check_vae), (is_controlnet, check_controlnet), (is_ip_adapter, check_ip_adapter),
    (is_encoder, check_encoder),
)  # fmt: skip
"""What tells each kind by the names of its tensors, and its checks."""

_FLAGS = {
    "lora": "a LoRA: --lora FILE[:SCALE]",
    "vae": "a VAE: --vae FILE",
    "embedding": "an embedding: --embedding FILE[:WORD]",
    "controlnet": "a ControlNet: --controlnet FILE[:SCALE] --control-image FILE",
    "ip_adapter": "an IP-Adapter: --ip-adapter FILE[:SCALE] --ip-adapter-image FILE",
    "image_encoder": "an image encoder: --image-encoder FOLDER",
    "upscaler": "an upscaler: sdgen upscale --with FILE",
}


def tell_file(path: Path, out: Output) -> None:
    """Say what the file is, by its content, and what it changes.

    Raises:
        ModelError: It is not here, is damaged, or is nothing that can be added.
    """
    found = _checked(path)
    layers = layers_of(found) if found.kind == "lora" else {}
    facts = _facts(found)
    parts = {"layers": layers} if layers else facts
    out.json({"name": found.name, "kind": found.kind, **parts, "sha256": found.sha256})
    out.table(
        [
            ("name", found.name),
            ("what it is", _FLAGS[found.kind]),
            *((f"  {part}", f"{count} layers") for part, count in layers.items()),
            *((f"  {part}", str(value)) for part, value in facts.items()),
            ("sha256", found.sha256),
        ]
    )


def _facts(found: AddedFile) -> dict[str, int | str]:
    if found.kind == "embedding":
        return {"vectors": found.vectors, "word": found.word}
    if found.kind == "upscaler":
        network = network_in(found)
        return {"scale": network.scale, "network": network.kind, "blocks": network.blocks}
    return {}


def _checked(path: Path) -> AddedFile:
    names = check_weights(path, path.name)
    if network_of(names):
        return check_upscaler(path)
    for is_it, check in _KINDS:
        if is_it(names):
            return check(path)
    return check_embedding(path) if tensors_in(names) else check_lora(path)
