"""The frame of the command line: the app, the default command, the one place that ends it."""

import difflib
import errno
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sdgen.cli.commands import COMMANDS, Command
from sdgen.cli.optional import with_values
from sdgen.cli.output import mute, show_error
from sdgen.errors import (
    InputError,
    InterruptedRunError,
    MemoryExhaustedError,
    OutputError,
    SdgenError,
    nearest,
)
from sdgen.files.model_folders import folders_in_config
from sdgen.named_folders import told_by
from sdgen.own_models import read_by
from sdgen.version import __version__

DEFAULT_COMMAND = "generate"
INTERRUPTED = 130
GROUP_OPTIONS = frozenset(
    {"--version", "--debug", "--help", "-h", "--install-completion", "--show-completion"}
)
"""Options that may stand before the command; none of them takes a value."""

SWITCHES = frozenset(
    {"--quiet", "-q", "--json", "--overwrite", "--dry-run", "--keep-going", "--check", "--quick",
     "--locked", "--all", "--strict", "--fidelity", "--strict-tokens", "--serve", "--no-words",
     "--preview", "--no-embed", "--in-place", "--drop-mark", "--paths", "--null", "-0", "--reverse",
     "-r", "--rebuild", "--history", "--no-history", "--download", "--offline", "--yes", "-y",
     "--copy", "--time-step"}
)  # fmt: skip
"""Options of the commands that take no value."""


WANTED = {name: name for name in COMMANDS} | {"help": "--help", "version": "--version"}
"""Words that nobody means as a prompt → what to type instead."""


class PromptOrCommand(TyperGroup):
    """`sdgen "a red fox"` means `sdgen generate "a red fox"`, for the shell's completion too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command where it is meant."""
        words = with_command(with_values(args), is_typing=ctx.resilient_parsing)
        return super().parse_args(ctx, words or ["--help"])


def with_command(words: list[str], *, is_typing: bool = False) -> list[str]:
    """`words` with the default command in front of a prompt.

    Args:
        words: What was typed.
        is_typing: The shell asks for completions, in the middle of a word perhaps.

    Raises:
        InputError: The first word is one letter or two away from a command's name, or a command
            stands behind options.
    """
    for position, word in enumerate(words):
        if word in COMMANDS:
            return [*words[:position], *_joined(words[position:])]
        if word not in GROUP_OPTIONS:
            if not is_typing:
                _refuse_near_miss(word)
                _refuse_late_command(words[position:])
            return [*words[:position], DEFAULT_COMMAND, *words[position:]]
    return words


def _joined(words: list[str]) -> list[str]:
    """`batch status FOLDER` means `batch-status FOLDER`; a job file of that name is `./status`."""
    joined = "-".join(words[:2])
    is_one = len(words) > 1 and words[0] == "batch" and joined in COMMANDS
    return [joined, *words[2:]] if is_one else words


def _refuse_near_miss(word: str) -> None:
    """`sdgen bacth prompts.txt` must not load a model and draw a bacth."""
    if not word.isascii() or not word.replace("-", "").isalpha():
        return
    close = nearest(word, WANTED, most=1)
    is_near = close and difflib.SequenceMatcher(None, word.casefold(), close[0]).ratio() >= 0.8
    if is_near and not _is_taught(word.casefold()):
        raise InputError(
            f"no command {word!r}",
            hint=f"did you mean sdgen {WANTED[close[0]]}? To draw that word: sdgen -- {word}",
        )


def _is_taught(word: str) -> bool:
    """`sdgen beach` and `sdgen clock` are prompts: the built-in model knows these words."""
    from sdgen.models.catalogue import STORYBOOK
    from sdgen.models.words import known_words

    is_command = word in WANTED  # in capitals, else it would have run
    return not is_command and word in known_words(STORYBOOK)


def _refuse_late_command(words: list[str]) -> None:
    """`sdgen --quiet show fox.png` must not draw a show."""
    rest = iter(words)
    for word in rest:
        if word in COMMANDS:
            raise InputError(
                f"the command comes first: sdgen {word} …",
                hint=f"its options stand behind it. To draw that word: sdgen … -- {word}",
            )
        if word in ("-", "--") or not word.startswith("-"):
            return
        is_alone = word in SWITCHES | GROUP_OPTIONS or "=" in word
        if not is_alone and (word.startswith("--") or len(word) == 2):
            next(rest, None)  # its value


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sdgen {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks instead of messages.")] = False,
) -> None:
    """Text to image; every picture can be made again, and one command proves it.

    sdgen "a girl in a white dress on a sunset beach" draws it.
    """


