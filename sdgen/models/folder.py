"""A diffusers folder, checked before anything loads it: what is in it, and that all is there.

diffusers itself finds some faults only in the middle of the work, invents a tokenizer where
there is none, and would fall back to pickled weights.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError
from sdgen.models.weights import PICKLE_ENDINGS, check_safetensors

PIPELINES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
LIBRARIES = ("diffusers", "transformers", "stable_diffusion")
TOKENIZER_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))
MAX_JSON_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a pipeline, such as `unet`, with the library and class that load it."""

    name: str
    library: str
    class_name: str


@dataclass(frozen=True, slots=True)
class CheckedFolder:
    """A folder that passed: its pipeline class, every file that decides pixels, and the variant.

    `variant` is `fp16` when only half-precision weights are there.
    """

    path: Path
    pipeline: str
    files: tuple[str, ...]
    variant: str | None

    def config(self, component: str, name: str = "config.json") -> dict[str, Any]:
        """The component's JSON configuration; empty when the pipeline has no such component."""
        path = self.path / component / name
        return read_json(path, f"{component}/{name}") if path.is_file() else {}


def check_folder(path: Path) -> CheckedFolder:
    """Check the diffusers folder `path` without loading weights.

    Raises:
        ModelError: Not a pipeline that sdgen draws with, or a file is missing, damaged or a pickle.
    """
    index = read_json(path / "model_index.json", "model_index.json")
    pipeline = index.get("_class_name")
    if pipeline not in PIPELINES:
        raise ModelError(
            f"{path.name} holds a {pipeline}; sdgen draws with {' and '.join(PIPELINES)}"
        )
    parts = list(_components(index))
    files = ["model_index.json"]
    variants: set[str | None] = set()
    for part in parts:
        found, variant = _files_of(path, part)
        files += found
        if variant != "none":
            variants.add(variant)
    if len(variants) > 1:
        raise ModelError(f"{path.name} mixes weights with and without the fp16 variant")
    return CheckedFolder(path, pipeline, tuple(files), next(iter(variants), None))


def _components(index: dict[str, Any]) -> Iterator[Component]:
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2:
            continue
        library, class_name = value
        if library is None or class_name is None:
            continue
        if not name.isidentifier():
            raise ModelError(f"{name!r} in model_index.json is no name of a part")
        if library not in LIBRARIES:
            raise ModelError(
                f"the model's {name} comes from {library!r}, code that sdgen does not run"
            )
        yield Component(name, library, str(class_name))


def _files_of(path: Path, part: Component) -> tuple[list[str], str | None]:
    """The files of `part`, relative to `path`, and its variant (`none`: it has no weights)."""
    folder = path / part.name
    if not folder.is_dir():
        raise _missing(path, part.name)
    if "Tokenizer" in part.class_name:
        return _tokenizer_files(path, part.name), "none"
    if part.name == "scheduler":
        return [_present(path, "scheduler/scheduler_config.json")], "none"
    if part.class_name.endswith(("Processor", "Extractor")):
        return [_present(path, f"{part.name}/preprocessor_config.json")], "none"
    config = _present(path, f"{part.name}/config.json")
    weights, variant = _weights(path, part)
    return [config, *weights], variant


def _tokenizer_files(path: Path, name: str) -> list[str]:
    for choice in TOKENIZER_FILES:
        if all((path / name / file).is_file() for file in choice):
            extra = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
            there = [file for file in extra if (path / name / file).is_file()]
            return [f"{name}/{file}" for file in (*choice, *there)]
    raise _missing(path, f"{name}/vocab.json")


def _weights(path: Path, part: Component) -> tuple[list[str], str | None]:
    stem = "diffusion_pytorch_model" if part.library == "diffusers" else "model"
    for variant in (None, "fp16"):
        files = _weights_named(path, part.name, stem, variant)
        if files:
            return files, variant
    pickles = [f for f in (path / part.name).iterdir() if f.suffix.lower() in PICKLE_ENDINGS]
    if pickles:
        raise ModelError(
            f"the weights of {part.name} are a pickle ({pickles[0].name}), which can run code",
            hint="sdgen reads safetensors only; convert the model, or get its safetensors version",
        )
    raise _missing(path, f"{part.name}/{stem}.safetensors")


def _weights_named(path: Path, name: str, stem: str, variant: str | None) -> list[str]:
    ending = f".{variant}" if variant else ""
    single = f"{name}/{stem}{ending}.safetensors"
    if (path / single).exists():
        check_safetensors(path / single, single)
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
        check_safetensors(path / name / shard, f"{name}/{shard}")
    return [index, *(f"{name}/{shard}" for shard in shards)]


def _present(path: Path, file: str) -> str:
    if not (path / file).is_file():
        raise _missing(path, file)
    if file.endswith(".json"):
        read_json(path / file, file)
    return file


def _missing(path: Path, file: str) -> ModelError:
    return ModelError(
        f"the model in {path.name} lacks {file}", hint="the download is incomplete; get it again"
    )


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
