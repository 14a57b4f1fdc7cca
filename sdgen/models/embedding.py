"""Embeddings (textual inversions): files of vectors for words; only their headers are read here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sdgen.errors import InputError, ModelError
from sdgen.models.finding import AddedFile, Kind, Search, recorded_name
from sdgen.models.folder import read_json
from sdgen.models.hashes import identity_of, sha256_of
from sdgen.models.local import LocalModel, is_bare_name
from sdgen.models.weights import Tensor, check_weights
from sdgen.models.weights_here import files_named
from sdgen.recipe.embeddings import TAG, EmbeddingEntry, parse_embedding
from sdgen.recipe.loras import SUFFIX
from sdgen.recipe.settings import PROMPTS, Settings

ASK = "say where it is: --embedding FILE, or its folder: --lora-dir FOLDER"

ENCODERS = ("text_encoder", "text_encoder_2")
PARTS = ("clip_l", "clip_g")
"""What SDXL's embeddings call the vectors of its first and second text encoder."""

MOST_VECTORS = 64
LEAST_WIDTH = 16
"""Numbers in a vector; text encoders have hundreds."""

IN_FOLDER = ("learned_embeds.safetensors",)
"""What diffusers calls the file in a folder."""


def tensors_in(names: Mapping[str, Tensor]) -> dict[str, str]:
    """Text encoder → the tensor for it in a file of these names; empty if it is no embedding.

    A1111 calls it `emb_params`, diffusers by its word; files for SDXL have two.
    """
    if set(names) == set(PARTS):
        found = dict(zip(ENCODERS, PARTS, strict=True))
    elif len(names) == 1:
        found = {ENCODERS[0]: next(iter(names))}
    else:
        return {}
    shapes = [_shape(names[name]) for name in found.values()]
    counts = {count for count, _ in shapes}
    is_wide = all(width >= LEAST_WIDTH for _, width in shapes)
    is_sane = is_wide and len(counts) == 1 and 1 <= counts.pop() <= MOST_VECTORS
    return found if is_sane else {}


def _shape(tensor: Tensor) -> tuple[int, int]:
    """Vectors and their width; one vector may be written without the first number."""
    if len(tensor.shape) == 1:
        return 1, tensor.shape[0]
    return (tensor.shape[0], tensor.shape[1]) if len(tensor.shape) == 2 else (0, 0)


def check_embedding(path: Path) -> AddedFile:
    """The embedding at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, something else, or of a name that a record could not
            tell.
    """
    return _check(path, identity_of(path, path.name))


@lru_cache(maxsize=64)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    names = check_weights(path, path.name)
    found = tensors_in(names)
    if not found:
        raise ModelError(f"{path.name} is no embedding: it has not the vectors of one word")
    [vectors, _width] = _shape(names[next(iter(found.values()))])
    name = recorded_name(path, IN_FOLDER)
    return AddedFile(name, path, sha256_of(path), "embedding", f"<{name}>", vectors)


EMBEDDINGS = Kind("embedding", "embedding", IN_FOLDER, ASK, check_embedding)


def with_embeddings(
    model: LocalModel, settings: Settings, search: Search
) -> tuple[LocalModel, Settings]:
    """`model` with the embeddings that `settings` ask for, and these with names instead of paths.

    Those that prompts only name, as `<name>`, join the setting where there is such a file.

    Raises:
        InputError: Two have one word, or plain prompts would not read it.
        ModelError: One is not here, is none, or was made for another model.
    """
    places = [*search.folders, Path(), model.folder.parent, model.folder / "embeddings"]
    entries = [*map(parse_embedding, settings.embedding), *_named(settings, places, search)]
    if not entries:
        return replace(model, embeddings=()) if model.embeddings else model, settings
    if settings.prompt_syntax == "plain":
        raise InputError(
            "embeddings need prompt_syntax a1111; plain prompts are just words",
            hint="leave --prompt-syntax or --embedding out",
        )
    found = tuple(_found(entry, model, places, search) for entry in entries)
    if len({one.word.lower() for one in found}) < len(found):
        raise InputError("two embeddings have the same word", hint="say others: FILE:WORD")
    own = tuple(
        str(replace(entry, source=one.name)) for entry, one in zip(entries, found, strict=True)
    )
    return replace(model, embeddings=found), settings.model_copy(update={"embedding": own})


def _found(
    entry: EmbeddingEntry, model: LocalModel, places: Sequence[Path], search: Search
) -> AddedFile:
    found = EMBEDDINGS.find(entry.source, places, search)
    _refuse_misfits(found, model)
    return replace(found, word=entry.word) if entry.word else found


def _named(settings: Settings, places: Sequence[Path], search: Search) -> list[EmbeddingEntry]:
    """The embeddings that are here and that prompts name; a record names its own in the setting."""
    if settings.prompt_syntax == "plain" or search.recorded is not None:
        return []
    sources = (parse_embedding(text).source for text in settings.embedding)
    said = {Path(source).name.removesuffix(SUFFIX) for source in sources}
    names = dict.fromkeys(
        name.strip() for prompt in PROMPTS for name in TAG.findall(getattr(settings, prompt))
    )
    wanted = [name for name in names if is_bare_name(name) and name.isprintable()]
    return [EmbeddingEntry(name) for name in wanted if name not in said and _is_here(name, places)]


def _is_here(name: str, places: Sequence[Path]) -> bool:
    """Whether an embedding of this name is in one of `places`; other files do not count."""
    try:
        path = next((place / f"{name}{SUFFIX}" for place in places
                     if (place / f"{name}{SUFFIX}").is_file()), None)  # fmt: skip
    except OSError:
        return False
    if path is None:
        path = next(iter(files_named("embedding", name)), None)
    return path is not None and bool(tensors_in(check_weights(path, path.name)))


def _refuse_misfits(found: AddedFile, model: LocalModel) -> None:
    """Refuse an embedding of other text encoders than the model has.

    Raises:
        ModelError: It has too few parts, or vectors of another width.
    """
    names = check_weights(found.path, found.path.name)
    parts = tensors_in(names)
    for encoder in ENCODERS:
        config = model.parts / encoder / "config.json"
        if not config.is_file():
            continue
        width = read_json(config, f"{encoder}/config.json").get("hidden_size")
        if encoder not in parts:
            raise ModelError(f"{found.name} was made for a model with one text encoder, not two")
        here = _shape(names[parts[encoder]])[1]
        if here != width:
            raise ModelError(
                f"{found.name} was made for another model: its vectors have {here} numbers, and "
                f"the {encoder} of {model.name} takes {width}"
            )
