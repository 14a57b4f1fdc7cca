"""`sdgen "PROMPT"`, short for `sdgen generate "PROMPT"`: draw pictures, with their records."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sdgen import engine
from sdgen.api import plan_picture
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
    OutputPath,
    Overwrite,
    Quiet,
    with_settings,
)
from sdgen.cli.output import Output
from sdgen.cli.preview import Preview, PreviewAs, open_display, preview_kind
from sdgen.cli.privacy import NoEmbed, Privacy, inside_of
from sdgen.cli.series import Series, conclude, pictures_of
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.signing import Sign, SignKey, SignTime, signing_of
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.cli.target import check_size_in, target_of
from sdgen.cli.wording import StrictTokens, StyleNames, StylesFile, WildcardFolder
from sdgen.files.wording import wording_of
from sdgen.models.finding import Search
from sdgen.models.prompts import refuse_losses
from sdgen.recipe.layers import Layer

Count = Annotated[
    int, typer.Option("--num-images", "-n", min=1, max=10_000, metavar="N", help="How many.")
]


@with_settings(prompt=True)
def generate(
    *,
    flags: Layer,
    num_images: Count = 1,
    micro_batch: MicroBatch = "auto",
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    strict_tokens: StrictTokens = False,
    device: Device = "auto",
    kernels: Kernels = "eager",
    offload: Offload = "auto",
    output: OutputPath = Path("outputs"),
    format: Format = None,
    privacy: Privacy = None,
    no_embed: NoEmbed = False,
    sign: Sign = None,
    sign_key: SignKey = None,
    sign_time: SignTime = None,
    overwrite: Overwrite = False,
    preview: Preview = False,
    preview_as: PreviewAs = None,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw PROMPT, with the record that makes it again inside the image and beside it."""
    out = Output(as_json=json, quiet=quiet)
    together = micro_batch_of(micro_batch)
    lock = open_lock(locked=locked, path=lock_file)
    planned = plan_picture(with_stdin_prompt(flags), config, Search(lora_dir))
    check_locked(lock, [planned.model])
    wording = wording_of(wildcards, style, styles_file, config)
    pictures = pictures_of(planned.settings, num_images, wording)
    if strict_tokens:
        refuse_losses(("", settings, planned.model) for settings, _ in pictures)
    inside = inside_of(privacy, no_embed=no_embed)
    target = target_of(output, format, overwrite=overwrite, inside=inside).checked(num_images)
    target = replace(target, signing=signing_of(sign, sign_key, sign_time))
    check_size_in(target, planned.settings)
    kind = preview_kind(preview, preview_as, out)
    with stop_on_signals() as stop, open_display(out, kind) as shown:
        shown.loading(planned.model)
        generator = engine.open_generator(device, kernels, offload)
        generator.load(planned.model, planned.settings.dtype)
        out.say(f"{planned.model.name} on {generator.device}")
        series = Series(planned, pictures, generator, target, out, shown, stop)
        series.draw(together)
    conclude(series.failures, num_images)
