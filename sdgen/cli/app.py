"""The frame of the command line: the app, the default command, the one place that ends it."""

import difflib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sdgen import __version__
from sdgen.cli import (
    batch,
    configs_cmd,
    diff,
    doctor,
    explain,
    generate,
    models_cmd,
    reproduce,
    schedulers_cmd,
    show,
)
from sdgen.cli.options import rename_aliases
from sdgen.cli.output import show_error
from sdgen.errors import InputError, SdgenError, nearest

DEFAULT_COMMAND = "generate"


class PromptOrCommand(TyperGroup):
    """`sdgen "a red fox"` means `sdgen generate "a red fox"`.

    Only `parse_args` is changed: a first word that is neither a command nor an option of the group
    gets the default command put in front.
    """

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """Insert the default command where it is meant."""
        return super().parse_args(ctx, self._with_command(ctx, args) or ["--help"])

    def _with_command(self, ctx: typer.Context, args: list[str]) -> list[str]:
        own = {word for p in self.get_params(ctx) for word in (*p.opts, *p.secondary_opts)}
        for position, word in enumerate(args):
            if word in self.commands:
                return args[: position + 1] + rename_aliases(args[position + 1 :])
            if word.partition("=")[0] not in own:
                rest = args[position:]
                self._refuse_near_miss(rest)
                return [*args[:position], DEFAULT_COMMAND, *rename_aliases(rest)]
        return args

    def _refuse_near_miss(self, words: Sequence[str]) -> None:
        """`sdgen bacth prompts.txt` must not load a model and draw a bacth."""
        word = words[0]
        if not word.isascii() or not word.isalpha():
            return
        close = nearest(word, self.commands, most=1)
        if close and _distance_is_a_typo(word, close[0]):
            raise InputError(
                f"no command {word!r}",
                hint=f"did you mean sdgen {close[0]}? To draw that word: sdgen -- {word}",
            )


def _distance_is_a_typo(word: str, command: str) -> bool:
    return difflib.SequenceMatcher(None, word.casefold(), command).ratio() >= 0.8


app = typer.Typer(
    name="sdgen",
    cls=PromptOrCommand,
    subcommand_metavar="PROMPT | COMMAND [ARGS]...",
    rich_markup_mode=None,  # plain help: fast, and brackets in help texts stay brackets
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sdgen {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks instead of messages.")] = False,
) -> None:
    """Text to image; every picture can be made again, and one command proves it.

    sdgen "a girl in a white dress on a sunset beach" draws; it is short for sdgen generate.
    """


for _command in (
    generate.generate,
    batch.batch,
    reproduce.reproduce,
    show.show,
    diff.diff,
    explain.explain,
    schedulers_cmd.schedulers,
    doctor.doctor,
):
    app.command()(_command)
app.add_typer(models_cmd.app, name="models")
app.add_typer(configs_cmd.app, name="configs")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the app on `arguments` (default: the process's own) and end the process with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: list[str]) -> int:
    """Run the app and return the exit code; errors become text here and nowhere else."""
    flags = words[: words.index("--")] if "--" in words else words
    as_json = "--json" in flags
    try:
        _refuse_broken_text(words)
        code = app(args=words, prog_name="sdgen", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        _mute_stdout()
        return 0
    except (SdgenError, typer.TyperException) as error:
        if "--debug" in flags:
            traceback.print_exc()
        known = error if isinstance(error, SdgenError) else _usage_error(error)
        show_error(known, as_json=as_json)
        return known.exit_code
    except KeyboardInterrupt:
        return 130


def _refuse_broken_text(words: Sequence[str]) -> None:
    """Bytes that are not UTF-8 arrive as half characters, which no tokenizer or file can carry."""
    for number, word in enumerate(words, 1):
        if not word.isprintable() and any("\ud800" <= c <= "\udfff" for c in word):
            raise InputError(f"argument {number} is not valid UTF-8")


def _usage_error(error: typer.TyperException) -> InputError:
    """Typer's own complaint, as ours: one line, the help one step away."""
    message = error.format_message().strip().rstrip(".")
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "sdgen"
    return InputError(message[:1].lower() + message[1:], hint=f"see {command} --help")


def _mute_stdout() -> None:
    """A reader that left early is no failure; keep the interpreter's last flush from being one."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
