"""ComfyUI's other graph, `workflow`: what stood on the screen, values by place, not by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from sdgen.metadata.formats.comfy_graph import MAX_NODES, Graph, Node
from sdgen.metadata.formats.facts import objects

_SAMPLER = ("seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise")
_ADVANCED = (
    "add_noise", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler", "start_at_step",
    "end_at_step",
)  # fmt: skip
_LATENT = ("width", "height", "batch_size")

WIDGETS: Mapping[str, Sequence[str]] = {
    "KSampler": _SAMPLER,
    "KSamplerAdvanced": _ADVANCED,
    "SamplerCustom": ("add_noise", "noise_seed", "", "cfg"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeSDXL": (
        "width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l",
    ),
    "CLIPTextEncodeSDXLRefiner": ("ascore", "width", "height", "text"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name",),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": _LATENT,
    "EmptySD3LatentImage": _LATENT,
}  # fmt: skip
"""Kind of node → the names of its values, by their place; empty where the screen has one more."""

BYPASSED = "bypassed"
"""Kind of a node that hands on what it gets; its values count for nothing."""

_MUTED, _BYPASSED = 2, 4
"""`mode` of a node that is switched off, in two ways."""


def workflow_graph(said: Any) -> Graph | None:
    """The graph of a workflow, as far as its nodes are ComfyUI's own; None if it is none."""
    nodes = objects(said.get("nodes")) if isinstance(said, dict) else []
    links = said.get("links") if isinstance(said, dict) else None
    sources = {
        link[0]: [link[1], link[2]]
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, list) and len(link) >= 3 and isinstance(link[0], int)
    }
    found = [_node(each, sources) for each in nodes[:MAX_NODES] if each.get("mode") != _MUTED]
    return Graph(found) if found else None


def _node(said: Mapping[str, Any], sources: Mapping[int, list[Any]]) -> Node:
    kind = BYPASSED if said.get("mode") == _BYPASSED else str(said.get("type"))
    return Node(str(said.get("id")), kind, _inputs(said, kind, sources))


def _inputs(node: Mapping[str, Any], kind: str, sources: Mapping[int, list[Any]]) -> dict[str, Any]:
    """Values by their names, and links; a link counts where both are given."""
    widgets = node.get("widgets_values")
    names = WIDGETS.get(kind, ())
    values = dict(zip(names, widgets, strict=False)) if isinstance(widgets, list) else {}
    links = {
        str(each.get("name")): sources[each["link"]]
        for each in objects(node.get("inputs"))
        if isinstance(each.get("link"), int) and each["link"] in sources
    }
    return {**values, **links}
