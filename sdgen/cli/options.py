"""Options of commands. Those that are settings are derived from `Settings`, not listed again."""

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from sdgen.cli.fetching import Download, Offline, fetching
from sdgen.cli.output import Output
from sdgen.errors import InputError
from sdgen.recipe.layers import field_type, is_list, layer_from
from sdgen.recipe.settings import Settings, canonical_name

FLAGS = "flags"


def _starting(incomplete: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _scheduler_names(incomplete: str) -> list[str]:
    from sdgen.recipe.schedulers import SCHEDULERS

    return _starting(incomplete, list(SCHEDULERS))


def model_names(incomplete: str) -> list[str]:
    from sdgen.errors import SdgenError
    from sdgen.models.catalogue import all_entries
    from sdgen.models.single_file import names_here

    try:
        here = names_here()
    except SdgenError:  # a folder that is not there: told when the name is used
        here = []
    return _starting(incomplete, list(dict.fromkeys([*all_entries(), *here])))


def _config_names(incomplete: str) -> list[str]:
    from sdgen.files.configs import config_paths

    return _starting(incomplete, list(config_paths()))


Device = Annotated[
    str,
    typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N."),
]
Kernels = Annotated[
    str,
    typer.Option(
        "--kernels", metavar="KERNELS",
        help="eager, or on a GPU fused: much faster, and some pixels a level apart.",
    ),
]  # fmt: skip
Offload = Annotated[
    str,
    typer.Option(
        "--offload", metavar="auto|none|model|sequential",
        help="What waits in main memory while a GPU draws; auto is what fits. Pixels stay.",
    ),
]  # fmt: skip
Configs = Annotated[
    list[str],
    typer.Option(
        "--config", "-c", metavar="NAME|FILE", help="Named settings, or a YAML file; repeatable.",
        autocompletion=_config_names,
    ),
]  # fmt: skip
LoraDirs = Annotated[
    list[Path],
    typer.Option(
        "--lora-dir",
        metavar="FOLDER",
        help="Where LoRAs and other weights lie that are named only; repeatable.",
    ),
]
OutputPath = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="PATH", help="Folder to write into, or an image file."),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="png|jpeg|webp|avif", help="Kind of image file."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of the same name.")]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON lines on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")]


def with_settings(
    *, prompt: bool, only: Collection[str] = (), unread: bool = False, asks: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each setting; it gets what was typed as the layer `flags`.

    It may fetch models meanwhile, if the user says `--download` or, asked, yes.

    Args:
        prompt: The prompt is the first argument (`sdgen generate PROMPT`); else it is `--prompt`.
        only: The settings beside the prompt that the command takes; all where none is named.
        unread: `flags` is the text that was typed, by setting: the command reads lists in it.
        asks: Whether a person is asked before something is fetched; where records name models, only
            `--download` is leave.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        taken = [p for p in _parameters(prompt=prompt) if not only or p.name in ("prompt", *only)]

        @wraps(command)
        def wrapper(**given: Any) -> None:
            typed = {parameter.name: given.pop(parameter.name) for parameter in taken}
            said = {name: value for name, value in typed.items() if value not in (None, [])}
            flags = said if unread else layer_from(FLAGS, said, text=True)
            may = {name: bool(given.pop(name)) for name in ("download", "offline")}
            with fetching(_output_of(given), asks=asks, **may):
                command(flags=flags, **given)

        own = [p for n, p in inspect.signature(command).parameters.items() if n != "flags"]
        parameters = [*taken, *own, *_LEAVE]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapper

    return decorate


_LEAVE = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
    for name, option in (("download", Download), ("offline", Offline))
)


def _output_of(given: Mapping[str, Any]) -> Output:
    """How the command speaks, as its own options say."""
    as_json = bool(given.get("json") or given.get("as_json"))
    return Output(as_json=as_json, quiet=bool(given.get("quiet")))


def _parameters(*, prompt: bool) -> list[inspect.Parameter]:
    """The settings as Typer sees them: text, which `layer_from` reads, so that one place judges."""
    names = [name for name in Settings.model_fields if name != "prompt"]
    first = _argument() if prompt else _option("prompt")
    size = typer.Option("--size", metavar="WxH", help="Width and height in one: 512x768.")
    return [first, _parameter("size", size), *map(_option, names)]


def _argument() -> inspect.Parameter:
    help_text = "What the picture shows; - reads it from stdin."
    return _parameter("prompt", typer.Argument(metavar="PROMPT", help=help_text), required=True)


def _option(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    option = typer.Option(
        f"--{name.replace('_', '-')}",
        metavar=metavar(name),
        help=field.description,
        autocompletion=_completion(name),
    )
    return _parameter(name, option, kind=list[str] if is_list(name) else str)


def _parameter(
    name: str, info: Any, *, kind: Any = str, required: bool = False
) -> inspect.Parameter:
    annotation = Annotated[kind, info] if required else Annotated[kind | None, info]
    default = inspect.Parameter.empty if required else None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def metavar(name: str) -> str:
    """What to write for the setting: its choices, or its kind and bounds (`1-1000`)."""
    field = Settings.model_fields[name]
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "metavar" in extra:
        return str(extra["metavar"])
    parts = [field.annotation, *get_args(field.annotation)]
    choices = [choice for part in parts for choice in get_args(part) if isinstance(choice, str)]
    if choices:
        return "|".join(choices)
    kind = field_type(name)
    if kind is str:
        return "TEXT"
    bounds = {key: getattr(part, key) for part in field.metadata for key in ("ge", "le")
              if getattr(part, key, None) is not None}  # fmt: skip
    if {"ge", "le"} <= bounds.keys():
        return f"{bounds['ge']}-{bounds['le']}"
    return "INTEGER" if kind is int else "NUMBER"


def rename_aliases(arguments: list[str]) -> list[str]:
    """Flags in other tools' words (`--cfg-scale`, `--sampler`) under their own names.

    Raises:
        InputError: One setting in two spellings. The same flag twice is left alone: as in other
            programs, the last one counts.
    """
    renamed: list[str] = []
    spelled: dict[str, str] = {}
    for position, argument in enumerate(arguments):
        if argument == "--":
            return renamed + arguments[position:]
        flag, equals, value = argument.partition("=")
        name = canonical_name(flag[2:]) if flag.startswith("--") else None
        if name and spelled.setdefault(name, flag) != flag:
            raise InputError(f"{name} is given twice ({spelled[name]} and {flag})")
        renamed.append(f"--{name.replace('_', '-')}{equals}{value}" if name else argument)
    return renamed


def _completion(name: str) -> Callable[[str], list[str]] | None:
    completions: dict[str, Callable[[str], list[str]]] = {
        "scheduler": _scheduler_names,
        "model": model_names,
        "dtype": lambda incomplete: _starting(incomplete, metavar("dtype").split("|")),
    }
    return completions.get(name)
