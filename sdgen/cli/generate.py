"""`sdgen "PROMPT"`, short for `sdgen generate "PROMPT"`: draw pictures, with their records."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from sdgen import engine
from sdgen.api import plan_picture
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
from sdgen.cli.signals import Stop, stop_on_signals
from sdgen.engine import Drawing, ImageGenerator, OnStep
from sdgen.errors import (
    GenerationError,
    InputError,
    InterruptedRunError,
    MemoryExhaustedError,
    SdgenError,
)
from sdgen.files.folders import is_folder
from sdgen.files.formats import SUFFIXES, format_named, format_of, is_foreign
from sdgen.files.formats import Format as ImageFormat
from sdgen.files.names import file_stem
from sdgen.files.save import SavedPicture, check_exact_name, save_picture
from sdgen.files.write import check_folder
from sdgen.models import LocalModel
from sdgen.models.resolve import Plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.seeds import SEEDS_BELOW, seed_of_image
from sdgen.recipe.settings import MAX_PROMPT_CHARACTERS, Settings

Count = Annotated[
    int, typer.Option("--num-images", "-n", min=1, max=10_000, metavar="N", help="How many.")
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where pictures go: a folder, and a stem when the user named the file."""

    folder: Path
    format: ImageFormat
    stem: str | None = None
    suffix: str = ""
    overwrite: bool = False

    def stem_of(self, number: int) -> str | None:
        """The stem of picture `number` (from 0) when the user named the file."""
        return f"{self.stem}-{number + 1}" if self.stem and number else self.stem

    def check(self, count: int) -> None:
        """Find out before the work whether `count` pictures can be written.

        Raises:
            OutputError: The folder cannot be written to, or a name is taken.
        """
        check_folder(self.folder)
        for number in range(count):
            stem = self.stem_of(number)
            if stem is not None:
                check_exact_name(self.folder, stem, self.suffix, overwrite=self.overwrite)


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
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw PROMPT, with the record that makes it again inside the image and beside it."""
    out = Output(as_json=json, quiet=quiet)
    planned = plan_picture(_with_stdin_prompt(flags), config)
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
    number = error.exit_code - 128
    return InterruptedRunError(f"stopped; {done} of {count} pictures drawn", signal_number=number)


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


def target_of(output: Path, wanted: str | None, *, overwrite: bool) -> Target:
    """Folder, stem and format from `-o` and `--format`: an image ending makes `-o` a file.

    Raises:
        InputError: Ending and format contradict each other, or one of them is none we write.
    """
    chosen = format_named(wanted)
    if is_folder(output) or output.suffix.lower() not in SUFFIXES:
        if is_foreign(output.suffix) and not is_folder(output):  # `-o fox.gif`, `-o fox.pgn`
            suffixes = ", ".join(SUFFIXES)
            raise InputError(
                f"sdgen writes no {output.suffix} pictures", hint=f"the endings are {suffixes}"
            )
        return Target(output, chosen or "png", overwrite=overwrite)
    named = format_of(output)
    if chosen not in (None, named):
        raise InputError(f"--format {wanted} contradicts {output.name}")
    return Target(output.parent, named, output.stem, output.suffix, overwrite)


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


def warn_of(generator: ImageGenerator, settings: Settings, model: LocalModel, out: Output) -> None:
    """Say what the user must know before the work starts."""
    for notice in generator.notices(settings, model):
        out.warn(display(notice))


def steps(shown: Display, stop: Stop) -> OnStep:
    """After each step: stop if asked to, else show how far it is."""

    def on_step(done: int, total: int) -> None:
        stop.check()
        shown.step(done, total)

    return on_step


def save(drawing: Drawing, number: int, target: Target) -> SavedPicture:
    """Write picture `number` (from 0) where `target` says."""
    named = target.stem_of(number)
    return save_picture(
        drawing.image,
        drawing.record,
        target.folder,
        named or file_stem(drawing.record.settings),
        format=target.format,
        overwrite=target.overwrite,
        exact_name=named is not None,
        suffix=target.suffix,
    )


def report(out: Output, drawing: Drawing, saved: SavedPicture, seconds: float) -> None:
    """The path on stdout; on stderr what was drawn."""
    settings = drawing.record.settings
    out.say(
        f"seed {settings.seed}, {settings.width}x{settings.height}, {settings.steps} steps of "
        f"{settings.scheduler}, {settings.dtype}, {seconds:.1f} s"
    )
    out.result(display(str(saved.path)))
    out.json(
        {
            "image": str(saved.path),
            "record": str(saved.sidecar),
            "seed": settings.seed,
            "pixels_sha256": drawing.record.image.sha256,
            "seconds": round(seconds, 3),
            "notices": drawing.record.notices,
        }
    )


def _with_stdin_prompt(flags: Layer) -> Layer:
    """`flags` with the prompt read from stdin where `-` stands for it.

    Raises:
        InputError: What came is not UTF-8, or longer than a prompt may be.
    """
    if flags.values.get("prompt") != "-":
        return flags
    most = 4 * MAX_PROMPT_CHARACTERS  # bytes, the longest in UTF-8
    given = sys.stdin.buffer.read(most + 1)
    if len(given) > most:
        raise InputError(f"the prompt on stdin has more than {MAX_PROMPT_CHARACTERS} characters")
    try:
        prompt = given.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"the prompt on stdin is not UTF-8 (byte {error.start})") from None
    return replace(flags, values={**flags.values, "prompt": prompt})
