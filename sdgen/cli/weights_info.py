"""What `sdgen models info` tells of a file that is added to models: a LoRA, a VAE, an embedding."""

from pathlib import Path

from sdgen.cli.output import Output
from sdgen.models.embedding import check_embedding, tensors_in
from sdgen.models.finding import AddedFile
from sdgen.models.lora import check_lora, layers_of
from sdgen.models.vae import check_vae, is_vae
from sdgen.models.weights import check_weights

_FLAGS = {
    "lora": "a LoRA: --lora FILE[:SCALE]",
    "vae": "a VAE: --vae FILE",
    "embedding": "an embedding: --embedding FILE[:WORD]",
}


def tell_file(path: Path, out: Output) -> None:
    """Say what the file is, by its content, and what it changes.

    Raises:
        ModelError: It is not here, is damaged, or is nothing that can be added.
    """
    found = _checked(path)
    layers = layers_of(found) if found.kind == "lora" else {}
    vectors = {"vectors": found.vectors, "word": found.word} if found.kind == "embedding" else {}
    parts = {"layers": layers} if layers else vectors
    out.json({"name": found.name, "kind": found.kind, **parts, "sha256": found.sha256})
    out.table(
        [
            ("name", found.name),
            ("what it is", _FLAGS[found.kind]),
            *((f"  {part}", f"{count} layers") for part, count in layers.items()),
            *((f"  {part}", str(value)) for part, value in vectors.items()),
            ("sha256", found.sha256),
        ]
    )


def _checked(path: Path) -> AddedFile:
    names = check_weights(path, path.name)
    if is_vae(names):
        return check_vae(path)
    return check_embedding(path) if tensors_in(names) else check_lora(path)
