"""ControlNet files: a name or a path becomes a checked file with its hash; nothing is loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sdgen.errors import ModelError
from sdgen.models.finding import AddedFile, Kind, Search, recorded_name
from sdgen.models.folder import read_json
from sdgen.models.hashes import identity_of, sha256_of
from sdgen.models.local import LocalModel
from sdgen.models.unets import refuse_misfit, text_widths
from sdgen.models.weights import Tensor, check_weights
from sdgen.recipe.control import parse_control
from sdgen.recipe.settings import Settings

IN_FOLDER = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
)
"""What diffusers calls the file in a ControlNet's folder."""

ASK = "say where it is: --controlnet FILE or FOLDER, or its folder: --lora-dir FOLDER"

LDM_PREFIX = "control_model."
"""Before the names of the first ControlNets' code."""

_OF_DIFFUSERS = ("controlnet_cond_embedding.conv_in.weight", "controlnet_mid_block.weight")
_OF_LDM = ("input_hint_block.0.weight", "middle_block_out.0.weight")

_OTHERS: Mapping[str, tuple[str, ...]] = {
    "a union of ControlNets": ("task_embedding", "control_add_embedding.linear_1.weight",
                               "controlnet_mode_embedder.weight"),
    "a Control-LoRA": ("lora_controlnet",),
    "a ControlNet for transformers": ("controlnet_x_embedder.weight",
                                      "pos_embed_input.proj.weight"),
    "a T2I-Adapter": ("adapter.body.0.resnets.0.block1.weight", "body.0.block1.weight",
                      "adapter.conv_in.weight"),
    "a ControlNet-LLLite": ("lllite_unet_",),
    "an IP-Adapter (--ip-adapter)": ("image_proj.",),
}  # fmt: skip
"""What people also call a ControlNet → beginnings of names that only it has."""


def is_controlnet(names: Iterable[str]) -> bool:
    """Whether tensors of these names are a ControlNet's: a way in for pictures, and ways out."""
    plain = {name.removeprefix(LDM_PREFIX) for name in names}
    return plain.issuperset(_OF_DIFFUSERS) or plain.issuperset(_OF_LDM)


def check_controlnet(path: Path) -> AddedFile:
    """The ControlNet at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, something else, or of a name that a record could not
            tell.
    """
    return _check(path, identity_of(path, path.name))


@lru_cache(maxsize=16)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    names = check_weights(path, path.name)
    for kind, signs in _OTHERS.items():
        if any(name.startswith(signs) for name in names):
            raise ModelError(f"{path.name} is {kind}, which --controlnet does not draw with")
    if not is_controlnet(names):
        raise ModelError(f"{path.name} is no ControlNet: it has no way in for pictures")
    _refuse_unusual(path)
    return AddedFile(recorded_name(path, IN_FOLDER), path, sha256_of(path), "controlnet")


def _refuse_unusual(path: Path) -> None:
    """Refuse what only the config.json beside the weights could tell, and no record would.

    Raises:
        ModelError: It says that the network pools what it says, or takes its channels reversed.
    """
    config = path.parent / "config.json"
    if path.name not in IN_FOLDER or not config.is_file():
        return
    said = read_json(config, "config.json")
    if (
        said.get("global_pool_conditions")
        or said.get("controlnet_conditioning_channel_order") == "bgr"
    ):
        raise ModelError(
            f"{path.absolute().parent.name} is a ControlNet of an unusual kind (pooled, or with "
            "reversed channels), which sdgen does not draw with"
        )


CONTROLNETS = Kind("controlnet", "ControlNet", IN_FOLDER, ASK, check_controlnet)


def with_controlnets(
    model: LocalModel, settings: Settings, search: Search
) -> tuple[LocalModel, Settings]:
    """`model` with the ControlNets that `settings` ask for, and these with names instead of paths.

    Raises:
        ModelError: One is not here, is none, or was made for another model.
    """
    if not settings.controlnet:
        return replace(model, controlnets=()) if model.controlnets else model, settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / "controlnets"]
    entries = [parse_control(text) for text in settings.controlnet]
    found = tuple(CONTROLNETS.find(entry.source, places, search) for entry in entries)
    for one in found:
        names = check_weights(one.path, one.path.name)
        refuse_misfit(one.name, _text_widths(names), model, "ControlNets")
    named = tuple(str(replace(e, source=one.name)) for e, one in zip(entries, found, strict=True))
    return replace(model, controlnets=found), settings.model_copy(update={"controlnet": named})


def _text_widths(names: Mapping[str, Tensor]) -> dict[str, int]:
    return text_widths(names, "attn2.to_k.weight")
