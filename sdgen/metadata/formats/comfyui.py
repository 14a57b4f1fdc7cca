"""ComfyUI: no recipe but a graph; the sampler's links lead to all that a recipe says.

A graph may take several passes. The recipe is the first of them, which starts from an empty picture
and decides what is in it; the others stand beside it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sdgen.metadata.formats.comfy_graph import MAX_SOURCES, Graph, Node, api_graph
from sdgen.metadata.formats.comfy_workflow import BYPASSED, workflow_graph
from sdgen.metadata.formats.facts import child, lenient_json, number, whole
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora

_LATENT_LINKS = ("latent_image", "samples", "latent", "images", "image", "pixels")
_MODEL_LINKS = ("model", "guider", "MODEL", "unet")
_CLIP_LINKS = ("clip", "CLIP")
_STEERED_BY = ("positive", "conditioning", "cond1")
_THROUGH = (
    "conditioning", "conditioning_1", "conditioning_2", "conditioning_to", "conditioning_from"
)  # fmt: skip
_TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "prompt", "positive", "populated_text")
_OUTPUTS = ("SaveImage", "SaveAnimatedWEBP", "Image Save", "SaveImageWebsocket", "PreviewImage")
MAX_CONDITIONS = 100
"""Nodes between a sampler and its texts."""

MAX_PICTURES = 20
"""Outputs, or samplers where no output is known, whose passes are followed."""
_COMPUTED = "the prompt is made by nodes while they run, and is not in the file"
_FROM_SCREEN = "read from the workflow on the screen: no graph of what ran is in the file"


def read(carried: Carried) -> Foreign | None:
    """The recipe that a graph in the file draws; None if there is no graph."""
    ran, screen = (_json(carried, name) for name in ("prompt", "workflow"))
    plain = lenient_json(carried.plain)
    if graph := api_graph(ran) or api_graph(plain) or api_graph(child(plain, "prompt")):
        return recipe_of(graph)
    graph = workflow_graph(screen) or workflow_graph(plain)
    return recipe_of(graph, (_FROM_SCREEN,)) if graph else None


def _json(carried: Carried, name: str) -> Any:
    """What stands under `name` in a PNG, or behind it in EXIF's Make or Model."""
    tags = (carried.exif.get("Make", ""), carried.exif.get("Model", ""))
    inside = (tag.partition(":")[2] for tag in tags if tag.lower().startswith(f"{name}:"))
    return lenient_json(carried.texts.get(name) or next(inside, ""))


def recipe_of(graph: Graph, notices: tuple[str, ...] = ()) -> Foreign:
    """The recipe of the graph's first pass."""
    passes = _passes(graph)
    if not passes:
        return Foreign(
            tool="ComfyUI", dialect="comfyui", noise="CPU",
            notices=(*notices, "its graph has no sampler that sdgen knows"),
        )  # fmt: skip
    first = passes[0]
    strength = _strength(graph, first)
    width, height = _size(graph, first)
    sampler, schedule = _sampler(graph, first)
    return Foreign(
        tool="ComfyUI",
        prompt="\n".join(_texts(graph, first, "positive")),
        negative_prompt="\n".join(_texts(graph, first, "negative")),
        dialect="comfyui",
        steps=whole(_value(graph, first, "steps")),
        sampler=sampler,
        schedule=schedule or None,
        guidance_scale=number(_value(graph, first, "cfg")),
        seed=whole(_value(graph, first, "seed", "noise_seed")),
        width=width,
        height=height,
        clip_skip=_clip_skip(graph, first),
        strength=None if strength == 1 else strength,
        noise="CPU",
        model=_model(graph, first),
        vae=_named(graph, _all_before(graph), "vae_name"),
        loras=tuple(_loras(graph, first)),
        extras=dict(_extras(graph, passes)),
        notices=(*notices, *_notices(graph, passes)),
    )


def _is_sampler(node: Node) -> bool:
    """Whether a node takes noise away: all that do have a latent and something to steer by."""
    is_steered = "positive" in node.inputs or "guider" in node.inputs
    return node.kind != BYPASSED and is_steered and "latent_image" in node.inputs


def _passes(graph: Graph) -> list[Node]:
    """The samplers, in the order in which they run, that lead to one picture: what is saved first.

    Where no node is known to save, the longest row of samplers.
    """
    nodes = graph.nodes.values()
    outputs = [node for kind in _OUTPUTS for node in nodes if node.kind == kind][:MAX_PICTURES]
    samplers = [node for node in nodes if _is_sampler(node)][:MAX_PICTURES]
    saved = next(filter(None, (_chain(graph, node) for node in outputs)), [])
    return saved or max((_chain(graph, node) for node in samplers), key=len, default=[])


def _chain(graph: Graph, last: Node) -> list[Node]:
    return [node for node in graph.before(last, _LATENT_LINKS) if _is_sampler(node)][::-1]


def _parts(graph: Graph, sampler: Node) -> Iterator[Node]:
    """The sampler, and the nodes into which the newer kind is taken apart."""
    yield sampler
    for part in graph.parents(sampler, ("noise", "guider", "sampler", "sigmas")):
        yield from graph.before(part, ("sigmas",))


def _value(graph: Graph, sampler: Node, *names: str) -> Any:
    for part in _parts(graph, sampler):
        if (found := graph.value(part, *names)) is not None:
            return found
    return None


