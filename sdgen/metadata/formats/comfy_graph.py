"""A ComfyUI graph: nodes by their number, inputs that are values or links to other nodes.

What is walked is somebody's file: a link may lead nowhere or in circles, so every walk visits a
node at most once, and a fixed number of nodes at most.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

MAX_NODES = 5_000
MAX_HOPS = 200
"""Links that are followed from one input: through switches, reroutes, loaders in a row."""

MAX_SOURCES = 20
"""Nodes that are asked for one value."""

MAX_TEXT = 2**16
"""Characters of a text, which nodes may join from one that stands in the file once."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the graph; `inputs` holds values, and links as `[number of a node, output]`."""

    id: str
    kind: str
    inputs: Mapping[str, Any]


class Graph:
    """The nodes that ran, by their number."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}

    def linked(self, node: Node, name: str) -> Node | None:
        """The node that the input `name` of `node` comes from."""
        return self.nodes.get(link_of(node.inputs.get(name)))

    def parents(self, node: Node, names: Collection[str] = ()) -> Iterator[Node]:
        """The nodes that the inputs called `names` come from; all inputs where none is given."""
        for name in (names if node.kind != "Reroute" else ()) or node.inputs:
            if (found := self.linked(node, name)) is not None:
                yield found

    def before(self, node: Node | None, names: Collection[str] = ()) -> Iterator[Node]:
        """`node` and those before it, nearest first, each once, through inputs called `names`."""
        level, seen = [node] if node else [], {node.id} if node else set()
        for _ in range(MAX_HOPS):
            yield from level
            found = {each.id: each for one in level for each in self.parents(one, names)}
            level = [each for each in found.values() if each.id not in seen]
            seen.update(each.id for each in level)

    def value(self, node: Node, *names: str) -> Any:
        """What the first of the inputs `names` holds, through nodes that only hold a value."""
        for name in names:
            said = node.inputs.get(name)
            found = self._held_before(node, name) if link_of(said) else said
            if found is not None:
                return found
        return None

    def text(self, node: Node, name: str) -> str:
        """What the input `name` holds, also where a node joins several texts; empty if no text."""
        source = self.linked(node, name)
        parts = [key for key in source.inputs if _PART.fullmatch(key)] if source else []
        if source is None or len(parts) < 2:
            found = self.value(node, name)
            return found[:MAX_TEXT] if isinstance(found, str) else ""
        texts = (self.value(source, key) for key in parts[:MAX_SOURCES])
        between = self.value(source, "delimiter", "separator")
        joint = between if isinstance(between, str) else " "
        return joint.join(text[:MAX_TEXT] for text in texts if isinstance(text, str))[:MAX_TEXT]

    def _held_before(self, node: Node, name: str) -> Any:
        sources = islice(self.before(self.linked(node, name)), MAX_SOURCES)
        held = (_held(source, name) for source in sources)
        return next((value for value in held if value is not None), None)


_PART = re.compile(r"(string|text)[_ ]?[a-z0-9]")
_HOLDERS = ("value", "text", "string", "int", "float", "number", "Text", "Value", "prompt")


def _held(node: Node, name: str) -> Any:
    """The value that a node of constants or of text gives."""
    for key in (name, *_HOLDERS):
        held = node.inputs.get(key)
        if held is not None and not isinstance(held, list | dict):
            return held
    return None


def link_of(value: Any) -> str:
    """The number of the node that `value` links to; empty where it is no link."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
        return str(value[0])
    return ""


def api_graph(said: Any) -> Graph | None:
    """The graph that ran: `{number: {class_type, inputs}}`; None if it is none."""
    if not isinstance(said, dict):
        return None
    nodes = [
        Node(str(number), each["class_type"], each["inputs"])
        for number, each in list(said.items())[:MAX_NODES]
        if isinstance(each, dict)
        and isinstance(each.get("class_type"), str)
        and isinstance(each.get("inputs"), dict)
    ]
    return Graph(nodes) if nodes else None
