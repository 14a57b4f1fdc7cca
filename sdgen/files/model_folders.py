"""The folders of weights that a person's `config.yaml` names, and those of other programs in them.

::

    model_dirs: [~/models, /data/checkpoints]
    lora_dirs: ~/loras
    a1111: ~/stable-diffusion-webui
    comfyui: ~/ComfyUI
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from sdgen.errors import InputError
from sdgen.files.folders import is_file
from sdgen.named_folders import Kind, NamedFolder

_ADDED: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "model")

KEYS = ("model_dirs", "lora_dirs", "a1111", "comfyui")
"""What `config.yaml` may say beside settings."""

_OF_A1111: tuple[tuple[Kind, str], ...] = (
    ("model", "models/Stable-diffusion"), ("lora", "models/Lora"), ("lora", "models/LyCORIS"),
    ("vae", "models/VAE"), ("embedding", "embeddings"), ("controlnet", "models/ControlNet"),
    ("controlnet", "extensions/sd-webui-controlnet/models"), ("ip_adapter", "models/ControlNet"),
    ("upscaler", "models/ESRGAN"), ("upscaler", "models/RealESRGAN"),
)  # fmt: skip
"""Where A1111's web UI and its relatives keep weights, in their own folder."""

_COMFYUI_KEYS: Mapping[str, Kind] = {
    "checkpoints": "model", "loras": "lora", "vae": "vae", "embeddings": "embedding",
    "controlnet": "controlnet", "ipadapter": "ip_adapter",
    "upscale_models": "upscaler",
}  # fmt: skip
_OF_COMFYUI = tuple((kind, f"models/{key}") for key, kind in _COMFYUI_KEYS.items())
_MORE_OF_COMFYUI = "extra_model_paths.yaml"
"""Where a person told ComfyUI of further folders, those of A1111 for instance."""


def folders_in_config() -> list[NamedFolder]:
    """The folders that `config.yaml` names; none where there is no such file.

    Raises:
        InputError: It, or ComfyUI's own list, is not plain YAML, or names no folders there.
    """
    from sdgen.files.configs import user_folder
    from sdgen.files.yaml_text import read_yaml  # PyYAML loads here, not for --help

    home = user_folder()
    path = home / "config.yaml" if home else None
    if path is None or not is_file(path):
        return []
    document = read_yaml(path)
    said = document.value if isinstance(document.value, dict) else {}
    found: list[NamedFolder] = []
    for key in (key for key in KEYS if key in said):
        where = f"{key} ({path.name}, {document.line(key)})"
        for folder in _paths(said[key], where, path.parent):
            found += _named_by(key, folder, where)
    return found


def _named_by(key: str, folder: Path, where: str) -> Iterator[NamedFolder]:
    if key == "model_dirs":
        yield NamedFolder("model", folder, where)
    elif key == "lora_dirs":
        yield from (NamedFolder(kind, folder, where) for kind in _ADDED)
    else:
        if not folder.is_dir():
            raise InputError(f"{where} names {folder}, and there is no such folder")
        own = _OF_A1111 if key == "a1111" else _OF_COMFYUI
        yield from (NamedFolder(kind, folder / name, where, is_said=False) for kind, name in own)
        if key == "comfyui":
            yield from _more_of_comfyui(folder / _MORE_OF_COMFYUI)


def _paths(said: Any, where: str, base: Path) -> list[Path]:
    """One path or a list of them; `~` is the home folder, others are meant from `base`.

    Raises:
        InputError: It is neither.
    """
    listed = said if isinstance(said, list) else [said]
    if not all(isinstance(one, str) and one.strip() for one in listed):
        raise InputError(f"{where} must be a folder, or a list of folders")
    try:
        return [base / Path(one).expanduser() for one in listed]
    except RuntimeError as error:  # no such home
        raise InputError(f"{where}: {str(error).lower()}") from error


def _more_of_comfyui(path: Path) -> Iterator[NamedFolder]:
    """The folders in ComfyUI's list: for each program a base and folders in it, one a line."""
    from sdgen.files.yaml_text import read_yaml

    if not is_file(path):
        return
    document = read_yaml(path)
    for name, program in (document.value or {}).items() if _is_table(document.value) else ():
        if not _is_table(program):
            continue
        base = path.parent / Path(str(program.get("base_path") or "")).expanduser()
        for key, kind in _COMFYUI_KEYS.items():
            where = f"{path.name}, {document.line(name, key)}"
            lines = str(program.get(key) or "").splitlines()
            for line in filter(None, map(str.strip, lines)):
                yield NamedFolder(kind, base / Path(line).expanduser(), where, is_said=False)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)