def _sampler(graph: Graph, sampler: Node) -> tuple[str, str]:
    """Sampler and schedule; a node that is a schedule has it in its name (`KarrasScheduler`)."""
    name = _value(graph, sampler, "sampler_name")
    schedule = _value(graph, sampler, "scheduler")
    sigmas = graph.linked(sampler, "sigmas")
    if not isinstance(schedule, str) and sigmas and sigmas.kind.endswith("Scheduler"):
        schedule = sigmas.kind.removesuffix("Scheduler").lower()
    return name if isinstance(name, str) else "", schedule if isinstance(schedule, str) else ""


def _texts(graph: Graph, sampler: Node, side: str) -> list[str]:
    """The texts that steer the sampler on one side, `positive` or `negative`, each once."""
    texts: list[str] = []
    for node in _conditions(graph, sampler, side):
        if node.kind == "ConditioningZeroOut":  # the model gets nothing, whatever stands before
            return []
        found = (graph.text(node, name).strip() for name in _TEXTS if name in node.inputs)
        texts += filter(None, found)
    return list(dict.fromkeys(texts))


def _conditions(graph: Graph, sampler: Node, side: str) -> Iterator[Node]:
    """The nodes between sampler and text; in newer graphs a guider stands in front of them."""
    steered = graph.linked(sampler, "guider") or sampler
    links = _STEERED_BY if side == "positive" else (side,)
    start = next(graph.parents(steered, links), None)
    return islice(graph.before(start, (side, *_THROUGH)), MAX_CONDITIONS)


def _size(graph: Graph, sampler: Node) -> tuple[int | None, int | None]:
    """Of the empty latent that the sampler starts from."""
    start = graph.linked(sampler, "latent_image")
    for node in graph.before(start, _LATENT_LINKS):
        width, height = (whole(graph.value(node, name)) for name in ("width", "height"))
        if width and height:
            return width, height
    return None, None


def _strength(graph: Graph, sampler: Node) -> float | None:
    return number(_value(graph, sampler, "denoise"))


def _clip_skip(graph: Graph, sampler: Node) -> int | None:
    """`stop_at_clip_layer` counts from the end: −1 is the last layer, −2 the one before."""
    for node in islice(_encoders(graph, sampler), MAX_SOURCES):
        layer = whole(graph.value(node, "stop_at_clip_layer"))
        if layer is not None and layer < 0:
            return -layer
    return None


def _encoders(graph: Graph, sampler: Node) -> Iterator[Node]:
    """The nodes before the prompt's text encoder: loaders, LoRAs, layers."""
    for node in _conditions(graph, sampler, "positive"):
        yield from graph.before(node, _CLIP_LINKS)


def _models(graph: Graph, sampler: Node) -> Iterator[Node]:
    yield from graph.before(sampler, _MODEL_LINKS)


def _model(graph: Graph, sampler: Node) -> str:
    return _named(graph, list(_models(graph, sampler)), "ckpt_name", "unet_name", "model_name")


def _named(graph: Graph, nodes: list[Node], *names: str) -> str:
    for node in nodes:
        found = graph.value(node, *names)
        if isinstance(found, str):
            return found
    return ""


def _all_before(graph: Graph) -> list[Node]:
    """The VAE loaders whose decoder is used."""
    return [
        loader
        for node in graph.nodes.values()
        if node.kind.startswith("VAEDecode") and (loader := graph.linked(node, "vae"))
    ]


def _loras(graph: Graph, sampler: Node) -> Iterator[ForeignLora]:
    """LoRAs between the checkpoint and the sampler, in the order in which they are applied."""
    nodes = [node for node in _models(graph, sampler) if "lora_name" in node.inputs]
    for node in reversed(nodes):
        name = graph.value(node, "lora_name")
        yield ForeignLora(str(name), number(graph.value(node, "strength_model")))


def _extras(graph: Graph, passes: list[Node]) -> Iterator[tuple[str, str]]:
    """What the first pass says beside the recipe, and each pass after it in one line."""
    for name in ("start_at_step", "end_at_step", "guidance"):
        if (found := number(_value(graph, passes[0], name))) is not None:
            yield name, f"{found:g}"
    for place, sampler in enumerate(passes[1:20], 2):
        said = {name: _value(graph, sampler, name) for name in ("steps", "cfg", "denoise")}
        parts = [f"{name} {value}" for name, value in said.items() if number(value) is not None]
        words = filter(None, _sampler(graph, sampler))
        yield f"pass {place}", ", ".join([*words, *parts])


def _notices(graph: Graph, passes: list[Node]) -> Iterator[str]:
    others = sum(_is_sampler(node) for node in graph.nodes.values()) - len(passes)
    if len(passes) > 1:
        yield f"drawn in {len(passes)} passes; this is the first"
    if others > 0:
        yield f"samplers in the graph that lead to other pictures: {others}"
    texts = _texts(graph, passes[0], "positive")
    if len(texts) != 1:
        yield f"the prompt is put together from {len(texts)} texts" if texts else _COMPUTED
    elif through := _computing(graph, passes[0]):
        yield f"the prompt comes through nodes that may change it: {', '.join(through)}"


def _computing(graph: Graph, sampler: Node) -> list[str]:
    """Kinds of the nodes that give the prompt's encoders their texts."""
    nodes = _conditions(graph, sampler, "positive")
    kinds = (source.kind for node in nodes for source in graph.parents(node, _TEXTS))
    return [kind for kind in dict.fromkeys(kinds) if not kind.startswith("Primitive")][:5]
