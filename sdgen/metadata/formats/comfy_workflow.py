"""ComfyUI's other graph, `workflow`: what stood on the screen, values by place, not by name."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sdgen.metadata.formats.comfy_graph import MAX_NODES, Graph, Node
from sdgen.metadata.formats.comfy_subgraphs import Scope, definitions_in, key_of
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
    if not isinstance(said, dict) or not objects(said.get("nodes")):
        return None
    scopes = Scope(said, definitions_in(said)).scopes()
    found = (node for scope in scopes for node in _nodes(scope))
    return Graph(islice(found, MAX_NODES))


def _nodes(scope: Scope) -> Iterator[Node]:
    """The nodes of one level, less those that stand for others and those that are switched off."""
    for each in scope.nodes:
        if each.get("mode") != _MUTED and key_of(each) not in scope.inner:
            kind = BYPASSED if each.get("mode") == _BYPASSED else str(each.get("type"))
            yield Node(f"{scope.prefix}{each.get('id')}", kind, _inputs(each, kind, scope))


def _inputs(node: Mapping[str, Any], kind: str, scope: Scope) -> dict[str, Any]:
    """Values by their names, and links; a link counts where both are given."""
    widgets = node.get("widgets_values")
    names = WIDGETS.get(kind, ())
    values = dict(zip(names, widgets, strict=False)) if isinstance(widgets, list) else {}
    links = {
        str(each.get("name")): scope.source(each.get("link"))
        for each in objects(node.get("inputs"))
    }
    return {**values, **{name: source for name, source in links.items() if source is not None}}
