"""`sdgen configs list|show`: the named settings, what they are for, and what they say."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen.cli.options import Json
from sdgen.cli.output import Output
from sdgen.files.configs import Config, config_paths, find_config, list_configs, load_config

app = typer.Typer(rich_markup_mode=None, help="Named settings (--config).")


def _complete(incomplete: str) -> list[str]:
    return [name for name in config_paths() if name.startswith(incomplete)]


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the named settings: your own, and those that come with sdgen."""
    out = Output(as_json=as_json)
    found = list_configs()
    for config in found:
        out.json(config_object(config))
    out.table(map(config_row, found), ("name", "what it is for", "file"))


@app.command("show")
def show_command(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="Which one.", autocompletion=_complete),
    ],
    as_json: Json = False,
) -> None:
    """Print a config as it stands in its file, to read or to copy."""
    out = Output(as_json=as_json)
    path = find_config(name)
    for line in _text(path).splitlines():
        out.result(line)
    values = load_config(name).values  # a broken one is shown, and then refused
    out.json({"name": path.stem, "path": str(path), "settings": dict(values)})


def _text(path: Path) -> str:
    from sdgen.files.text import read_text
    from sdgen.files.yaml_text import MAX_BYTES

    return read_text(path, str(path), most=MAX_BYTES)


def config_object(config: Config) -> dict[str, Any]:
    """The config as data; `fault` only where there is one."""
    value = {"name": config.name, "for": config.purpose, "path": str(config.path)}
    return {**value, "fault": config.fault} if config.fault else value


def config_row(config: Config) -> tuple[str, str, str]:
    """The config for people."""
    broken = f"broken: {config.fault}" if config.fault else ""
    return config.name, broken or config.purpose, str(config.path)
