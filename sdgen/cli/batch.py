"""`sdgen batch FILE`: draw every job of a file; the same command again goes on where it stopped."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen import engine
from sdgen.api import config_layers
from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.jobfiles import DIALECTS, JobFile, read_job_file
from sdgen.batch.jobs import Job, parse_shard
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import BatchSummary, Observer
from sdgen.batch.preview import Preview, preview_batch
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.micro_batch import MicroBatch, micro_batch_of
from sdgen.cli.options import Configs, Device, Format, Json, Kernels, LoraDirs, Quiet, with_settings
from sdgen.cli.output import Output, error_object
from sdgen.cli.preview import Preview as ShowPictures
from sdgen.cli.preview import PreviewAs as ShowPicturesAs
from sdgen.cli.preview import open_display, preview_kind, show_finished, watching
from sdgen.cli.privacy import NoEmbed, Privacy, inside_of
from sdgen.cli.progress import Display, shorten
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.target import refuse_picture
from sdgen.cli.wording import StrictTokens, StyleNames, StylesFile, WildcardFolder
from sdgen.engine import OnStep
from sdgen.errors import GenerationError, InterruptedRunError, SdgenError
from sdgen.files.formats import format_named
from sdgen.files.names import DEFAULT_TEMPLATE, FIELDS, check_template
from sdgen.files.wording import wording_of
from sdgen.models import LocalModel
from sdgen.models.finding import Search
from sdgen.recipe.layers import Layer
from sdgen.stop import Stop

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Text, .jsonl, .csv, .tsv or .yaml; - is stdin."),
]
Dialect = Annotated[
    str | None,
    typer.Option(
        "--dialect", metavar="NAME",
        help=f"How FILE is written, else guessed: {', '.join(one.name for one in DIALECTS)}.",
    ),
]  # fmt: skip
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")]
Count = Annotated[
    int | None,
    typer.Option("--num-images", "-n", min=1, max=10_000, metavar="N", help="Pictures a job."),
]  # fmt: skip
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check all, show what would be drawn.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Leave faulty rows out instead of refusing the file.")
]
Name = Annotated[
    str,
    typer.Option(
        "--name", metavar="TEMPLATE", show_default=True,
        help="Names of the files, / for folders; words in braces are filled in: "
        f"{' '.join(FIELDS)}; {{index:04}} fills up with zeros. A row's own name goes before.",
    ),
]  # fmt: skip
ShardOption = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Only part I of N: 2/5.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N pictures.")
]


@with_settings(prompt=False)
def batch(
    *,
    flags: Layer,
    file: File,
    num_images: Count = None,
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    strict_tokens: StrictTokens = False,
    dialect: Dialect = None,
    device: Device = "auto",
    kernels: Kernels = "eager",
    output: Folder = Path("outputs"),
    format: Format = None,
    privacy: Privacy = None,
    no_embed: NoEmbed = False,
    name: Name = DEFAULT_TEMPLATE,
    shard: ShardOption = None,
    limit: Limit = None,
    micro_batch: MicroBatch = "auto",
    keep_going: KeepGoing = False,
    dry_run: DryRun = False,
    preview: ShowPictures = False,
    preview_as: ShowPicturesAs = None,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw every job of FILE. Stopped in any way, the same command finishes the rest.

    Settings given as flags hold for every job, whatever its row says.
    """
    out = Output(as_json=json, quiet=quiet)
    kind = preview_kind(preview, preview_as, out, dry_run=dry_run)
    refuse_picture(output, "a batch")
    check_template(name)
    lock = open_lock(locked=locked, path=lock_file)
    options = BatchOptions(
        format=format_named(format) or "png",
        inside=inside_of(privacy, no_embed=no_embed),
        limit=limit,
        template=name,
        micro_batch=micro_batch_of(micro_batch),
        wording=wording_of(wildcards, style, styles_file),
        strict_tokens=strict_tokens,
    )
    if shard is not None:
        options = replace(options, shard=parse_shard(shard))
    drafts = draft_jobs(
        _read(file, dialect),
        config_layers(config),
        [flags],
        num_images=num_images,
        keep_going=keep_going,
        wording=options.wording,
        search=Search(lora_dir),
    )
    check_locked(lock, (draft.model for draft in drafts.items))
    for fault in drafts.faults:
        out.warn(fault)
    if dry_run:
        _show_preview(preview_batch(drafts, output, options), out)
        raise typer.Exit(3 if drafts.faults else 0)
    opened = partial(engine.open_generator, device, kernels)
    with stop_on_signals() as stop, open_display(out, kind) as shown:
        summary = run(drafts, output, options, opened, ShownProgress(out, shown), stop)
    conclude(summary, out)


def _read(file: str, dialect: str | None) -> JobFile:
    return read_job_file(sys.stdin.buffer if file == "-" else Path(file), dialect=dialect)


