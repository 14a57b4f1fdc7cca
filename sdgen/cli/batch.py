"""`sdgen batch FILE`: draw every job of a file; the same command again goes on where it stopped."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen.api import config_layers
from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.jobfiles import DIALECTS, read_job_file
from sdgen.batch.jobs import WHOLE, parse_shard
from sdgen.batch.options import BatchOptions
from sdgen.batch.preview import Preview, preview_batch
from sdgen.cli.executors import Gpus, Ray, Workers, executor_for
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.micro_batch import MicroBatch, micro_batch_of
from sdgen.cli.options import (
    Configs,
    Device,
    Format,
    Json,
    Kernels,
    LoraDirs,
    Offload,
    Quiet,
    with_settings,
)  # fmt: skip
from sdgen.cli.output import Output
from sdgen.cli.preview import Preview as ShowPictures
from sdgen.cli.preview import PreviewAs as ShowPicturesAs
from sdgen.cli.preview import preview_kind
from sdgen.cli.privacy import NoEmbed, Privacy, inside_of
from sdgen.cli.progress import shorten
from sdgen.cli.running import conclude, run
from sdgen.cli.signing import Sign, SignKey, SignTime, signing_of
from sdgen.cli.target import folder_of, refuse_picture
from sdgen.cli.wording import StrictTokens, StyleNames, StylesFile, WildcardFolder
from sdgen.files.formats import format_named
from sdgen.files.names import DEFAULT_TEMPLATE, FIELDS, check_template
from sdgen.files.wording import wording_of
from sdgen.models.finding import Search
from sdgen.recipe.layers import Layer
from sdgen.recipe.prompt.wording import Wording

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
Where = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FOLDER",
        help="Where to write; s3://bucket/folder and gs://bucket/folder work too.",
    ),
]  # fmt: skip
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
    offload: Offload = "auto",
    gpus: Gpus = None,
    workers: Workers = None,
    ray: Ray = None,
    output: Where = Path("outputs"),
    format: Format = None,
    privacy: Privacy = None,
    no_embed: NoEmbed = False,
    sign: Sign = None,
    sign_key: SignKey = None,
    sign_time: SignTime = None,
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
    folder = folder_of(output)
    check_template(name)
    lock = open_lock(locked=locked, path=lock_file)
    opened = executor_for(device, kernels, offload, gpus=gpus, workers=workers, ray=ray)
    options = BatchOptions(
        format_named(format) or "png", parse_shard(shard) if shard else WHOLE, limit, name,
        wording_of(wildcards, style, styles_file, config), strict_tokens,
        inside_of(privacy, no_embed=no_embed), micro_batch_of(micro_batch),
        signing_of(sign, sign_key, sign_time),
    )  # fmt: skip
    asked = _Asked(file, dialect, config, flags, num_images, lora_dir)
    drafts = asked.drafts(options.wording, keep_going=keep_going)
    check_locked(lock, (draft.model for draft in drafts.items))
    for fault in drafts.faults:
        out.warn(fault)
    if dry_run:
        _show_preview(preview_batch(drafts, folder, options), out)
        raise typer.Exit(3 if drafts.faults else 0)
    conclude(run(drafts, folder, options, opened, out, kind), out)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job file, and what is said around it."""

    file: str
    dialect: str | None
    config: Sequence[str]
    flags: Layer
    num_images: int | None
    lora_dir: Sequence[Path]

    def drafts(self, wording: Wording, *, keep_going: bool) -> Drafts:
        source = sys.stdin.buffer if self.file == "-" else Path(self.file)
        return draft_jobs(
            read_job_file(source, dialect=self.dialect),
            config_layers(self.config),
            [self.flags],
            num_images=self.num_images,
            keep_going=keep_going,
            wording=wording,
            search=Search(self.lora_dir),
        )


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
