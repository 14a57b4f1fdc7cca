"""A diffusers folder, checked before anything loads it: what is in it, and that all is there.

diffusers itself finds some faults only in the middle of the work, invents a tokenizer where
there is none, and would fall back to pickled weights.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError
from sdgen.models.families import Family, family_named, told_apart
from sdgen.models.weights import CONVERT, PICKLE_ENDINGS, check_weights

LIBRARIES = ("diffusers", "transformers", "stable_diffusion")
CLASSES: dict[str, str] = {
    "unet": r"UNet2DConditionModel",
    "vae": r"AutoencoderKL",
    "text_encoder": r"CLIPTextModel",
    "text_encoder_2": r"CLIPTextModelWithProjection",
    "text_encoder_3": r"T5EncoderModel",
    "transformer": r"[A-Za-z0-9]+Transformer2DModel",
    "tokenizer": r"CLIPTokenizer(Fast)?",
    "tokenizer_2": r"CLIPTokenizer(Fast)?",
    "tokenizer_3": r"T5Tokenizer(Fast)?",
    "scheduler": r"[A-Za-z0-9]+Scheduler",
    "safety_checker": r"StableDiffusionSafetyChecker",
    "feature_extractor": r"CLIPImageProcessor(Fast|Pil)?|CLIPFeatureExtractor",
    "image_processor": r"CLIPImageProcessor(Fast|Pil)?|CLIPFeatureExtractor",
    "image_encoder": r"CLIPVisionModelWithProjection",
}
"""Each part that a pipeline may have, and the classes that may load it. An `Auto…` class would look
for code in the folder."""

TOKENIZER_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))
_CONFIGS = {
    "scheduler": "scheduler_config.json",
    "feature_extractor": "preprocessor_config.json",
    "image_processor": "preprocessor_config.json",
}
"""Parts that have a configuration and no weights."""
_OWN_KERNELS = (None, "eager", "sdpa")
MAX_JSON_BYTES = 16 * 1024 * 1024


class IncompleteError(ModelError):
    """A file of the model is missing; `missing` is its path in the folder."""

    def __init__(self, message: str, missing: str) -> None:
        super().__init__(message, hint="the download is incomplete; get it again")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a pipeline, such as `unet`, with the library and class that load it."""

    name: str
    library: str
    class_name: str


@dataclass(frozen=True, slots=True)
class CheckedFolder:
    """A folder that passed: its pipeline class, every file that decides pixels, and the variant.

    `family` tells how it is drawn; `variant` is `fp16` when only half-precision weights are there.
    `called` is its name where that of the folder says nothing to people.
    """

    path: Path
    pipeline: str
    family: Family
    files: tuple[str, ...]
    variant: str | None
    called: str = ""

    @property
    def shown(self) -> str:
        """What people call the model: `called`, else the folder's own name, links not followed."""
        return self.called or Path(os.path.normpath(self.path)).name

    def config(self, component: str, name: str = "config.json") -> dict[str, Any]:
        """The component's JSON configuration; empty when the pipeline has no such component."""
        path = self.path / component / name
        return read_json(path, f"{component}/{name}") if path.is_file() else {}


def check_folder(path: Path, variants: Sequence[str | None] = (None, "fp16")) -> CheckedFolder:
    """Check the diffusers folder `path` without loading weights.

    Args:
        path: The folder.
        variants: Of the weights, the first that all parts have is taken.

    Raises:
        ModelError: Not a pipeline that sdgen draws with, or a file is missing, damaged or a pickle.
    """
    index = read_json(path / "model_index.json", "model_index.json")
    pipeline = index.get("_class_name")
    family = family_named(pipeline, path.name)
    parts = list(_components(index, family))
    for name in family.parts:
        if not any(part.name == name for part in parts):
            raise ModelError(f"{pipeline} needs a {name}, and model_index.json names none")
    files = ["model_index.json"]
    for part in parts:
        files += _files_of(path, part)
    weights, variant = _weights(path, [part for part in parts if _has_weights(part)], variants)
    checked = CheckedFolder(path, str(pipeline), family, (*files, *weights), variant)
    return replace(checked, family=told_apart(family, checked.config("unet")))


def _components(index: dict[str, Any], family: Family) -> Iterator[Component]:
    classes = {**CLASSES, **family.classes}
    for name, value in index.items():
        if name.startswith("_") or value == [None, None]:
            continue
        if not _is_pair(value):
            if name in classes:
                raise ModelError(f"model_index.json does not say which class loads the {name}")
            continue
        library, class_name = value
        if name not in classes:
            raise ModelError(f"{name!r} in model_index.json is no name of a part that sdgen knows")
        if library not in LIBRARIES:
            raise ModelError(
                f"the model's {name} comes from {library!r}, code that sdgen does not run"
            )
        if not re.fullmatch(classes[name], class_name):
            raise ModelError(
                f"the model's {name} has the class {class_name}, which sdgen does not load"
            )
        yield Component(name, library, class_name)


