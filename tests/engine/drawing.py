"""Drawing with toy pipelines in tests of single features."""

from pathlib import Path

import torch

from sdgen.engine import Drawing, loader
from sdgen.engine.generator import DiffusersGenerator
from sdgen.models import LocalModel
from sdgen.models.finding import ANYWHERE, Search
from sdgen.models.resolve import plan
from sdgen.recipe.layers import layer_from
from sdgen.recipe.settings import Settings


def planned(folder: Path, *, search: Search = ANYWHERE, **said) -> tuple[Settings, LocalModel]:
    """A fox of two steps by the model in `folder`, and what is said otherwise."""
    said = {"prompt": "a red fox", "seed": 7, "steps": 2, "model": str(folder), **said}
    found = plan([layer_from("test", said)], search=search)
    return found.settings, found.model


def draw(folder: Path, **said) -> Drawing:
    return DiffusersGenerator("cpu").generate(*planned(folder, **said))


def pixels(folder: Path, **said) -> str:
    return draw(folder, **said).record.image.sha256


def kept_state() -> dict[str, object]:
    """Everything of the loaded model that a feature could leave changed, to compare."""
    [loaded] = loader._kept.values()
    parts = {name: part for name, part in loaded.pipeline.components.items()
             if isinstance(part, torch.nn.Module)}  # fmt: skip
    state: dict[str, object] = {name: id(part) for name, part in parts.items()}
    for name, part in parts.items():
        for path, module in part.named_modules():
            own = {
                key: repr(value)
                for key, value in vars(module).items()
                if not key.startswith("_") and not isinstance(value, torch.nn.Module)
            }
            hooks = [len(module._forward_hooks), len(module._forward_pre_hooks)]
            state[f"{name}.{path}"] = (type(module), own, hooks, "_conv_forward" in vars(module))
        for path, tensor in part.state_dict().items():
            state[f"{name}.{path}!"] = tensor.numpy().tobytes()
    return state
