"""Upscalers: files of networks that enlarge pictures; headers are read, and nothing is loaded."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import ModelError
from sdgen.models.finding import AddedFile, Kind, Search, recorded_name
from sdgen.models.hashes import identity_of, sha256_of
from sdgen.models.local import LocalModel
from sdgen.models.upscaler_keys import Network, network_of
from sdgen.models.weights import check_weights
from sdgen.recipe.settings import Settings

if TYPE_CHECKING:
    from sdgen.metadata.record import AddedRecord

ASK = "say where it is: --upscaler FILE, or its folder: --lora-dir FOLDER"


def with_upscaler(
    model: LocalModel, settings: Settings, search: Search
) -> tuple[LocalModel, Settings]:
    """`model` with the upscaler that `settings` name; without one if they name none.

    Raises:
        ModelError: It is not here, or is none.
    """
    if not settings.upscaler:
        return replace(model, upscaler=None) if model.upscaler else model, settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / "upscalers"]
    found = UPSCALERS.find(settings.upscaler, places, search)
    named = settings.model_copy(update={"upscaler": found.name})
    return replace(model, upscaler=found), named


def network_in(file: AddedFile) -> Network:
    """What network a checked file holds.

    Raises:
        ModelError: It is another file by now.
    """
    network = network_of(check_weights(file.path, file.path.name))
    if network is None:
        raise ModelError(f"{file.name} was changed while it was in use")
    return network


def recorded_as(file: AddedFile) -> "AddedRecord":
    """What a record says of this upscaler."""
    from sdgen.metadata.record import AddedRecord  # Pillow loads here

    return AddedRecord(
        kind="upscaler", name=file.name, sha256=file.sha256, modules=network_in(file).blocks
    )


def check_upscaler(path: Path) -> AddedFile:
    """The upscaler at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, no upscaler that sdgen knows, or of a name that a
            record could not tell.
    """
    return _check(path, identity_of(path, path.name))


@lru_cache(maxsize=16)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    if network_of(check_weights(path, path.name)) is None:
        raise ModelError(
            f"{path.name} is no upscaler that sdgen reads",
            hint="it reads ESRGAN, Real-ESRGAN and their compact network, as .safetensors",
        )
    return AddedFile(recorded_name(path, ()), path, sha256_of(path), "upscaler")


UPSCALERS = Kind("upscaler", "upscaler", (), ASK, check_upscaler)
