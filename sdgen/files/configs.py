"""Named settings in YAML files: the ones that come with sdgen, and a person's own.

A config is a mapping of settings, and one more line, `for:`, that says what it is for. A person's
own configs lie in `~/.config/sdgen/configs/` and stand before shipped ones of the same name;
`~/.config/sdgen/config.yaml` holds what a person always wants.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.errors import InputError, did_you_mean
from sdgen.files.folders import is_file
from sdgen.files.model_folders import KEYS as PLACES
from sdgen.recipe.layers import Layer, layer_from
from sdgen.recipe.settings import folded
from sdgen.sources.paths import from_folder, meant_from

PURPOSE_KEY = "for"
WORDING_KEYS = {"wildcards": "wildcards", "style": "style", "styles": "style"}
"""What a config says of how prompts are put together, which is no setting: spelling → name."""

_ENDINGS = (".yaml", ".yml")


SIGNING_KEYS = ("sign", "sign_key", "sign_time")
"""What a person's own `config.yaml` alone says: certificate, key, timestamp authority."""


@dataclass(frozen=True, slots=True)
class Put:
    """What configs say of how prompts are put together.

    `wildcards` is their folder; `styles` are names in the table.
    """

    wildcards: Path | None = None
    styles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A named config: `purpose` is its `for:` line, `fault` what is wrong with a broken file."""

    name: str
    path: Path
    purpose: str = ""
    fault: str = ""


def user_folder() -> Path | None:
    """Where a person's own settings lie, whether or not it exists; None without a home folder."""
    stated = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(stated).is_absolute():  # the XDG rule: a relative one is ignored
        return Path(stated) / "sdgen"
    try:
        return Path.home() / ".config" / "sdgen"
    except RuntimeError:
        return None


def shipped_folder() -> Path:
    """The configs that come with sdgen: in the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def config_paths() -> Mapping[str, Path]:
    """Every config's name and file, in the order of names; no file is opened."""
    own = user_folder()
    folders = [shipped_folder(), *([own / "configs"] if own else [])]
    found: dict[str, Path] = {}
    for folder in folders:  # the later ones stand before the earlier ones
        found.update({path.stem: path for path in _yaml_files(folder)})
    return dict(sorted(found.items()))


def find_config(name_or_path: str) -> Path:
    """The file that `name_or_path` means: a path when it has a slash or ends in .yaml or .yml.

    Whether a file given by its path exists shows when it is read.

    Raises:
        InputError: There is no config of that name.
    """
    if _is_path(name_or_path):
        return Path(name_or_path)
    known = config_paths()
    if name_or_path in known:
        return known[name_or_path]
    hint = did_you_mean(name_or_path, known) or "`sdgen configs list` shows all"
    raise InputError(f"there is no config {name_or_path!r}", hint=hint)


def load_config(name_or_path: str) -> Layer:
    """What a config says, as a layer whose places are `portrait.yaml, line 7`.

    Raises:
        InputError: It does not exist, is not plain YAML, or says something that is no setting.
    """
    path = find_config(name_or_path)
    return _layer(path, name_or_path if _is_path(name_or_path) else path.name)


def write_config(name_or_path: str, said: Mapping[str, Any], purpose: str) -> Path:
    """Write a config that `load_config` reads by the same name; one that is there stays.

    Args:
        name_or_path: A name, for one of the person's own; or a path, as for `find_config`.
        said: Settings by their names.
        purpose: What it is for; may be empty.

    Raises:
        InputError: The name is none, or there is no home folder for it.
        OutputError: It is taken, or the file cannot be written.
    """
    import yaml  # loads here, not for --help

    from sdgen.files.write import publish

    plain = {name: list(value) if isinstance(value, tuple) else value
             for name, value in said.items()}  # fmt: skip
    whole = {**({PURPOSE_KEY: purpose} if purpose else {}), **plain}
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=1000)
    return publish(text.encode(), _new_path(name_or_path))


def _new_path(name_or_path: str) -> Path:
    if _is_path(name_or_path):
        return Path(name_or_path)
    home = user_folder()
    if home is None:
        raise InputError("there is no home folder for configs", hint="give a path: ./night.yaml")
    if name_or_path.startswith((".", "-")) or not all(c.isprintable() for c in name_or_path):
        raise InputError(f"{name_or_path!r} is no name for a config", hint="night, or ./night.yaml")
    return home / "configs" / f"{name_or_path}.yaml"


