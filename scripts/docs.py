"""Writes the generated parts of the documents: `python scripts/docs.py`, `--check` only compares.

Between `<!-- generated: NAME -->` and `<!-- end -->` stands what the function `NAME` below gives.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from sdgen.cli.app import build_app
from sdgen.cli.options import metavar
from sdgen.files.configs import list_configs
from sdgen.models.catalogue import CATALOGUE, Entry
from sdgen.models.consent import bytes_in_words
from sdgen.models.families import ABILITIES, FAMILIES
from sdgen.recipe.approximations import APPROXIMATIONS
from sdgen.recipe.post import TREATMENTS, Treatment
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import ALIASES, Settings

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(headers: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


def settings() -> str:
    """The table of settings."""
    return table(
        ["setting", "value", "default", "meaning", "also read as"],
        [_setting(name) for name in Settings.model_fields],
    )


def _setting(name: str) -> list[str]:
    field = Settings.model_fields[name]
    default = json.dumps(None if field.is_required() else field.default)
    also = [f"`{alias}`" for alias, found in ALIASES.items() if found == name != alias]
    shown = {"seed": "drawn", "prompt": "", "variation_seed": "drawn"}.get(name, default)
    return [f"`{name}`", metavar(name), shown, field.description or "", ", ".join(also)]


def schedulers() -> str:
    """The table of schedulers."""
    rows = [
        [f"`{s.name}`", s.class_name, " + ".join(s.a1111) if s.a1111 else "", s.grade, s.summary]
        for s in SCHEDULERS.values()
    ]
    return table(
        ["name", "diffusers class", "A1111 sampler + schedule", "agreement", "what it is"], rows
    )


def configs() -> str:
    """The table of named configs."""
    return table(["config", "for"], [[f"`{c.name}`", c.purpose] for c in list_configs()])


def treatments() -> str:
    """The table of what can be done to a finished picture."""
    rows = [
        [f"`{name}`", f"{one.least:g} … {one.most:g}", _nothing(one), one.meaning]
        for name, one in TREATMENTS.items()
    ]
    return table(["step", "from … to", "does nothing at", "what it does"], rows)


def _nothing(treatment: Treatment) -> str:
    return "-" if treatment.nothing is None else f"{treatment.nothing:g}"


def approximations() -> str:
    """The table of what can be left out to draw sooner."""
    rows = [
        [f"`{name}`", f"{one.least:g} to {one.most:g}", one.meaning]
        for name, one in APPROXIMATIONS.items()
    ]
    return table(["name", "amount", "what is left out"], rows)


def commands() -> str:
    """The help of every command."""
    group = typer.main.get_command(build_app())
    parts = []
    for name, command in sorted(group.commands.items()):
        parts += _help(f"sdgen {name}", command)
    return "\n".join(parts)


def _help(path: str, command: object) -> list[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    context.terminal_width = context.max_content_width = 100
    text = command.get_help(context).rstrip()
    own = [f"## {path}\n\n```text\n{text}\n```\n"]
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        own += _help(f"{path} {name}", sub)
    return own


def catalogue() -> str:
    """The table of models that have a name."""
    headers = [
        "name",
        "repository",
        "licence",
        "to fetch",
        "weights in 16 bits",
        "its own settings",
    ]
    return table([*headers, "prompts in"], [_model(entry) for entry in CATALOGUE.values()])


def _model(entry: Entry) -> list[str]:
    own = entry.defaults
    size = f"{own['width']}x{own['height']}"
    settings = (
        f"{size}, {own['steps']} step{'s' * (own['steps'] > 1)}, guidance {own['guidance_scale']:g}"
    )
    fetch = bytes_in_words(entry.download_bytes) if entry.download_bytes else "the hub tells"
    memory = bytes_in_words(entry.memory_bytes) if entry.memory_bytes else ""
    where = f"`{entry.repository}`" if entry.repository else "comes with sdgen"
    licence = f"{entry.licence}; gated" if entry.gated else entry.licence
    return [f"`{entry.name}`", where, licence, fetch if entry.repository else "", memory,
            settings, ", ".join(entry.languages)]  # fmt: skip


def families() -> str:
    """The table of what each family can do."""
    rows = [
        [words, *("yes" if name in each.can else "refused" for each in FAMILIES.values())]
        for name, words in ABILITIES.items()
    ]
    flow = ["schedulers", *("flow_…" if each.flow else "others" for each in FAMILIES.values())]
    reads = ["prompts in", *(each.languages for each in FAMILIES.values())]
    return table(["", *(each.title for each in FAMILIES.values())], [*rows, flow, reads])


GENERATED: dict[str, Callable[[], str]] = {
    "settings": settings, "schedulers": schedulers, "configs": configs, "commands": commands,
    "treatments": treatments, "approximations": approximations, "catalogue": catalogue,
    "families": families,
}  # fmt: skip


def fill(text: str) -> str:
    return BLOCK.sub(lambda found: found[1] + GENERATED[found[2]]() + found[3], text)


def main() -> None:
    stale = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        before = path.read_text(encoding="utf-8")
        after = fill(before)
        if after != before:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(after, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"out of step: {', '.join(stale)}; run python scripts/docs.py")
    print("documents in step" if not stale else f"written: {', '.join(stale)}")


if __name__ == "__main__":
    main()
