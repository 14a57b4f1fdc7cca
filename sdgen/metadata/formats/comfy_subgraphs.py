"""Subgraphs of a ComfyUI workflow, unfolded: one node on the screen that stands for many.

A workflow has definitions (`definitions.subgraphs`), and nodes whose type is a definition's id.
Inside, links from a node of their own (usually −10) come from the inputs of the node outside, and
links to another (−20) are its outputs. What is unfolded is named as ComfyUI names it when it runs:
`12:3` is node 3 inside of node 12. Depth, number and the way of a link are bounded.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.metadata.formats.facts import child, objects, whole

MAX_DEPTH = 10
MAX_HOPS = 50
MAX_UNFOLDED = 200
"""Nodes that are unfolded, since a definition may have many of the next in it, and so on."""

_MUTED, _BYPASSED = 2, 4
Said = Mapping[str, Any]


class Scope:
    """One level: the nodes of the workflow, or those inside of one node of it."""

    def __init__(
        self,
        said: Said,
        definitions: Mapping[str, Said],
        outer: "Scope | None" = None,
        instance: Said | None = None,
    ) -> None:
        self._said, self._outer, self._instance = said, outer, instance or {}
        self.prefix: str = f"{outer.prefix}{self._instance.get('id')}:" if outer else ""
        self._depth: int = outer._depth + 1 if outer else 0
        self._left: Iterator[int] = outer._left if outer else iter(range(MAX_UNFOLDED))
        self.nodes = objects(said.get("nodes"))
        self._links = dict(_links(said.get("links")))
        self._into = {
            (target, place): link
            for link, (_, _, target, place) in self._links.items()
            if isinstance(target, int | str) and isinstance(place, int)
        }
        self.inner: dict[int | str, Scope] = {}
        for node in self.nodes if self._depth < MAX_DEPTH else ():
            definition, key = definitions.get(str(node.get("type"))), key_of(node)
            if definition is None or key is None or node.get("mode") in (_MUTED, _BYPASSED):
                continue
            if next(self._left, None) is not None:
                self.inner[key] = Scope(definition, definitions, self, node)

    def scopes(self) -> "Iterator[Scope]":
        """This level, and those inside of it."""
        yield self
        for inner in self.inner.values():
            yield from inner.scopes()

    def source(self, link: Any, hops: int = MAX_HOPS) -> Any:
        """Where a link comes from, as `[number of a node, output]`; or a value; None if nowhere."""
        if hops <= 0 or not isinstance(link, int) or link not in self._links:
            return None
        origin, slot, *_ = self._links[link]
        if self._outer is not None and origin == _own_id(self._said, "inputNode", -10):
            return self._outer.given(self._instance, self._name_of_input(slot), hops - 1)
        inner = self.inner.get(origin)
        if inner is not None:
            return inner.output(slot, hops - 1)
        return [f"{self.prefix}{origin}", slot]

    def output(self, slot: Any, hops: int) -> Any:
        """Where output `slot` of the node that this level is inside of comes from."""
        end = _own_id(self._said, "outputNode", -20)
        is_one = isinstance(end, int | str) and isinstance(slot, int)
        return self.source(self._into.get((end, slot)) if is_one else None, hops)

    def given(self, node: Said, name: str, hops: int) -> Any:
        """What the input `name` of a node of this level gets: a link's source, or its own value."""
        inputs = objects(node.get("inputs"))
        found = next((each for each in inputs if each.get("name") == name), {})
        if isinstance(found.get("link"), int):
            return self.source(found["link"], hops)
        widgets, values = [each for each in inputs if "widget" in each], node.get("widgets_values")
        if found in widgets and isinstance(values, list) and len(values) >= len(widgets):
            return values[widgets.index(found)]
        return None

    def _name_of_input(self, slot: Any) -> str:
        inputs, place = objects(self._said.get("inputs")), whole(slot)
        is_one = place is not None and 0 <= place < len(inputs)
        return str(inputs[place].get("name")) if is_one and place is not None else ""


def definitions_in(workflow: Said) -> dict[str, Said]:
    """Id → definition of each subgraph."""
    found = objects(child(workflow, "definitions").get("subgraphs"))
    return {each["id"]: each for each in found if isinstance(each.get("id"), str)}


def key_of(node: Said) -> int | str | None:
    """The number of a node; None where it has none."""
    found = node.get("id")
    return found if isinstance(found, int | str) else None


def _own_id(said: Said, name: str, usual: int) -> Any:
    return child(said, name).get("id", usual)


def _links(said: Any) -> Iterator[tuple[int, tuple[Any, Any, Any, Any]]]:
    """Number → origin, its output, target, its input; written as lists or as objects."""
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    for link in said if isinstance(said, list) else ():
        parts = [link.get(name) for name in names] if isinstance(link, dict) else link
        if isinstance(parts, list) and len(parts) >= 3 and isinstance(parts[0], int):
            number, origin, slot, target, place = [*parts, None, None][:5]
            if isinstance(origin, int | str):
                yield number, (origin, slot, target, place)
