"""`sdgen show --history`: what a picture was drawn from, and that from what, as a tree."""

from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.metadata.record import Record

MAX_DEPTH = 16
"""Generations that are shown; no record that sdgen writes has as many."""

MAX_PROMPT = 70


def history_of(record: Record) -> dict[str, Any]:
    """The record's ancestors as plain data: what each was drawn with, and from what."""
    return _node(record.model_dump(mode="json", by_alias=True, exclude_none=True), MAX_DEPTH)


def history_lines(record: Record) -> Iterator[str]:
    """The same as a tree for people, the picture itself first."""
    yield from _lines(history_of(record), "")


def _node(record: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Of a nested record, which is unchecked: what is not as it should be is left out."""
    settings = _object(record.get("settings"))
    said = ("prompt", "model", "seed", "width", "height", "strength", "hires_scale", "hires_size")
    node = {name: settings[name] for name in said if settings.get(name) is not None}
    parent = _object(record.get("parent"))
    sources = record.get("sources") if isinstance(record.get("sources"), list) and depth else []
    return {
        "pixels_sha256": str(_object(record.get("image")).get("sha256", "")),
        **node,
        **({"variation_of": parent["pixels_sha256"]} if "pixels_sha256" in parent else {}),
        "sources": [_source(_object(one), depth - 1) for one in sources or []],
    }


def _source(source: Mapping[str, Any], depth: int) -> dict[str, Any]:
    kept = ("role", "name", "width", "height", "pixels_sha256")
    node = {name: source.get(name) for name in kept}
    record = source.get("record")
    return node | ({"record": _node(record, depth)} if isinstance(record, dict) else {})


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _lines(node: Mapping[str, Any], indent: str) -> Iterator[str]:
    prompt = str(node.get("prompt", "?"))
    short = prompt if len(prompt) <= MAX_PROMPT else f"{prompt[: MAX_PROMPT - 1]}…"
    facts = [f"seed {node.get('seed', '?')}", f"{node.get('width')}x{node.get('height')}"]
    facts += [
        f"{name} {node[name]:g}" for name in ("strength", "hires_scale") if _is_number(node, name)
    ]
    facts += [f"hires_size {node['hires_size']}"] if "hires_size" in node else []
    yield f"{indent}{' '.join(short.split())} ({node.get('model', '?')}, {', '.join(facts)})"
    if "variation_of" in node:
        yield f"{indent}├─ a variation of the picture with sha256 {str(node['variation_of'])[:16]}…"
    sources = node["sources"]
    for number, source in enumerate(sources):
        is_last = number == len(sources) - 1
        size = f"{source['width']}x{source['height']}"
        mark, branch = str(source["pixels_sha256"])[:16], "└─" if is_last else "├─"
        yield f"{indent}{branch} {source['role']} {source['name']}, {size}, sha256 {mark}…"
        below = indent + ("   " if is_last else "│  ")
        if "record" in source:
            yield from _lines(source["record"], below)
        elif source["role"] == "image":
            yield f"{below}no record of sdgen in it"


def _is_number(node: Mapping[str, Any], name: str) -> bool:
    return isinstance(node.get(name), int | float)
