"""A model on this machine: its folder, checked, with the facts that settings need.

Reads small JSON files, headers of weight files, and hashes; nothing here loads weights or runs
code.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdgen.errors import ModelError, did_you_mean
from sdgen.models.catalogue import CATALOGUE, STORYBOOK, Entry, all_entries, find_entry
from sdgen.models.families import (
    FAMILIES,
    Family,
    Guidance,
    TextReader,
    guidance_of,
    readers_of,
)
from sdgen.models.few_steps import is_named_so
from sdgen.models.folder import CheckedFolder, check_folder, read_json
from sdgen.models.hashes import expected_hashes, hash_paths, identity_of
from sdgen.recipe.schedulers import from_diffusers
from sdgen.recipe.sizes import SizeRule

if TYPE_CHECKING:
    from sdgen.models.finding import AddedFile

_BARE_NAME = re.compile(r"[^~./\\:][^/\\:]*")

OWN_LORAS = "loras"
"""The folder in a model's own folder where LoRAs lie that come with it."""

TRAINING_SCHEDULERS = ("ddim", "ddpm", "pndm")
"""What checkpoints carry from training; nobody would choose them for drawing in 20 steps."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A diffusers folder, or one file of all weights, that passed its checks.

    `name` is what the record says (never a path); `weights` are the files that decide the pixels,
    relative to `folder`; `defaults` is the model's own layer of settings; `variant` is `fp16` when
    only half-precision weights are there; `text_layers` is None where the folder does not say.
    `repaints` says that its UNet was trained for masks alone, and sees mask and picture beside the
    noise.
    `loras` are added while it draws, in this order (`with_loras`); `vae` decodes instead of its
    own; `embeddings` are words that it learns for prompts; `controlnets` follow pictures, and
    `ip_adapters` look at them with `image_encoder`; `upscaler` enlarges what it drew.
    `family` says what it can do and `guidance` how it is guided; `readers` are its tokenizers.
    A single file is `folder` itself; configurations and tokenizers are then those of `layout`, and
    `trained` is what the file tells otherwise of the training, as a scheduler's configuration does.
    `remarks` must be told before it draws.
    `repository` and `revision` are where on the hub it comes from, if it does, and the commit.
    """

    name: str
    folder: Path
    pipeline: str
    weights: tuple[str, ...]
    defaults: Mapping[str, Any]
    sizes: SizeRule
    revision: str | None = None
    repository: str = ""
    variant: str | None = None
    text_layers: int | None = None
    repaints: bool = False
    loras: "tuple[AddedFile, ...]" = ()
    vae: "AddedFile | None" = None
    embeddings: "tuple[AddedFile, ...]" = ()
    controlnets: "tuple[AddedFile, ...]" = ()
    ip_adapters: "tuple[AddedFile, ...]" = ()
    image_encoder: "AddedFile | None" = None
    upscaler: "AddedFile | None" = None
    layout: Path | None = None
    trained: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    family: Family = FAMILIES["sd1"]
    guidance: Guidance = "free"
    readers: tuple[TextReader, ...] = FAMILIES["sd1"].readers

    @property
    def parts(self) -> Path:
        """The folder with its configurations and tokenizers."""
        return self.layout or self.folder

    def path_of(self, file: str) -> Path:
        """Where one of `weights` lies."""
        if self.layout is None:
            return self.folder / file
        return self.layout.parent / file if "/" in file else self.folder

    @property
    def added(self) -> "tuple[AddedFile, ...]":
        """All that is added to it while it draws."""
        alone = [one for one in (self.vae, self.image_encoder, self.upscaler) if one is not None]
        return (*self.loras, *self.embeddings, *self.controlnets, *self.ip_adapters, *alone)

    def hashes(self, *, read_all: bool = False) -> dict[str, str]:
        """SHA-256 in hex of each of `weights`; `read_all` believes no memory.

        Raises:
            ModelError: A file cannot be read.
        """
        files = tuple((file, self.path_of(file)) for file in self.weights)
        if read_all:
            return hash_paths(dict(files), read_all=True)
        return dict(_hashes(files, self.fingerprint()))

    def fingerprint(self) -> tuple[str, ...]:
        """Inode, size and times of each of `weights`: changes when a file does.

        Raises:
            ModelError: A file cannot be read.
        """
        return tuple(identity_of(self.path_of(file), file) for file in self.weights)


@lru_cache(maxsize=8)
def _hashes(files: tuple[tuple[str, Path], ...], _: tuple[str, ...]) -> dict[str, str]:
    """The hashes of files that have not changed since, which their fingerprint tells."""
    return hash_paths(dict(files))


def is_bare_name(name: str) -> bool:
    """Whether `name` is one that a record or a lock may use: it leads to no other place."""
    return _BARE_NAME.fullmatch(name) is not None


@lru_cache(maxsize=64)
def find_model(name: str) -> LocalModel:
    """The model called `name`: of the catalogue, a folder or file, in a named folder, on the hub.

    With `@revision` behind it, a name means that branch, tag or commit on the hub.

    Raises:
        ModelError: There is no such model here, or it is damaged.
    """
    from sdgen.models import from_hub, single_file  # which make their models of what is below

    entry = find_entry(name)
    if entry is not None and entry.folder == STORYBOOK:
        return _built_in(entry, entry.folder)
    if entry is not None and entry.folder:
        return from_hub.as_entry(single_file.open_path(entry.folder), entry)
    path = None if entry else _existing(name)
    if path is None:
        found = None if entry else single_file.find_named(name)
        if (found := found or from_hub.find_on_hub(name)) is not None:
            return found
        raise _unknown(name, single_file.names_here())
    if not path.is_dir():
        return single_file.open_file(path)
    try:
        return from_folder(check_folder(path.absolute()))
    except OSError as error:  # a part of it is closed to us
        raise ModelError(f"the model in {path.name} cannot be read: {error.strerror}") from error


