"""`sdgen shell`: the model stays loaded; type a prompt, get a picture, and refine it by looking."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sdgen import engine
from sdgen.api import config_layers
from sdgen.cli.locked import Locked, LockFile, open_lock
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
from sdgen.cli.output import Output, error_object, show_error
from sdgen.cli.preview import Preview, PreviewAs, preview_kind
from sdgen.cli.privacy import NoEmbed, Privacy, inside_of
from sdgen.cli.shell.commands import LeaveError, Shell
from sdgen.cli.shell.completion import completions
from sdgen.cli.shell.lines import Typed, piped
from sdgen.cli.shell.session import Point, Session
from sdgen.cli.shell.studio import Studio
from sdgen.cli.shell.words import read_line
from sdgen.cli.signing import Sign, SignKey, SignTime, signing_of
from sdgen.cli.target import refuse_picture, target_of
from sdgen.cli.wording import StrictTokens, StyleNames, StylesFile, WildcardFolder
from sdgen.errors import GenerationError, InterruptedRunError, SdgenError
from sdgen.files.typed import TypedLines, state_folder
from sdgen.files.wording import wording_of
from sdgen.models.finding import Search
from sdgen.recipe.layers import Layer

SIGINT = 2

Folder = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")]
NoHistory = Annotated[
    bool, typer.Option("--no-history", help="Do not keep what is typed for the next time.")
]


@with_settings(prompt=False)
def shell(
    *,
    flags: Layer,
    context: typer.Context,
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    strict_tokens: StrictTokens = False,
    device: Device = "auto",
    kernels: Kernels = "eager",
    offload: Offload = "auto",
    output: Folder = Path("outputs"),
    format: Format = None,
    privacy: Privacy = None,
    no_embed: NoEmbed = False,
    sign: Sign = None,
    sign_key: SignKey = None,
    sign_time: SignTime = None,
    preview: Preview = False,
    preview_as: PreviewAs = None,
    locked: Locked = False,
    lock_file: LockFile = None,
    no_history: NoHistory = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Type a prompt, get a picture: the model stays loaded. `help` there lists the commands.

    Settings given as flags hold until they are set otherwise. Lines may come through a pipe.
    """
    out = Output(as_json=json, quiet=quiet)
    refuse_picture(output, "a session")
    inside = inside_of(privacy, no_embed=no_embed)
    target = target_of(output, format, overwrite=False, inside=inside).checked(1)
    studio = Studio(
        out,
        replace(target, signing=signing_of(sign, sign_key, sign_time)),
        partial(engine.open_generator, device, kernels, offload),
        config_layers(config),
        Search(lora_dir),
        wording_of(wildcards, style, styles_file, config),
        open_lock(locked=locked, path=lock_file),
        strict_tokens,
        preview_kind(preview, preview_as, out),
    )
    session = Session([Point((flags,) if flags.values else ())])
    studio.warm(studio.looked_over(session.now.layers))
    it = Shell(session, studio, out)
    if sys.stdin.isatty():
        typed = Typed(out, completions, None if no_history else _kept())
        _talk(it, typed, is_debugged=bool(context.find_root().params.get("debug")))
    else:
        _follow(it, piped())


def _kept() -> TypedLines | None:
    """Where typed lines are kept, if there is a home folder."""
    home = state_folder()
    return TypedLines(home / "shell_history") if home else None


def _talk(it: Shell, typed: Iterable[str], *, is_debugged: bool) -> None:
    """Do what a person types, until told to leave; no error ends it, nor does one Ctrl-C.

    Raises:
        InterruptedRunError: Ctrl-C twice with nothing between, or another signal.
    """
    it.out.say("Type what a picture should show; help lists the commands, Ctrl-D ends.")
    lines = iter(typed)
    is_second = False
    while True:
        try:
            if not _goes_on(it, lines, is_debugged=is_debugged):
                return
            is_second = False
        except KeyboardInterrupt:
            it.out.say("")
            if is_second:
                raise InterruptedRunError("stopped") from None
            is_second = True
            it.out.say("Ctrl-C once more ends; so does Ctrl-D.")


def _goes_on(it: Shell, lines: Iterator[str], *, is_debugged: bool) -> bool:
    """Do the next line, or tell why not; False at the end."""
    try:
        line = next(lines, None)
        if line is None:
            return False
        _do(it, line)
    except LeaveError:
        return False
    except SdgenError as error:
        _tell(it, error)
    except Exception as error:  # a bug of ours must not cost a session
        if is_debugged:
            raise
        from sdgen.cli.app import known_error

        _tell(it, known_error(error))
    return True


def _follow(it: Shell, lines: Iterable[str | SdgenError]) -> None:
    """Do what lines of a pipe say; one that cannot be done is told, and the next is tried.

    Raises:
        GenerationError: So many lines could not be done.
        InterruptedRunError: A signal came.
    """
    failed = 0
    for number, line in enumerate(lines, 1):
        try:
            if isinstance(line, SdgenError):
                raise line
            _do(it, line)
        except LeaveError:
            break
        except InterruptedRunError:
            raise
        except SdgenError as error:
            failed += 1
            _tell(it, error, number)
    if failed:
        raise GenerationError(f"{failed} line{'s' * (failed > 1)} could not be done")


def _do(it: Shell, text: str) -> None:
    line = read_line(text)
    if line is not None:
        it.do(line)


def _tell(it: Shell, error: SdgenError, number: int | None = None) -> None:
    """The error in one line, with the number of the line that it is in, or as an object.

    Raises:
        InterruptedRunError: It is a wish to end all, and not only the picture.
    """
    if isinstance(error, InterruptedRunError) and error.signal_number != SIGINT:
        raise error
    if it.out.as_json:
        place = {} if number is None else {"line": number}
        it.out.json({**place, "error": error_object(error)})
        return
    if isinstance(error, InterruptedRunError):
        it.out.say(str(error))
        return
    place_of = "" if number is None else f"line {number}: "
    told = SdgenError(place_of + str(error), hint=error.hint, details=error.details)
    show_error(told, as_json=False)
