"""All that settings add to a model, found and checked: LoRAs, a VAE and so on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sdgen.models.controlnet import CONTROLNETS, with_controlnets
from sdgen.models.embedding import EMBEDDINGS, with_embeddings
from sdgen.models.finding import AddedFile, OnHub, Search
from sdgen.models.ip_adapter import IMAGE_ENCODERS, IP_ADAPTERS, with_ip_adapters
from sdgen.models.local import LocalModel
from sdgen.models.lock import ADDED, Lock
from sdgen.models.lora import find_lora, with_loras
from sdgen.models.upscaler import UPSCALERS, with_upscaler
from sdgen.models.vae import VAES
from sdgen.recipe.settings import Settings

KINDS = tuple(f"{kind} " for kind in ADDED)
"""What the names of added files begin with, among those of a model."""


def with_added_files(
    model: LocalModel, settings: Settings, search: Search
) -> tuple[LocalModel, Settings]:
    """`model` with the files that `settings` ask for, and these with names instead of paths.

    Raises:
        InputError: A tag of the prompt cannot be read, or two files have one name or word.
        ModelError: One is not here, or is none of its kind.
    """
    for add in (
        with_loras,
        with_embeddings,
        with_vae,
        with_controlnets,
        with_ip_adapters,
        with_upscaler,
    ):
        model, settings = add(model, settings, search)
    return model, settings


def files_of(lock: Lock, folders: Sequence[Path]) -> tuple[AddedFile, ...]:
    """All added files that `lock` names, where they are on this machine.

    Raises:
        ModelError: One is not here.
    """
    hashes = {f"{k} {n}": h for k in ADDED for n, h in lock.added(k).items()}
    on_hub = {key: OnHub(**one.model_dump()) for key, one in (lock.on_hub or {}).items()}
    search, places = Search(folders, hashes, on_hub), [*folders, Path()]
    return (
        *(find_lora(name, places, search) for name in lock.added("lora")),
        *(EMBEDDINGS.find(name, places, search) for name in lock.added("embedding")),
        *(VAES.find(name, places, search) for name in lock.added("vae")),
        *(
            kind.find(name, places, search)
            for kind in (CONTROLNETS, IP_ADAPTERS, IMAGE_ENCODERS, UPSCALERS)
            for name in lock.added(kind.name)
        ),
    )


def places_of(models: Sequence[LocalModel]) -> list[Path]:
    """Where files lie that these models are drawn with: beside them, and in their own folders."""
    return [
        place
        for model in models
        for place in (model.folder.parent, *(model.folder / name for name in ADDED.values()))
    ]


def with_vae(model: LocalModel, settings: Settings, search: Search) -> tuple[LocalModel, Settings]:
    """`model` with the VAE that `settings` name; its own if they name none.

    Raises:
        ModelError: It is not here, or is none.
    """
    if not settings.vae:
        return replace(model, vae=None) if model.vae else model, settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / "vaes"]
    vae = VAES.find(settings.vae, places, search)
    return replace(model, vae=vae), settings.model_copy(update={"vae": vae.name})