def _unknown(name: str, names_here: Iterable[str]) -> ModelError:
    hint = _built_in_lora(name) or did_you_mean(name, [*all_entries(), *names_here])
    hint = hint or "see sdgen models list; a folder, a file or owner/name on the hub works too"
    return ModelError(f"no model {name!r} here", hint=hint)


def _built_in_lora(name: str) -> str:
    """What to do where `name` is that of a LoRA which comes with a model; empty where it is not."""
    for entry in CATALOGUE.values() if is_bare_name(name) else ():
        if entry.folder and (entry.folder / OWN_LORAS / f"{name}.safetensors").is_file():
            return f"{name} is a LoRA of {entry.name}: --lora {name}; see sdgen configs list"
    return ""


def _existing(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError) as error:  # a name too long, a folder closed to us, no such home
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"no model {name!r} here: {str(reason).lower()}") from error


def _built_in(entry: Entry, folder: Path) -> LocalModel:
    """The catalogue's model; its files must be the very ones that were shipped."""
    again = "install sdgen again, or say which model to use: --model FOLDER"
    if not (folder / "model_index.json").is_file():
        raise ModelError(f"the built-in model {entry.name} is missing", hint=again)
    model = from_folder(check_folder(folder))
    expected = expected_hashes(folder)
    for file, digest in model.hashes().items():
        if expected.get(file) != digest:
            raise ModelError(f"the built-in model {entry.name} is damaged: {file}", hint=again)
    defaults = {**model.defaults, **entry.defaults}
    sizes = entry.sizes if entry.sizes.only else model.sizes
    return replace(model, name=entry.name, defaults=defaults, sizes=sizes)


def from_folder(checked: CheckedFolder) -> LocalModel:
    """The model in a folder that passed its checks.

    Raises:
        ModelError: Its UNet is of a kind that sdgen does not know.
    """
    family, factor = checked.family, _pixels_per_latent(checked)
    layers = checked.config("text_encoder").get("num_hidden_layers")
    network = checked.config("transformer" if family.flow else "unet")
    guidance = guidance_of(family, network)
    index = read_json(checked.path / "model_index.json", "model_index.json")
    parts = [name for name, value in index.items() if value != [None, None]]
    return LocalModel(
        name=checked.shown,
        folder=checked.path,
        pipeline=checked.pipeline,
        weights=checked.files,
        defaults=_defaults(checked, factor, guidance),
        sizes=SizeRule(multiple=factor * family.patch, longest=_longest(network, factor)),
        variant=checked.variant,
        text_layers=layers if isinstance(layers, int) and layers > 0 else None,
        repaints=_repaints(checked),
        family=family,
        guidance=guidance,
        readers=readers_of(family, network, parts),
    )


def _longest(network: Mapping[str, Any], factor: int) -> int:
    """The longest side in pixels that the network has places for; 0 where it has for all."""
    most = network.get("pos_embed_max_size")
    return most * int(network.get("patch_size", 1)) * factor if isinstance(most, int) else 0


def _repaints(checked: CheckedFolder) -> bool:
    """Whether the UNet takes nine channels: noise, mask, and what of the picture stays.

    Raises:
        ModelError: It takes another number, of which sdgen does not know the meaning.
    """
    channels = checked.config("unet").get("in_channels", 4)
    if channels not in (4, 9):
        raise ModelError(
            f"{checked.shown} has a UNet of {channels} channels; sdgen draws with 4, "
            "and with the 9 of models that repaint"
        )
    return bool(channels == 9)


def _pixels_per_latent(checked: CheckedFolder) -> int:
    """The VAE's scale factor: it halves the picture once between each two of its levels."""
    levels = checked.config("vae").get("block_out_channels")
    return int(2 ** (len(levels) - 1)) if isinstance(levels, list) and levels else 8


def _defaults(checked: CheckedFolder, factor: int, guidance: Guidance) -> dict[str, Any]:
    """Size, scheduler, steps and guidance that the checkpoint was made for, as its files say."""
    defaults: dict[str, Any] = dict(checked.family.defaults)
    if guidance == "none" or (checked.family.flow and is_named_so(checked.shown)):
        defaults.update(steps=4 if guidance == "none" else 8, guidance_scale=0.0)
    side = _trained_side(checked, factor)
    if 64 <= side <= 4096:
        defaults.update(width=side, height=side)
    config = checked.config("scheduler", "scheduler_config.json")
    own = from_diffusers(str(config.get("_class_name")), config)
    if own is not None and own.name not in TRAINING_SCHEDULERS:
        defaults["scheduler"] = own.name
    return defaults


def _trained_side(checked: CheckedFolder, factor: int) -> int:
    """The side in pixels of pictures in training; 0 where the files do not say."""
    if checked.family.flow and checked.family.name != "sd3":  # their transformers do not say
        sample = checked.config("vae").get("sample_size")
        return sample if isinstance(sample, int) else 0
    sample = checked.config("transformer" if checked.family.flow else "unet").get("sample_size")
    return sample * factor if isinstance(sample, int) else 0
