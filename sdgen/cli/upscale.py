"""`sdgen upscale IMAGE…`: larger pictures, by Lanczos or drawn over, with what they tell."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sdgen.cli.drawing import draw_one, report, save, steps
from sdgen.cli.options import Device, Format, Json, LoraDirs, Overwrite, Quiet, with_settings
from sdgen.cli.output import Output
from sdgen.cli.progress import Display, open_display
from sdgen.cli.several import each
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.target import Target, check_size_in, target_of
from sdgen.engine import Drawing
from sdgen.errors import InputError
from sdgen.files.images import open_pixels, read_record_of
from sdgen.files.reading import NoRecordError
from sdgen.metadata.record import Record
from sdgen.models import LocalModel
from sdgen.recipe.layers import Layer
from sdgen.replay import recorded_model
from sdgen.stop import Stop
from sdgen.variation import METHODS, enlarged, plan_over

Sources = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures.")]
Scale = Annotated[
    float, typer.Option("--scale", min=1, max=4, metavar="1-4", help="Times as wide and high.")
]
How = Annotated[
    str,
    typer.Option(
        "--method", metavar="|".join(METHODS),
        help="The pixels enlarged; or drawn over, after the latents or the pixels were.",
    ),
]  # fmt: skip
Where = Annotated[
    Path, typer.Option("--output", "-o", metavar="PATH", help="Folder, or an image file.")
]


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for, beside the pictures."""

    flags: Layer
    scale: float
    method: str
    lora_dirs: tuple[Path, ...]
    device: str
    target: Target


@with_settings(prompt=False, asks=False)
def upscale(
    *,
    flags: Layer,
    sources: Sources,
    scale: Scale = 2.0,
    method: How = "lanczos",
    lora_dir: LoraDirs = [],
    device: Device = "auto",
    output: Where = Path("outputs"),
    format: Format = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Enlarge pictures; each keeps what it tells, and can be made again.

    lanczos is a step after the drawing, and takes no settings. latent and redraw draw over the
    picture with its own prompt, model and seed, or with those that are given; --strength says how
    much.
    """
    out = Output(as_json=json, quiet=quiet)
    _check(flags, method, sources, output)
    target = target_of(output, format, overwrite=overwrite).checked(1)
    order = _Order(flags, scale, method, tuple(lora_dir), device, target)
    with stop_on_signals() as stop, open_display(out) as shown:

        def work(source: Path) -> None:
            stop.check()
            _enlarge(source, order, out, shown, stop)

        each(sources, work, out, "enlarged")


def _check(flags: Layer, method: str, sources: list[Path], output: Path) -> None:
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}", hint=f"one of {', '.join(METHODS)}")
    if method == "lanczos" and flags.values:
        name = next(iter(flags.values))
        raise InputError(f"lanczos draws nothing, so {name} does nothing", hint="--method redraw")
    for name in ("image", "mask", "extend", "fit", "hires_scale", "hires_upscaler"):
        if name in flags.values:
            raise InputError(f"sdgen upscale takes no {name}", hint="--scale and --method say it")
    if target_of(output, None, overwrite=True).stem and sources[1:]:
        raise InputError("several pictures need a folder, not one file, behind --output")


def _enlarge(path: Path, order: _Order, out: Output, shown: Display, stop: Stop) -> None:
    started = time.perf_counter()
    record = _record_of(path)
    if order.method == "lanczos":
        if record is None:
            raise InputError(
                f"{path}: has no record of sdgen, which a larger one would keep",
                hint="--method redraw --prompt TEXT draws over it",
            )
        try:
            drawing = enlarged(open_pixels(path), record, order.scale)
        except InputError as error:
            raise InputError(f"{path}: {error}", hint=error.hint) from error
    else:
        drawing = _drawn_over(path, record, order, out, shown, stop)
    report(out, drawing, save(drawing, 0, order.target), time.perf_counter() - started)


def _record_of(path: Path) -> Record | None:
    try:
        return read_record_of(path)
    except NoRecordError:
        return None


def _drawn_over(
    path: Path, record: Record | None, order: _Order, out: Output, shown: Display, stop: Stop
) -> Drawing:
    find: Callable[[str], LocalModel] | None = None
    if record is not None and "model" not in order.flags.values:
        model = recorded_model(record, None, order.lora_dirs)

        def find(_: str) -> LocalModel:
            return model

    upscaler = "latent" if order.method == "latent" else "lanczos"
    plan = plan_over(path, record, order.flags, order.scale, upscaler, find, order.lora_dirs)
    check_size_in(order.target, plan[0].settings)
    return draw_one(plan, order.device, out, shown, steps(shown, stop))[0]
