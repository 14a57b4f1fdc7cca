"""A person's own named models: `models.yaml` in the folder of their settings.

::

    mymodel:
      repository: owner/name        # on the hub, or
      folder: ~/models/mine         # a diffusers folder
      summary: What it draws well.
      defaults: {steps: 30, guidance_scale: 6}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdgen.errors import InputError, did_you_mean
from sdgen.files.configs import user_folder
from sdgen.files.folders import is_file
from sdgen.models.catalogue import CATALOGUE, Entry
from sdgen.models.hub_names import is_repository, is_revision
from sdgen.models.local import is_bare_name
from sdgen.recipe.layers import layer_from

FILE = "models.yaml"
KINDS: Mapping[str, Any] = {
    "repository": str, "folder": str, "revision": str, "variant": str, "summary": str,
    "licence": str, "family": str, "gated": bool, "languages": list, "defaults": dict,
}  # fmt: skip
"""What may be said of a model, and what kind of value it is."""


def own_models() -> Mapping[str, Entry]:
    """A person's own models by name; none where there is no such file.

    Raises:
        InputError: The file says something wrong; the message has the line.
    """
    folder = user_folder()
    path = folder / FILE if folder else None
    if path is None or not is_file(path):
        return {}
    from sdgen.files.yaml_text import read_yaml  # PyYAML loads here, not for --help

    document = read_yaml(path)
    said = {} if document.value is None else document.value
    if not isinstance(said, dict):
        raise InputError(f"{path}: is not a table of models", hint="NAME: {repository: OWNER/NAME}")
    return {name: _entry(f"{path}, {document.line(name)}", name, said[name]) for name in said}


def _entry(place: str, name: str, said: Any) -> Entry:
    if name == "storybook" or not is_bare_name(name) or "@" in name or not name.isprintable():
        raise InputError(f"{place}: {name!r} is no name for a model")
    if not isinstance(said, dict):
        raise InputError(f"{place}: {name} must be a table", hint="{repository: OWNER/NAME}")
    for key, value in said.items():
        _check(place, key, value)
    if ("repository" in said) == ("folder" in said):
        raise InputError(f"{place}: {name} needs a repository or a folder, one of them")
    defaults = layer_from(f"{place}: defaults", said.get("defaults", {})).values
    return _read(said, name, defaults, place)


def _check(place: str, key: str, value: Any) -> None:
    """Refuse a key that means nothing, and a value that is of another kind."""
    if key not in KINDS:
        hint = did_you_mean(key, KINDS) or f"there are {', '.join(KINDS)}"
        raise InputError(f"{place}: {key!r} is nothing that is said of a model", hint=hint)
    if not isinstance(value, KINDS[key]):
        raise InputError(f"{place}: {key} must be {_KIND_WORDS[KINDS[key]]}")


_KIND_WORDS = {str: "text", bool: "true or false", list: "a list of texts", dict: "settings"}


def _read(said: Mapping[str, Any], name: str, defaults: Mapping[str, Any], place: str) -> Entry:
    repository, revision = said.get("repository", ""), said.get("revision", "main")
    if repository and not is_repository(repository):
        raise InputError(f"{place}: repository must be OWNER/NAME, not {repository!r}")
    if not is_revision(revision):
        raise InputError(f"{place}: revision must be a branch, a tag or a commit")
    variant = said.get("variant", "fp16")
    if variant not in ("fp16", "full"):
        raise InputError(f"{place}: variant must be fp16 or full, not {variant!r}")
    shipped = CATALOGUE.get(name)
    return Entry(
        name=name,
        summary=said.get("summary", shipped.summary if shipped else ""),
        licence=said.get("licence", ""),
        family=said.get("family", ""),
        folder=Path(said["folder"]).expanduser() if "folder" in said else None,
        repository=repository,
        revision=revision,
        gated=said.get("gated", False),
        variant="fp16" if variant == "fp16" else None,
        languages=tuple(map(str, said.get("languages", ()))),
        defaults=defaults,
    )