def run(
    drafts: Drafts,
    folder: Path,
    options: BatchOptions,
    opened: engine.OpenGenerator,
    observer: Observer,
    stop: Stop,
) -> BatchSummary:
    from sdgen.batch.run import run_batch  # what writes pictures loads here, not for a dry run

    return run_batch(drafts, folder, opened, options, observer=observer, stop=stop)


class ShownProgress(Observer):
    """Tells a person, or a program, how the batch goes."""

    def __init__(self, out: Output, shown: Display) -> None:
        self._out = out
        self._shown = shown
        self._total = self._done = self._failed = 0
        self._told: set[tuple[str, str]] = set()
        self._started = 0.0
        self._seconds: dict[str, float] = {}

    def started(self, total: int, skipped: int) -> None:
        """Say how much there is to do."""
        self._total, self._done = total, skipped
        done = f", {skipped} of them done before" if skipped else ""
        self._out.say(f"{total} picture{'s' * (total != 1)}{done}")

    def loading(self, model: LocalModel) -> None:
        """Say which model is loaded."""
        self._shown.loading(model)

    def drawing(self, jobs: Sequence[Job]) -> None:
        """A micro-batch begins."""
        self._started = time.perf_counter()
        self._shown.run(self._done, self._failed, self._total)
        self._shown.picture(shorten(jobs[0].settings.prompt))

    def noticed(self, job: Job, notice: str) -> None:
        """Tell it with the job's place in the file, once for all pictures of a row."""
        if (job.source, notice) in self._told:
            return
        self._told.add((job.source, notice))
        self._out.warn(f"{job.source}: {notice}")
        self._out.json({"source": job.source, "notice": notice})

    def watching(self, on_step: OnStep) -> OnStep:
        """Show pictures on the way, if that was asked for."""
        return watching(self._shown, on_step)

    def step(self, jobs: Sequence[Job], done: int, total: int) -> None:
        """Move the bar."""
        self._shown.step(done, total)

    def drawn(self, jobs: Sequence[Job]) -> None:
        """Note how long it took, until the pictures are written."""
        seconds = round((time.perf_counter() - self._started) / len(jobs), 3)
        self._seconds |= {job.id: seconds for job in jobs}

    def saved(self, job: Job, path: Path) -> None:
        """Tell the path, below the picture if it is shown."""
        show_finished(self._shown, path)
        seconds = self._seconds.pop(job.id)
        self._done += 1
        self._out.result(str(path))
        self._out.json(
            {
                "image": str(path),
                "source": job.source,
                "seed": job.settings.seed,
                "seconds": seconds,
            }
        )

    def failed(self, job: Job, error: SdgenError) -> None:
        """Tell why there is no picture."""
        self._seconds.pop(job.id, None)
        self._failed += 1
        self._out.warn(f"{job.source}: {error}")
        self._out.json({"source": job.source, "error": error_object(error)})


def conclude(summary: BatchSummary, out: Output) -> None:
    """Sum up, and end with the code that fits."""
    parts = {
        "drawn": summary.done, "done before": summary.skipped, "failed": len(summary.failed),
        "left out": len(summary.rejected), "not reached": summary.left,
    }  # fmt: skip
    told = [f"{number} {word}" for word, number in parts.items() if number or word == "drawn"]
    out.say(f"{', '.join(told)} in {summary.seconds:.1f} s")
    out.json({"summary": {word.replace(" ", "_"): number for word, number in parts.items()}})
    if summary.exit_code:
        raise _ending(summary)


def _ending(summary: BatchSummary) -> SdgenError:
    """What ended the run, or is missing after it, as an error of the summary's exit code."""
    if summary.stopped_by is not None:
        hint = "the same command goes on from here"
        return InterruptedRunError("stopped", signal_number=summary.stopped_by, hint=hint)
    if summary.error is not None:
        return summary.error
    if summary.exit_code != GenerationError.exit_code:
        return summary.failed[0].error  # one reason for all of them
    if not summary.failed:
        return GenerationError(f"rows left out: {len(summary.rejected)}")
    failed = f"{len(summary.failed)} of {summary.total} pictures could not be drawn"
    return GenerationError(failed, hint="the same command tries them again")


def _show_preview(previews: Sequence[Preview], out: Output) -> None:
    rows = [
        [one.job.source, "done" if one.done else "to draw", "(at the run)" if one.is_seed_open
         else one.job.settings.seed, f"{one.job.settings.width}x{one.job.settings.height}",
         shorten(one.job.settings.prompt)]
        for one in previews
    ]  # fmt: skip
    out.table(rows, ["job", "state", "seed", "size", "prompt"])
    for one in previews:
        out.json(_preview_object(one))
    waiting = sum(not one.done for one in previews)
    out.say(f"{waiting} to draw, {len(previews) - waiting} done before; nothing drawn")


def _preview_object(one: Preview) -> dict[str, Any]:
    return {
        "source": one.job.source,
        "done": one.done,
        "id": None if one.is_seed_open else one.job.id,
        "settings": one.job.settings.model_dump() | ({"seed": None} if one.is_seed_open else {}),
    }
