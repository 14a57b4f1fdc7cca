"""IP-Adapters and their image encoder: names or paths become checked files; nothing is loaded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from sdgen.errors import InputError, ModelError
from sdgen.models.finding import AddedFile, Kind, Search, recorded_name
from sdgen.models.folder import read_json
from sdgen.models.hashes import identity_of, sha256_of
from sdgen.models.local import LocalModel
from sdgen.models.unets import refuse_misfit, text_widths
from sdgen.models.weights import check_weights
from sdgen.recipe.ip_adapter import parse_ip
from sdgen.recipe.settings import Settings

ENCODER: Final = "image_encoder"
"""The folder that an image encoder is in, where nobody says another."""

ENCODER_IN_FOLDER = ("model.safetensors", "model.fp16.safetensors")

ASK = "say where it is: --ip-adapter FILE, or its folder: --lora-dir FOLDER"
ASK_ENCODER = "say where it is: --image-encoder FOLDER, CLIP's as transformers writes it"

TO_KEY = "to_k_ip.weight"

_LAYER = re.compile(r"ip_adapter\.\d+\.to_[kv]_ip\.weight")
_PROJECTIONS = ("image_proj.proj.weight", "image_proj.latents", "image_proj.proj.3.weight")
"""Of the plain ones, of those called Plus, and of those for whole faces."""


def is_ip_adapter(names: Iterable[str]) -> bool:
    """Whether tensors of these names are an IP-Adapter's."""
    known = set(names)
    has_layers = any(_LAYER.fullmatch(name) for name in known)
    return has_layers and any(name.startswith("image_proj.") for name in known)


def is_encoder(names: Iterable[str]) -> bool:
    """Whether tensors of these names are those of CLIP's image encoder, with its projection."""
    return "visual_projection.weight" in set(names)


def layers_in(names: Iterable[str]) -> int:
    """The attention layers that an IP-Adapter adds to."""
    return sum(name.endswith(TO_KEY) for name in names)


def check_ip_adapter(path: Path) -> AddedFile:
    """The IP-Adapter at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, something else, or of a name that a record could not
            tell.
    """
    return _check(path, identity_of(path, path.name))


@lru_cache(maxsize=16)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    names = check_weights(path, path.name)
    if not is_ip_adapter(names):
        raise ModelError(f"{path.name} is no IP-Adapter: it has not its projections of pictures")
    if names.keys().isdisjoint(_PROJECTIONS) or any("_lora." in name for name in names):
        raise ModelError(
            f"{path.name} is a FaceID adapter, which sees faces by another program's numbers, and "
            "sdgen does not draw with it"
        )
    return AddedFile(recorded_name(path, ()), path, sha256_of(path), "ip_adapter")


def check_encoder(path: Path) -> AddedFile:
    """CLIP's image encoder at `path`, with a config.json beside it.

    Raises:
        ModelError: It is not whole, a pickle, something else, or without config.json.
    """
    return _check_encoder(path, identity_of(path, path.name))


@lru_cache(maxsize=16)
def _check_encoder(path: Path, _: str) -> AddedFile:
    shown = f"{path.absolute().parent.name}/{path.name}"
    names = check_weights(path, shown)
    if not is_encoder(names):
        raise ModelError(f"{shown} is no image encoder of CLIP: it has no visual_projection")
    if not (path.parent / "config.json").is_file():
        raise ModelError(f"{shown} has no config.json beside it", hint=ASK_ENCODER)
    name = recorded_name(path, ENCODER_IN_FOLDER)
    return AddedFile(name, path, sha256_of(path), ENCODER)


IP_ADAPTERS = Kind("ip_adapter", "IP-Adapter", (), ASK, check_ip_adapter)
IMAGE_ENCODERS = Kind(ENCODER, "image encoder", ENCODER_IN_FOLDER, ASK_ENCODER, check_encoder)


def with_ip_adapters(
    model: LocalModel, settings: Settings, search: Search
) -> tuple[LocalModel, Settings]:
    """`model` with the IP-Adapters of `settings` and what they see with; names instead of paths.

    Raises:
        InputError: Two have one name.
        ModelError: One is not here, is none, or was made for another model or encoder.
    """
    if not settings.ip_adapter:
        is_clean = not (model.ip_adapters or model.image_encoder)
        return model if is_clean else replace(model, ip_adapters=(), image_encoder=None), settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / "ip_adapters"]
    entries = [parse_ip(text) for text in settings.ip_adapter]
    found = tuple(IP_ADAPTERS.find(entry.source, places, search) for entry in entries)
    if len({one.name for one in found}) < len(found):
        raise InputError(
            "two IP-Adapters have the same name", hint="give one of the files another name"
        )
    beside = [place for one in found for place in (one.path.parent, one.path.parent.parent)]
    encoder = IMAGE_ENCODERS.find(
        settings.image_encoder or ENCODER, [*beside, model.folder, *places], search
    )
    for one in found:
        _refuse_misfit(one, model, encoder)
    named = tuple(str(replace(e, source=one.name)) for e, one in zip(entries, found, strict=True))
    own = {"ip_adapter": named, "image_encoder": encoder.name}
    model = replace(model, ip_adapters=found, image_encoder=encoder)
    return model, settings.model_copy(update=own)


def _refuse_misfit(found: AddedFile, model: LocalModel, encoder: AddedFile) -> None:
    """Refuse an adapter for another model, or for another encoder.

    Raises:
        ModelError: It is one.
    """
    names = check_weights(found.path, found.path.name)
    refuse_misfit(found.name, text_widths(names, TO_KEY), model, "IP-Adapters")
    config = read_json(encoder.path.parent / "config.json", f"{encoder.name}/config.json")
    for name, key in _SEEN.items():
        if name in names and (width := names[name].shape[-1]) != config.get(key):
            raise ModelError(
                f"{found.name} was made for another image encoder: it takes {width} numbers, and "
                f"{encoder.name} gives {config.get(key)}",
                hint=ASK_ENCODER,
            )


_SEEN: Mapping[str, str] = {
    "image_proj.proj.weight": "projection_dim",
    "image_proj.proj_in.weight": "hidden_size",
    "image_proj.proj.0.weight": "hidden_size",
}
"""The tensor that reads what the encoder gives → how its config.json calls the width of that."""
