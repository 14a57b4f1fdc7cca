"""A model that is one file, as the usual sites give it: recognised, checked, and found by name.

Only the header is read here. What the file does not hold, configurations and tokenizers, comes with
sdgen (`models/layouts.py`), so nothing is asked of any site.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError
from sdgen.models import local
from sdgen.models.checkpoint_keys import Contents, Family, contents_of
from sdgen.models.families import FAMILIES
from sdgen.models.folder import CheckedFolder, check_folder
from sdgen.models.hashes import remembered_hashes, sha256_of
from sdgen.models.layouts import layout_files, layout_of
from sdgen.models.weights import PICKLE_ENDINGS, check_weights, pickle_in
from sdgen.models.weights_here import files_named, files_of, has_suffix, is_regular, name_of
from sdgen.recipe.loras import SUFFIX

MAX_YAML_BYTES = 64 * 1024

_PARAMETRIZATION = re.compile(r"""^\s*parameterization\s*:\s*["']?(v|eps)["']?\s*(?:#|$)""", re.M)
_SAYS_512 = re.compile(r"(?<![0-9])512(?![0-9])|(?<![a-z])base(?![a-z])")

_TO_SAFETENSORS = (
    "import sys, torch, safetensors.torch as s; "
    'd = torch.load(sys.argv[1], map_location="cpu", weights_only=True); '
    'd = d.get("state_dict", d); '
    "s.save_file({k: v.clone().contiguous() for k, v in d.items() if torch.is_tensor(v)}, "
    'sys.argv[1].rpartition(".")[0] + ".safetensors")'
)


def open_file(path: Path) -> local.LocalModel:
    """The model in the file at `path`.

    Raises:
        ModelError: It is a pickle, damaged, or something else than a model that sdgen draws with.
    """
    found = contents_in(path)
    if found.family is None:
        raise ModelError(f"{path.name} is {found.instead}", hint=found.hint)
    return _model(path, found, found.family)


def contents_in(path: Path) -> Contents:
    """What the file at `path` holds, by its header.

    Raises:
        ModelError: It is a pickle, or damaged.
    """
    if path.suffix.lower() in PICKLE_ENDINGS:
        raise _pickled(path)
    return contents_of(check_weights(path, path.name))


def is_model(path: Path) -> bool:
    """Whether the file at `path` is a model that sdgen draws with.

    Raises:
        ModelError: It is a pickle, or damaged.
    """
    return contents_in(path).family is not None


def _model(path: Path, found: Contents, family: Family) -> local.LocalModel:
    kind = "StableDiffusionXL" if family.name == "sdxl" else "StableDiffusion"
    repaints = found.channels == 9
    layout, files = layout_of(family.name), layout_files(family.name)
    pipeline = f"{kind}{'Inpaint' if repaints else ''}Pipeline"
    usual = local.from_folder(
        CheckedFolder(layout, pipeline, FAMILIES[family.name], tuple(files), None)
    )
    trained = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    model = replace(
        usual,
        name=_name(path),
        folder=path.absolute(),
        weights=(path.name, *files),
        layout=layout,
        repaints=repaints,
        trained=trained if found.is_zero_snr else {},
    )
    return _with_prediction(model, path, found, family)


def _with_prediction(
    model: local.LocalModel, path: Path, found: Contents, family: Family
) -> local.LocalModel:
    """`model` with a default for what its UNet predicts, where that is not noise, or not known.

    It stands in the settings and so in the record, since what tells it may lie beside the file.
    """
    said = "v_prediction" if found.is_v else _said_beside(path)
    if family.name != "sd2":
        defaults = {"prediction_type": said} if said == "v_prediction" else {}
        return replace(model, defaults={**model.defaults, **defaults})
    guessed = "epsilon" if model.repaints or _SAYS_512.search(path.stem.lower()) else "v_prediction"
    prediction = said or guessed
    side = 768 if prediction == "v_prediction" else 512
    own: dict[str, Any] = {"width": side, "height": side, "prediction_type": prediction}
    other = "epsilon" if prediction == "v_prediction" else "v_prediction"
    remark = (
        f"a file of Stable Diffusion 2 does not say what it predicts; {model.name} is taken for "
        f"{prediction}: if its pictures are mud or noise, --prediction-type {other}"
    )
    remarks = () if said or model.repaints else (remark,)
    return replace(model, defaults={**model.defaults, **own}, remarks=remarks)


def _said_beside(path: Path) -> str:
    """What the UNet predicts, by the `.yaml` beside it that A1111 reads; empty where unsaid."""
    try:
        with path.with_suffix(".yaml").open(encoding="utf-8") as file:
            match = _PARAMETRIZATION.search(file.read(MAX_YAML_BYTES))
    except (OSError, UnicodeDecodeError):
        return ""
    return {"v": "v_prediction", "eps": "epsilon"}[match[1]] if match else ""


def _name(path: Path) -> str:
    """What a record calls the model.

    Raises:
        ModelError: A record could not tell it.
    """
    name = name_of(path)
    if not local.is_bare_name(name) or not name.isprintable():
        raise ModelError(f"{name!r} is no name for a record", hint="give the file another name")
    return name


def _pickled(path: Path) -> ModelError:
    """The refusal of a pickle, which is never opened, with the command that converts it."""
    kind = pickle_in(path) or "a pickle by its name"
    return ModelError(
        f"{path.name} is {kind}, which can run code",
        hint="get its .safetensors, or convert it elsewhere, where it can do no harm: "
        f"python -c {shlex.quote(_TO_SAFETENSORS)} {shlex.quote(path.name)}",
    )


def find_named(name: str) -> local.LocalModel | None:
    """The model called `name` here or in the folders that the person named; None if there is none.

    Raises:
        ModelError: There are several different ones, or it is none that sdgen draws with.
    """
    if not local.is_bare_name(name):
        return None
    stem = name[: -len(SUFFIX)] if has_suffix(name) else name
    spelled = (Path(f"{stem}{ending}") for ending in (SUFFIX, SUFFIX.upper()))
    here = [path for path in spelled if path.is_file()][:1]
    found = here or files_named("model", name)
    if len(found) > 1:
        raise ModelError(
            f"{len(found)} models are called {name!r}",
            hint="say which by its path: --model FILE",
            details=map(str, found),
        )
    return open_path(found[0]) if found else None


def open_path(path: Path) -> local.LocalModel:
    """The model in a file, or in a folder as diffusers writes it.

    Raises:
        ModelError: It is damaged, or none that sdgen draws with.
    """
    return local.from_folder(check_folder(path)) if path.is_dir() else open_file(path)


def names_here() -> list[str]:
    """The names of all models in the folders that the person named."""
    return [name_of(path) for path in files_of("model")]


def find_recorded(name: str, files: Mapping[str, str]) -> local.LocalModel | None:
    """The single file that a record names, known by its hash, whatever it is called here.

    Those of its name are looked at first, then those whose hashes are known, then all others.

    Args:
        name: Of the model there.
        files: Its files there → SHA-256; None is found where they are those of a folder.

    Raises:
        ModelError: A folder that the person named is not there; a file that cannot be read is not
            the one.
    """
    recorded = recorded_file(files)
    if recorded is None:
        return None
    wanted = files[recorded]
    here = [path for path in (Path(recorded),) if is_regular(path)]
    single = [path for path in files_of("model") if has_suffix(path.name) and is_regular(path)]
    known = remembered_hashes(single)
    likely = [path for path in single if path.name == recorded or name_of(path) == name]
    same = [path for path in single if known.get(path) == wanted]
    for path in dict.fromkeys((*here, *likely, *same, *single)):
        if (known.get(path) or _sha256_if_readable(path)) == wanted:
            return as_recorded(replace(open_file(path), name=name), files)
    return None


def _sha256_if_readable(path: Path) -> str:
    """Empty where the file cannot be read: it may be anybody's, and not the one that is wanted."""
    try:
        return sha256_of(path)
    except ModelError:
        return ""


def as_recorded(model: local.LocalModel, files: Iterable[str]) -> local.LocalModel:
    """`model`, its file called as among the recorded `files`: only what is in it is compared."""
    recorded = recorded_file(files)
    if model.layout is None or recorded is None:
        return model
    return replace(model, weights=(recorded, *model.weights[1:]))


def recorded_file(files: Iterable[str]) -> str | None:
    """The name of the single file among the files of a recorded model; None: it was a folder."""
    single = (file for file in files if has_suffix(file) and local.is_bare_name(file))
    return next(single, None)


def facts_of(model: local.LocalModel, hashes: Mapping[str, str]) -> dict[str, Any]:
    """What is told of a single file beside what is told of a folder; empty for folders."""
    if model.layout is None:
        return {}
    digest = hashes[model.weights[0]]
    return {"family": model.layout.name, "sha256": digest, "short_hash": digest[:10]}