def _is_pair(value: Any) -> bool:
    """Whether `value` is a library and a class, two words."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(w, str) for w in value)


def _files_of(path: Path, part: Component) -> list[str]:
    """The files of `part` beside its weights, relative to `path`."""
    if not (path / part.name).is_dir():
        raise _missing(path, part.name)
    if "Tokenizer" in part.class_name:
        return _tokenizer_files(path, part)
    config = _present(path, f"{part.name}/{_CONFIGS.get(part.name, 'config.json')}")
    _refuse_foreign_code(read_json(path / config, config), part.name)
    return [config]


def _refuse_foreign_code(config: dict[str, Any], part: str) -> None:
    """Refuse a configuration that names code: beside the weights, or in a repository of kernels.

    Raises:
        ModelError: transformers would look for it.
    """
    kernels = [value for key, value in config.items() if key.endswith("_implementation")]
    if "auto_map" in config or any(value not in _OWN_KERNELS for value in kernels):
        raise ModelError(f"the configuration of {part} asks for code that sdgen does not run")


def _has_weights(part: Component) -> bool:
    return part.name not in _CONFIGS and "Tokenizer" not in part.class_name


def _tokenizer_files(path: Path, part: Component) -> list[str]:
    """Only CLIP's and Qwen's can be made of other files than `tokenizer.json`."""
    is_t5, name = part.class_name.startswith("T5"), part.name
    for choice in TOKENIZER_FILES[:1] if is_t5 else TOKENIZER_FILES:
        if all((path / name / file).is_file() for file in choice):
            extra = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
            there = [file for file in extra if (path / name / file).is_file()]
            if extra[0] in there:
                _refuse_foreign_code(read_json(path / name / extra[0], f"{name}/{extra[0]}"), name)
            return [f"{name}/{file}" for file in (*choice, *there)]
    raise _missing(path, f"{name}/{'tokenizer.json' if is_t5 else 'vocab.json'}")


def _weights(
    path: Path, parts: list[Component], variants: Sequence[str | None]
) -> tuple[list[str], str | None]:
    """The weight files of all `parts` in one of `variants`, and which.

    Raises:
        ModelError: A part has no weights, only pickled ones, or no variant has all of them.
    """
    for variant in variants:
        found = [_weights_named(path, part.name, _stem(part), variant) for part in parts]
        if all(found):
            return [file for files in found for file in files], variant
    if len(variants) == 1:
        raise _without_variant(path, parts, variants[0])
    raise _without_weights(path, parts)


def _stem(part: Component) -> str:
    return "diffusion_pytorch_model" if part.library == "diffusers" else "model"


def _without_variant(path: Path, parts: list[Component], variant: str | None) -> ModelError:
    """What to say of the first part that has no weights in the only `variant` that will do."""
    part = next(p for p in parts if not _weights_named(path, p.name, _stem(p), variant))
    ending = f".{variant}" if variant else ""
    return _missing(path, f"{part.name}/{_stem(part)}{ending}.safetensors")


def _without_weights(path: Path, parts: list[Component]) -> ModelError:
    """What to say of the first part that has no full weights."""
    part = next(p for p in parts if not _weights_named(path, p.name, _stem(p), None))
    if _weights_named(path, part.name, _stem(part), "fp16"):
        return ModelError(
            f"{path.name} has {part.name} in fp16 only, and other parts without fp16",
            hint="get the missing files: all parts in one variant",
        )
    beside = sorted((path / part.name).iterdir())
    pickles = [file for file in beside if file.suffix.lower() in PICKLE_ENDINGS]
    if not pickles:
        return _missing(path, f"{part.name}/{_stem(part)}.safetensors")
    return ModelError(
        f"the weights of {part.name} are a pickle ({pickles[0].name}), which can run code",
        hint=CONVERT,
    )


def _weights_named(path: Path, name: str, stem: str, variant: str | None) -> list[str]:
    ending = f".{variant}" if variant else ""
    single = f"{name}/{stem}{ending}.safetensors"
    if (path / single).exists():
        check_weights(path / single, single)
        return [single]
    index = f"{name}/{stem}.safetensors.index{ending}.json"
    if not (path / index).is_file():
        return []
    table = read_json(path / index, index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise ModelError(f"the model's {index} names no weight files")
    shards = sorted({str(shard) for shard in table.values()})
    for shard in shards:
        if Path(shard).name != shard:
            raise ModelError(f"{index} names a file outside the model: {shard!r}")
        check_weights(path / name / shard, f"{name}/{shard}")
    return [index, *(f"{name}/{shard}" for shard in shards)]


def _present(path: Path, file: str) -> str:
    if not (path / file).is_file():
        raise _missing(path, file)
    if file.endswith(".json"):
        read_json(path / file, file)
    return file


def _missing(path: Path, file: str) -> ModelError:
    return IncompleteError(f"the model in {path.name} lacks {file}", file)


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        ModelError: Missing, too large, or not a JSON object.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelError(f"{shown} of the model is too large to be a configuration")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ModelError(f"the model's {shown} cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the model's {shown} is not JSON") from error
    if not isinstance(value, dict):
        raise ModelError(f"the model's {shown} is not a JSON object")
    return value
