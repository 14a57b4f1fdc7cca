"""`sdgen "PROMPT"`, short for `sdgen generate "PROMPT"`: draw pictures, with their records."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sdgen import engine
from sdgen.api import plan_picture
from sdgen.cli.drawing import report, save, steps, warn_of
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.options import (
    Configs,
    Device,
    Format,
    Json,
    OutputPath,
    Overwrite,
    Quiet,
    with_settings,
)
from sdgen.cli.output import Output, display, error_object
from sdgen.cli.progress import Display, open_display, shorten
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.cli.target import Target, target_of
from sdgen.engine import ImageGenerator
from sdgen.errors import (
    GenerationError,
    InputError,
    InterruptedRunError,
    MemoryExhaustedError,
    SdgenError,
)
from sdgen.models.resolve import Plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.seeds import SEEDS_BELOW, seed_of_image
from sdgen.stop import Stop

Count = Annotated[
    int, typer.Option("--num-images", "-n", min=1, max=10_000, metavar="N", help="How many.")
]


@with_settings(prompt=True)
def generate(
    *,
    flags: Layer,
    num_images: Count = 1,
    config: Configs = [],
    device: Device = "auto",
    output: OutputPath = Path("outputs"),
    format: Format = None,
    overwrite: Overwrite = False,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw PROMPT, with the record that makes it again inside the image and beside it."""
    out = Output(as_json=json, quiet=quiet)
    lock = open_lock(locked=locked, path=lock_file)
    planned = plan_picture(with_stdin_prompt(flags), config)
    check_locked(lock, [planned.model])
    _check_last_seed(planned.settings.seed, num_images)
    target = target_of(output, format, overwrite=overwrite)
    target.check(num_images)
    with stop_on_signals() as stop, open_display(out) as shown:
        shown.picture(f"loading {planned.model.name}")
        generator = engine.open_generator(device)
        generator.load(planned.model, planned.settings.dtype)
        out.say(f"{planned.model.name} on {generator.device}")
        failures: list[SdgenError] = []
        for number in range(num_images):
            try:
                stop.check()
                draw_one(planned, number, generator, target, out, shown, stop)
            except InterruptedRunError as error:
                done = number - len(failures)
                raise _counted(error, done, num_images) from None
            except (GenerationError, MemoryExhaustedError) as error:
                failures.append(error)
                _tell(error, planned, number, num_images, out)
    _conclude(failures, num_images)


def _check_last_seed(seed: int, count: int) -> None:
    if seed + count > SEEDS_BELOW:
        raise InputError(
            f"seed {seed} leaves no room for {count} pictures",
            hint=f"at most {SEEDS_BELOW - count}",
        )


def _counted(error: InterruptedRunError, done: int, count: int) -> InterruptedRunError:
    """The interruption, telling how many pictures there are."""
    told = f"stopped; {done} of {count} pictures drawn"
    return InterruptedRunError(told, signal_number=error.signal_number)


def _tell(error: SdgenError, planned: Plan, number: int, count: int, out: Output) -> None:
    """Say of one picture among several that it failed, with the seed to try it again."""
    if count > 1:
        seed = seed_of_image(planned.settings.seed, number)
        out.warn(f"seed {seed}: {display(str(error))}")
        out.json({"seed": seed, "error": error_object(error)})


def _conclude(failures: list[SdgenError], count: int) -> None:
    """End with the failure, or with the count of them.

    Raises:
        SdgenError: A picture could not be drawn; the code is its own if all failed, else 3.
    """
    if not failures:
        return
    if len(failures) == count:
        raise failures[0]
    raise GenerationError(f"{len(failures)} of {count} pictures could not be drawn")


def draw_one(
    planned: Plan,
    number: int,
    generator: ImageGenerator,
    target: Target,
    out: Output,
    shown: Display,
    stop: Stop,
) -> None:
    """Draw picture `number` (from 0) of the plan, write it, and say where it is."""
    seed = seed_of_image(planned.settings.seed, number)
    settings = planned.settings.model_copy(update={"seed": seed})
    if number == 0:
        warn_of(generator, settings, planned.model, out)
    shown.picture(shorten(settings.prompt))
    started = time.perf_counter()
    drawing = generator.generate(settings, planned.model, steps(shown, stop))
    seconds = time.perf_counter() - started
    saved = save(drawing, number, target)
    report(out, drawing, saved, seconds)
