"""`sdgen upscale IMAGE…`: larger pictures, by Lanczos or drawn over, with what they tell."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from sdgen import engine
from sdgen.cli.drawing import draw_one, report, save, steps
from sdgen.cli.options import Device, Format, Json, LoraDirs, Overwrite, Quiet, with_settings
from sdgen.cli.output import Output, display
from sdgen.cli.progress import Display, open_display
from sdgen.cli.several import each
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.signing import Sign, SignKey, SignTime, signing_of
from sdgen.cli.target import Target, check_size_in, target_of
from sdgen.engine import Drawing
from sdgen.errors import InputError
from sdgen.files.convert import Enlarger, enlarged_file
from sdgen.files.formats import suffix_of
from sdgen.files.images import open_pixels, read_record_of
from sdgen.files.reading import NoRecordError
from sdgen.files.write import publish
from sdgen.metadata.record import Record
from sdgen.models import LocalModel
from sdgen.models.finding import ANYWHERE, AddedFile
from sdgen.models.upscaler import UPSCALERS, network_in
from sdgen.recipe.layers import Layer
from sdgen.recipe.passes import check_size_after
from sdgen.replay import recorded_model
from sdgen.stop import Stop
from sdgen.variation import METHODS, enlarged, enlarged_by, plan_over

Sources = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures.")]
Scale = Annotated[
    float | None,
    typer.Option(
        "--scale", min=1, max=4, metavar="1-4",
        help="Times as wide and high: 2, or what the weights were made for.",
    ),
]  # fmt: skip
How = Annotated[
    str | None,
    typer.Option(
        "--method", metavar="|".join(METHODS),
        help="The pixels enlarged; or drawn over, after the latents or the pixels were.",
    ),
]  # fmt: skip
With = Annotated[
    str,
    typer.Option(
        "--with", metavar="FILE",
        help="Weights of ESRGAN's kind (.safetensors) to enlarge the pixels by.",
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
    upscaler: AddedFile | None
    lora_dirs: tuple[Path, ...]
    device: str
    target: Target


@with_settings(prompt=False, asks=False)
def upscale(
    *,
    flags: Layer,
    sources: Sources,
    scale: Scale = None,
    method: How = None,
    with_: With = "",
    lora_dir: LoraDirs = [],
    device: Device = "auto",
    output: Where = Path("outputs"),
    format: Format = None,
    sign: Sign = None,
    sign_key: SignKey = None,
    sign_time: SignTime = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Enlarge pictures; each keeps what it tells, and can be made again.

    lanczos is a step after the drawing, and takes no settings; so is esrgan, which --with FILE
    means, and which enlarges anybody's pictures. latent and redraw draw over the picture with its
    own prompt, model and seed, or with those that are given; --strength says how much.
    """
    out = Output(as_json=json, quiet=quiet)
    method = method or ("esrgan" if with_ else "lanczos")
    _check(flags, method, with_, sources, output)
    upscaler = UPSCALERS.find(with_, [*lora_dir, Path()], ANYWHERE) if with_ else None
    scale = scale or (network_in(upscaler).scale if upscaler else 2.0)
    target = target_of(output, format, overwrite=overwrite).checked(1)
    target = replace(target, signing=signing_of(sign, sign_key, sign_time))
    order = _Order(flags, scale, method, upscaler, tuple(lora_dir), device, target)
    with stop_on_signals() as stop, open_display(out) as shown:

        def work(source: Path) -> None:
            stop.check()
            _enlarge(source, order, out, shown, stop)

        each(sources, work, out, "enlarged")


def _check(flags: Layer, method: str, weights: str, sources: list[Path], output: Path) -> None:
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}", hint=f"one of {', '.join(METHODS)}")
    if method == "esrgan" and not weights:
        raise InputError("esrgan needs weights", hint="--with FILE.safetensors")
    if method in ("lanczos", "latent") and weights:
        raise InputError(f"{method} takes no weights", hint="leave --method, or say redraw")
    if method in ("lanczos", "esrgan") and flags.values:
        name = next(iter(flags.values))
        raise InputError(f"{method} draws nothing, so {name} does nothing", hint="--method redraw")
    for name in _SAID_OTHERWISE:
        if name in flags.values:
            raise InputError(
                f"sdgen upscale takes no {name}", hint="--scale, --method and --with say it"
            )
    if target_of(output, None, overwrite=True).stem and sources[1:]:
        raise InputError("several pictures need a folder, not one file, behind --output")


_SAID_OTHERWISE = (
    "image", "mask", "extend", "fit", "hires_scale", "hires_size", "hires_upscaler", "upscaler",
)  # fmt: skip


def _enlarge(path: Path, order: _Order, out: Output, shown: Display, stop: Stop) -> None:
    started = time.perf_counter()
    record = _record_of(path)
    if order.method in ("lanczos", "esrgan"):
        if record is None:
            return _enlarge_anybodys(path, order, out)
        try:
            drawing = _larger(path, record, order)
        except InputError as error:
            raise InputError(f"{path}: {error}", hint=error.hint) from error
    else:
        drawing = _drawn_over(path, record, order, out, shown, stop)
    report(out, drawing, save(drawing, 0, order.target), time.perf_counter() - started)
    return None


def _larger(path: Path, record: Record, order: _Order) -> Drawing:
    if order.upscaler is None:
        return enlarged(open_pixels(path), record, order.scale)
    return enlarged_by(order.upscaler, open_pixels(path), record, order.scale, order.device)


def _enlarge_anybodys(path: Path, order: _Order, out: Output) -> None:
    """A picture without a record of ours: its texts go along, as `sdgen convert` keeps them."""
    if order.upscaler is None:
        raise InputError(
            f"{path}: has no record of sdgen, which a larger one would keep",
            hint="--with FILE enlarges any picture; --method redraw --prompt TEXT draws over it",
        )
    file, target = order.upscaler, order.target

    def larger(image: Image.Image) -> Image.Image:
        size = (round(image.width * order.scale), round(image.height * order.scale))
        check_size_after(size)
        return engine.upscale(image, file, size, order.device, {})[0]

    try:
        found = enlarged_file(path, target.format, Enlarger(larger, order.scale, file.name))
    except InputError as error:
        raise InputError(f"{path}: {error}", hint=error.hint) from error
    stem = target.stem or path.stem
    suffix = target.suffix or suffix_of(target.format)
    if target.signing:
        out.warn(f"{path}: not signed, since nothing says that a model made it")
    written = publish(found.data, target.folder / f"{stem}{suffix}", overwrite=target.overwrite)
    for notice in found.notices:
        out.warn(f"{path}: {notice}")
    out.result(display(str(written)))
    out.json({"image": str(written), "source": str(path), "notices": list(found.notices)})


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

    weights = str(order.upscaler.path) if order.upscaler else ""
    upscaler = "esrgan" if weights else "latent" if order.method == "latent" else "lanczos"
    plan = plan_over(
        path, record, order.flags, order.scale, upscaler, weights, find, order.lora_dirs
    )
    check_size_in(order.target, plan[0].settings)
    return draw_one(plan, order.device, out, shown, steps(shown, stop))[0]
