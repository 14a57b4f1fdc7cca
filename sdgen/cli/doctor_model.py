"""`sdgen doctor --model NAME`: what the model takes, what fits here, and what to switch on."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sdgen import models
from sdgen.cli.output import Output
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.models.catalogue import CATALOGUE, Entry
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size, check_size

if TYPE_CHECKING:
    from sdgen.engine.plans import Choice, MemoryPlan

_GB = 1e9


def tell_plan(
    name: str, device: str, size: Size | None, out: Output, *, measure: bool = False
) -> None:
    """Print the memory plan of the model called `name`.

    Args:
        name: A name or a folder.
        device: What would draw.
        size: Of the picture; the model's own if None.
        out: Where to.
        measure: Time a step: loads the model.

    Raises:
        ModelError: There is no such model, neither here nor in the catalogue.
        InputError: There is no such device here.
    """
    from sdgen.engine.devices import choose_device, describe

    chosen = choose_device(device)
    try:
        model = models.find_model(name)
    except ModelError:
        entry = CATALOGUE.get(name)
        if entry is None or not entry.memory_bytes:
            raise
        if measure:
            raise InputError(f"{name} is not here, so no step can be timed") from None
        _tell_absent(entry, chosen, out)
        return
    from sdgen.engine.placing import usual_settings
    from sdgen.engine.plans import memory_plan

    settings = usual_settings(model)
    if size is not None:
        check_size(size, model.sizes, model=model.name)
        settings = settings.model_copy(update={"width": size[0], "height": size[1]})
    plan = memory_plan(model, settings, chosen)
    step = _measured_step(model, settings, device) if measure else None
    if out.as_json:
        out.json(_as_json(name, describe(chosen), plan, step))
        return
    out.table(_rows(describe(chosen), plan))
    out.result("")
    out.table(_way_row(choice) for choice in plan.choices)
    out.result("")
    out.result(_advice(plan))
    if step is not None:
        out.result(f"a step of the network takes {step:.2f} s here, measured now")


def _rows(device: str, plan: "MemoryPlan") -> Iterator[tuple[str, str]]:
    width, height = plan.size
    yield "device", device
    if plan.free is not None:
        yield "free there", f"{plan.free / _GB:.1f} GB"
    yield "drawn", f"{width}x{height}, {plan.dtype}, one picture"
    for part, size in plan.parts.items():
        yield f"weights of {part}", f"{size / _GB:.2f} GB"
    yield "weights", f"{sum(plan.parts.values()) / _GB:.2f} GB"


def _way_row(choice: "Choice") -> tuple[str, str, str, str]:
    fits = {True: "fits", False: "does not fit", None: "not known"}[choice.fits]
    need = f"{choice.needed / _GB:.1f} GB" if choice.needed is not None else "-"
    return choice.way, need, fits, choice.switch


def _advice(plan: "MemoryPlan") -> str:
    if any(choice.needed is None for choice in plan.choices):
        return "what this network takes was never measured: it is tried, and helped where it fails"
    if not plan.chosen:
        return "nothing fits: draw smaller, or close what else takes memory"
    if plan.chosen == "as usual":
        return "all fits: nothing has to be switched on"
    return f"--offload auto, which is the default, draws {plan.chosen}"


def _tell_absent(entry: Entry, device: Any, out: Output) -> None:
    """What the catalogue knows of a model that is not here: its weights, all together."""
    from sdgen.engine.devices import describe, usual_dtype
    from sdgen.engine.free_memory import free_on

    is_wide = usual_dtype(device) == "float32"
    weights, free = entry.memory_bytes * (2 if is_wide else 1), free_on(device)
    fits = None if free is None else weights <= free
    facts: dict[str, Any] = {
        "model": entry.name, "is_here": False, "device": describe(device), "free_bytes": free,
        "download_bytes": entry.download_bytes, "weights_bytes": weights, "weights_fit": fits,
    }  # fmt: skip
    if out.as_json:
        out.json(facts)
        return
    words = {True: "fit", False: "do not fit all at once", None: "may fit"}[fits]
    out.result(f"{entry.name} is not here; its files are {entry.download_bytes / _GB:.1f} GB")
    free_words = "" if free is None else f" of {free / _GB:.1f} GB that are free"
    out.result(
        f"its weights take about {weights / _GB:.1f} GB{free_words} on {describe(device)}: "
        f"they {words}"
    )
    out.result("more can be told when it is here: what drawing takes is in its configuration")


def _as_json(name: str, device: str, plan: "MemoryPlan", step: float | None) -> dict[str, Any]:
    return {
        "model": name,
        "is_here": True,
        "device": device,
        "dtype": plan.dtype,
        "width": plan.size[0],
        "height": plan.size[1],
        "free_bytes": plan.free,
        "main_memory_bytes": plan.main,
        "parts": plan.parts,
        "ways": [
            {"way": one.way, "switch": one.switch, "needed_bytes": one.needed, "fits": one.fits}
            for one in plan.choices
        ],
        "auto": plan.chosen or None,
        "step_seconds": None if step is None else round(step, 3),
    }


def _measured_step(model: models.LocalModel, settings: Settings, device: str) -> float:
    """Seconds of the last of three steps: those before it warm up."""
    from sdgen import engine

    ended: list[float] = []
    generator = engine.open_generator(device)

    def on_step(done: int, total: int) -> None:
        ended.append(time.perf_counter())

    drawn = generator.generate(
        settings.model_copy(update={"steps": 3, "scheduler": "euler"}), model, on_step
    )
    if len(ended) < 3:
        raise SdgenError(f"{model.name} drew {drawn.record.settings.steps} steps and told fewer")
    return ended[2] - ended[1]
