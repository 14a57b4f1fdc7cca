"""What the commands that draw one picture after another share: notices, steps, saving, telling."""

import time

from sdgen import engine
from sdgen.cli.output import Output, display
from sdgen.cli.progress import Display, shorten
from sdgen.cli.target import Target
from sdgen.engine import Drawing, ImageGenerator, OnStep
from sdgen.files.names import file_stem
from sdgen.files.save import SavedPicture, at_once, save_picture
from sdgen.files.writers import Turn, WriterPool
from sdgen.metadata.record import as_written
from sdgen.models import LocalModel
from sdgen.models.resolve import Plan
from sdgen.recipe.prompt.wording import Written
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop


def warn_of(generator: ImageGenerator, settings: Settings, model: LocalModel, out: Output) -> None:
    """Say what the user must know before the work starts."""
    for notice in generator.notices(settings, model):
        out.warn(display(notice))


def steps(shown: Display, stop: Stop, writers: WriterPool | None = None) -> OnStep:
    """After each step: stop if asked to, else show how far it is, and what was written by now."""

    def on_step(done: int, total: int) -> None:
        if writers:
            writers.poll()
        stop.check()
        shown.step(done, total)

    return on_step


def draw_one(
    plan: tuple[Plan, Written | None],
    device: str,
    out: Output,
    shown: Display,
    on_step: OnStep,
    offload: str = "auto",
) -> tuple[Drawing, float]:
    """One picture, drawn alone, and the seconds that it took from where the device was ready.

    `plan` has how the prompts were written beside what is drawn, as the makers of plans give it.

    Raises:
        SdgenError: It could not be drawn.
    """
    planned, written = plan
    shown.loading(planned.model)
    generator = engine.open_generator(device, offload=offload)
    warn_of(generator, planned.settings, planned.model, out)
    shown.picture(shorten(planned.settings.prompt))
    started = time.perf_counter()
    drawing = generator.generate(planned.settings, planned.model, on_step, out.warn)
    return with_wording(drawing, written), time.perf_counter() - started


def with_wording(drawing: Drawing, written: Written | None) -> Drawing:
    """`drawing`, whose record tells how its prompts were written."""
    return Drawing(drawing.image, as_written(drawing.record, written))


def save(drawing: Drawing, number: int, target: Target, turn: Turn = at_once) -> SavedPicture:
    """Write picture `number` (from 0) where `target` says; `turn` as `save_picture` has it."""
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
        root=target.root,
        turn=turn,
        inside=target.inside,
        signing=target.signing,
    )


def report(out: Output, drawing: Drawing, saved: SavedPicture, seconds: float) -> None:
    """The path on stdout; on stderr what was drawn."""
    settings, (width, height) = drawing.record.settings, drawing.image.size
    out.say(
        f"{_seeds(settings)}, {width}x{height}, {settings.steps} steps of "
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


def _seeds(settings: Settings) -> str:
    """`seed 7`, or `seed 7 with 0.1 of seed 8`."""
    mixed = settings.variation_strength
    return f"seed {settings.seed}" + (
        f" with {mixed:g} of seed {settings.variation_seed}" if mixed else ""
    )