def user_defaults() -> Layer | None:
    """What a person always wants: `config.yaml` in `user_folder()`, or None without that file.

    Raises:
        InputError: As `load_config`.
    """
    path = _own_config()
    return _layer(path, str(path), beside=(*PLACES, *SIGNING_KEYS)) if path else None


def signing_in() -> dict[str, str]:
    """What a person's own `config.yaml` says of signing; files are meant from where it lies.

    Raises:
        InputError: It cannot be read, or says it in a way that means nothing.
    """
    path = _own_config()
    said, where = _read(path) if path else ({}, {})
    found = {}
    for key, value in said.items():
        if (name := folded(key)) not in SIGNING_KEYS:
            continue
        if not isinstance(value, str):
            raise InputError(f"{path}, {where[key]}: {name} must be text")
        is_place = path is not None and value and name != "sign_time"
        found[name] = str(from_folder(value, path.parent)) if path and is_place else value
    return found


def _own_config() -> Path | None:
    """A person's `config.yaml`, if there is one."""
    folder = user_folder()
    path = folder / "config.yaml" if folder else None
    return path if path and is_file(path) else None


def wording_in(configs: Sequence[str]) -> Put:
    """What the person's own defaults and `configs` say of wildcards and styles; the last counts.

    Raises:
        InputError: A config is not there, cannot be read, or says it in a way that means nothing.
    """
    own = _own_config()
    found = Put()
    for path in (*([own] if own else []), *map(find_config, configs)):
        found = _put(path, found)
    return found


def _put(path: Path, before: Put) -> Put:
    said, where = _read(path)
    wildcards, styles = before.wildcards, before.styles
    for key, value in said.items():
        name = WORDING_KEYS.get(folded(key))
        if name == "wildcards":
            if not isinstance(value, str):
                raise InputError(f"{path}, {where[key]}: wildcards must be a folder")
            wildcards = from_folder(value, path.parent) if value else None
        elif name == "style":
            names = value.split(",") if isinstance(value, str) else value
            if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
                raise InputError(f"{path}, {where[key]}: style must be names of styles")
            styles = tuple(one.strip() for one in names if one.strip())
    return Put(wildcards, styles)


def list_configs() -> list[Config]:
    """Every named config with what it is for; a broken one says what is wrong with it."""
    return [_describe(name, path) for name, path in config_paths().items()]


def _describe(name: str, path: Path) -> Config:
    try:
        said, _ = _read(path)
        _layer(path, path.name)
    except InputError as error:
        return Config(name, path, fault=str(error))
    return Config(name, path, purpose=said.get(PURPOSE_KEY, ""))


def _layer(path: Path, source: str, *, beside: Collection[str] = ()) -> Layer:
    """What the file says of settings; `beside` are further keys that are none."""
    said, where = _read(path)
    others = {PURPOSE_KEY, *WORDING_KEYS, *beside}
    settings = {key: value for key, value in said.items() if folded(key) not in others}
    return meant_from(layer_from(source, settings, where), path.parent)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The mapping in the file, its purpose checked, and the line of each key."""
    from sdgen.files.yaml_text import read_yaml  # PyYAML loads here, not for --help

    document = read_yaml(path)
    said = {} if document.value is None else document.value
    if not isinstance(said, dict):
        raise InputError(
            f"{path}:1:1: is not a mapping of settings", hint="write lines such as `steps: 20`"
        )
    if not isinstance(said.get(PURPOSE_KEY, ""), str):
        raise InputError(f"{path}, {document.line(PURPOSE_KEY)}: {PURPOSE_KEY} must be text")
    return said, {key: document.line(key) for key in said}


def _is_path(name_or_path: str) -> bool:
    has_slash = "/" in name_or_path or os.sep in name_or_path
    return has_slash or name_or_path.lower().endswith(_ENDINGS)


def _yaml_files(folder: Path) -> list[Path]:
    """The YAML files of `folder`, `.yml` before `.yaml` so that the latter stands."""
    try:
        files = [path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file()]
    except OSError:  # not there, or not for us to read
        return []
    return sorted(files, key=lambda path: path.suffix, reverse=True)
