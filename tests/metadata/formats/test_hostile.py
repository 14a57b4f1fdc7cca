"""Readers under mutation and in the worst cases that their formats allow; counted, never timed."""

import itertools
import json
import random
from collections.abc import Iterator

import pytest

from sdgen.cli.show import foreign_object, foreign_rows
from sdgen.files.foreign import read_recipe_in
from sdgen.metadata.formats.comfy_graph import MAX_NODES, Graph
from sdgen.metadata.formats.comfy_subgraphs import Scope
from sdgen.metadata.formats.comfyui import read as read_comfy
from sdgen.metadata.formats.detect import read_foreign
from sdgen.metadata.formats.fidelity import settings_of
from sdgen.metadata.formats.foreign import Carried, Foreign
from sdgen.recipe.layers import Layer, resolve
from tests.metadata.formats.fuzz import run
from tests.metadata.formats.test_corpus import CASES, written
from tests.metadata.records import refusal

PIECES = (
    b"", b"\0", b"\xff\xff", b"{", b"[", b'"', b"\\", b": ", b", ", b"\n", b"null", b"-1", b"1e999",
    b"NaN", b'["3", 0]', b"<", b">", b"&#0;", b"\xed\xa0\x80", b"Steps: ", b"9" * 5000,
)  # fmt: skip
TIMES = 12


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    """`data` with up to four pieces cut out, doubled or put in."""
    chance = random.Random(seed)
    for _ in range(TIMES):
        changed = data
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(changed) + 1)
            end = min(len(changed), start + chance.choice((0, 0, 1, 4, 40)))
            piece = chance.choice((*PIECES, changed[start:end] * 2))
            changed = changed[:start] + piece + changed[end:]
        yield changed


def check(found: Foreign) -> None:
    """A recipe that can be shown to people and to programs, and drawn."""
    json.dumps(foreign_object(found))
    resolve([Layer("test", {"prompt": "a fox", "seed": 1}), settings_of(found)[0]])
    assert all(
        isinstance(name, str) and isinstance(value, str) for name, value in foreign_rows(found)
    )


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_mutated_files_are_read_or_refused(file):
    whole = written(json.loads(file.read_text(encoding="utf-8")))
    for data in mutations(whole, seed=len(whole)):
        if not refusal(read_recipe_in, data):
            check(read_recipe_in(data))


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_mutated_texts_raise_nothing(file):
    """Behind the checksums that keep most mutations of a file from the readers."""
    case = json.loads(file.read_text(encoding="utf-8"))
    texts = {key: as_text(value) for key, value in case.get("texts", {}).items()}
    others = {name: as_text(case[key]) for name, key in OTHERS.items() if key in case}
    for name, text in [*texts.items(), *others.items()]:
        for data in mutations(text.encode(), seed=len(text)):
            changed = data.decode(errors="replace")
            found = read_foreign(
                Carried(texts={**texts, name: changed}, **{**others, name: changed})
                if name in others
                else Carried(texts={**texts, name: changed}, **others)
            )
            if found:
                check(found)


OTHERS = {"comment": "comment", "xmp": "xmp", "plain": "plain"}


def as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def graph(nodes: dict[str, dict]) -> Carried:
    return Carried(texts={"prompt": json.dumps(nodes)})


def node(kind: str, **inputs: object) -> dict:
    return {"class_type": kind, "inputs": inputs}


def sampler(**inputs: object) -> dict:
    return node("KSampler", **{"seed": 1, "positive": ["1", 0], "latent_image": ["1", 0], **inputs})


def test_a_chain_longer_than_any_graph_ends():
    chain = {
        str(at): node("ConditioningCombine", conditioning_1=[str(at + 1), 0]) for at in range(5_000)
    }
    found = read_comfy(graph({"s": sampler(positive=["0", 0]), **chain}))
    assert found is not None
    assert found.seed == 1


def test_a_graph_in_which_everything_leads_everywhere_costs_little(monkeypatch):
    links, follow = itertools.count(), Graph.linked

    def counted(self, node, name):
        next(links)
        return follow(self, node, name)

    monkeypatch.setattr(Graph, "linked", counted)
    names = ("conditioning_1", "conditioning_2", "text", "text_g", "prompt", "clip", "model")
    nodes = {
        str(at): node("X", **{name: [str(at * (7 + i) % 2000), 0] for i, name in enumerate(names)})
        for at in range(2000)
    }
    start = sampler(**{name: [str(at), 0] for at, name in enumerate(("steps", "cfg", "model"))})
    assert read_comfy(graph({**nodes, "s": start})) is not None
    assert next(links) < 1_000_000


def workflow(nodes: list[dict], subgraphs: list[dict], links: list | None = None) -> Carried:
    said = {"nodes": nodes, "links": links or [], "definitions": {"subgraphs": subgraphs}}
    return Carried(texts={"workflow": json.dumps(said)})


def test_subgraphs_inside_of_each_other_are_unfolded_a_bounded_number_of_times(monkeypatch):
    made, plain = itertools.count(), Scope.__init__

    def counted(self, *arguments):
        next(made)
        plain(self, *arguments)

    monkeypatch.setattr(Scope, "__init__", counted)
    many = [{"id": at, "type": "x", "inputs": []} for at in range(100)]
    inner = [{"id": 1, "type": "KSampler", "inputs": []}, *({**one, "type": "y"} for one in many)]
    assert read_comfy(workflow(many, [{"id": "x", "nodes": inner}, {"id": "y", "nodes": many}]))
    assert next(made) < 500


@pytest.mark.parametrize(
    "links",
    [[{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 0}],
     [{"id": 1, "origin_id": [], "origin_slot": {}, "target_id": [], "target_slot": "x"}],
     [[1, -10, "x", -20, []]], [[]], [7], "x"],
)  # fmt: skip
def test_links_of_subgraphs_may_lead_in_circles_or_nowhere(links):
    sampled = {"id": 7, "type": "KSampler", "inputs": [
        {"name": "positive", "link": 1}, {"name": "latent_image", "link": 1}]}  # fmt: skip
    outer = [{"id": 1, "type": "x", "inputs": [{"name": "a", "link": 5}]}, {"id": [], "type": "x"}]
    subgraph = {"id": "x", "nodes": [sampled], "links": links, "inputs": [{"name": "a"}]}
    round_about = [[5, 1, 0, 1, 0, "*"]]
    assert read_comfy(workflow(outer, [subgraph], round_about)) is not None


def test_nodes_beyond_the_limit_are_not_read():
    many = {str(at): node("X") for at in range(MAX_NODES)}
    found = read_comfy(graph({**many, "late": sampler()}))
    assert found is not None
    assert "no sampler" in found.notices[0]


@pytest.mark.parametrize(
    "text",
    ["[" * 10**6, '{"a":' * 200_000, '{"a": "' + "x" * 2**20 + '"}', '{"a": ' + "9" * 5000 + "}",
     "-" * 100_000, '"' * 99_999, "<xmp:CreatorTool>" * 50_000, "Lora hashes: " + "a" * 200_000],
    ids=range(8),
)  # fmt: skip
def test_hostile_text_in_every_place_is_nobodys(text):
    keys = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Comment")
    carried = Carried(dict.fromkeys(keys, text), comment=text, xmp=text, plain=text)
    assert read_foreign(carried) is None


def test_the_long_run_in_short():
    assert run(seconds=60, seed=10**6, most=300) == 300