def build_app(loaded: Iterable[str] = COMMANDS) -> typer.Typer:
    """The app, with the commands named in `loaded` ready to run and the others only listed."""
    app = typer.Typer(
        name="sdgen",
        cls=PromptOrCommand,
        subcommand_metavar="PROMPT | COMMAND [ARGS]...",
        rich_markup_mode=None,  # plain help: fast, and brackets in help texts stay brackets
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    wanted = set(loaded)
    for command in COMMANDS.values():
        _add(app, command, load=command.name in wanted)
    return app


def _add(app: typer.Typer, command: Command, *, load: bool) -> None:
    if not load:
        app.command(command.name, short_help=command.summary)(_not_loaded)
        return
    module = import_module(f"sdgen.cli.{command.module}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=command.name, short_help=command.summary)
    else:
        app.command(command.name, short_help=command.summary)(
            getattr(module, command.name.replace("-", "_"))
        )


def _not_loaded() -> None:
    """Stands in the list of commands."""


def _needed(words: list[str]) -> list[str]:
    """The commands that `words` may run: one, or all for the shell's completion."""
    if "_SDGEN_COMPLETE" in os.environ:
        return list(COMMANDS)
    return [word for word in words if word in COMMANDS][:1]


def _own_words(words: list[str]) -> list[str]:
    """`words` with other tools' flags (`--cfg-scale`) under their own names."""
    if not _needed(words) or not any(word.startswith("--") for word in words):
        return words  # nothing to look up, so nothing to load
    from sdgen.cli.options import rename_aliases

    return rename_aliases(words)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the app on `arguments` (default: the process's own) and end the process with its code."""
    _reopen_closed_streams()
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def _reopen_closed_streams() -> None:
    """Lead closed streams (`>&-`) to nowhere, before the file of a picture gets their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


def run(words: list[str]) -> int:
    """Run the app and return the exit code; errors become text here and nowhere else."""
    flags = words[: words.index("--")] if "--" in words else words
    try:
        return _run(words)
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        mute(sys.stdout)  # the reader of a help text left early, and Typer ended the process
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # none may leave as a traceback
        if "--debug" in flags:
            traceback.print_exc()
        known = known_error(error)
        show_error(known, as_json="--json" in flags)
        return known.exit_code


def _own_models() -> Any:
    """A person's own named models, which are read when one is asked for."""
    from sdgen.files.own_models import own_models

    return own_models()


def _run(words: list[str]) -> int:
    _refuse_broken_text(words)
    told_by(folders_in_config)
    read_by(_own_models)
    words = with_command(words)
    app = build_app(_needed(words))
    code = app(args=_own_words(words), prog_name="sdgen", standalone_mode=False)
    sys.stdout.flush()
    if code == INTERRUPTED:
        raise KeyboardInterrupt  # Typer made a code of it
    return code if isinstance(code, int) else 0


def _refuse_broken_text(words: Sequence[str]) -> None:
    """Bytes that are not UTF-8 arrive as half characters, which no tokenizer or file can carry."""
    for number, word in enumerate(words, 1):
        if any("\ud800" <= c <= "\udfff" for c in word):
            raise InputError(f"argument {number} is not valid UTF-8")


def known_error(error: BaseException) -> SdgenError:
    """`error` as one of ours: what nobody foresaw is a bug of sdgen."""
    if isinstance(error, SdgenError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError("stopped")
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    if isinstance(error, MemoryError):
        return MemoryExhaustedError("there is too little memory for this", hint="give it less")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        mute(sys.stdout)  # a help text could not be written, and is still waiting
        return OutputError(f"cannot write: {error.strerror}".lower())
    return SdgenError(
        f"a bug in sdgen: {type(error).__name__}: {error}",
        hint="sdgen --debug … shows where; please report it",
    )


def _usage_error(error: typer.TyperException) -> InputError:
    """Typer's own complaint, as ours: one line, the help one step away."""
    message = error.format_message().strip().rstrip(".")
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "sdgen"
    message = message[:1].lower() + message[1:]
    return InputError(message, hint=_usage_hint(message, command))


def _usage_hint(message: str, command: str) -> str:
    if command == f"sdgen {DEFAULT_COMMAND}":
        if message.startswith("got unexpected extra argument"):
            return 'put quotes around the prompt: sdgen "a red fox"'
        if message.startswith("no such option: --prompt"):
            return 'the prompt needs no flag: sdgen "a red fox"'
    return f"see {command} --help"
