"""A LoRA of the UNet that lies in its weights: as fast as the plain network in training.

sdgen adds a LoRA beside each layer (`sdgen/engine/lora.py`), which for a network this small would
cost as much time as the layers themselves. Here the weights hold W + up @ down, autograd gives the
gradient of the whole weight, and the chain rule carries it to the two factors.
"""

import re
from pathlib import Path

import torch
from parts import write_tensors
from safetensors.torch import load_file
from torch import Tensor, nn

_NAME = re.compile(r"unet\.(?P<path>.+)\.lora_(?P<side>[AB])\.weight")


def changeable(unet: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """Path → layer, of all layers that a LoRA can change."""
    layers = unet.named_modules()
    return {path: one for path, one in layers if isinstance(one, nn.Linear | nn.Conv2d)}


class Adapter(nn.Module):
    """Two factors for every linear layer and convolution, whose product is added to its weight.

    Args:
        unet: Its weights are changed by `push` and must have gradients for `pull`; it should have
            no other parameters with gradients.
        rank: Columns of `up`, rows of `down`.
    """

    def __init__(self, unet: nn.Module, rank: int) -> None:
        super().__init__()
        self.layers = list(changeable(unet).items())
        self.base = [layer.weight.detach().clone() for _, layer in self.layers]
        self.up, self.down = nn.ParameterDict(), nn.ParameterDict()
        for (path, _), weight in zip(self.layers, self.base, strict=True):
            outputs, inputs = weight.size(0), weight[0].numel()
            name = path.replace(".", "_")
            self.down[name] = nn.Parameter(
                torch.randn(rank, inputs, device=weight.device) / inputs**0.5
            )
            self.up[name] = nn.Parameter(torch.zeros(outputs, rank, device=weight.device))

    def factors(self) -> list[tuple[Tensor, Tensor]]:
        """(outputs, rank) and (rank, inputs) of every layer."""
        return list(zip(self.up.values(), self.down.values(), strict=True))

    @torch.no_grad()
    def push(self) -> None:
        """Write W + up @ down into the layers."""
        for (_, layer), base, (up, down) in zip(
            self.layers, self.base, self.factors(), strict=True
        ):
            layer.weight.copy_(base + (up @ down).view_as(base))

    @torch.no_grad()
    def pull(self) -> None:
        """Turn the gradients of the layers' weights into gradients of the factors."""
        for (_, layer), (up, down) in zip(self.layers, self.factors(), strict=True):
            slope = layer.weight.grad
            if slope is None:
                raise ValueError("a layer has no gradient")
            slope = slope.reshape(up.size(0), down.size(1)).float()
            up.grad, down.grad = slope @ down.T, up.T @ slope
            layer.weight.grad = None

    def save(self, path: Path, **facts: object) -> None:
        """Write the factors in float16 by diffusers' names, with facts in the header."""
        tensors = {}
        for (layer_path, layer), (up, down) in zip(self.layers, self.factors(), strict=True):
            shape = layer.weight.shape
            ones = (1,) * (len(shape) - 2)
            for side, factor, form in (
                ("A", down, (down.size(0), *shape[1:])),
                ("B", up, (*up.shape, *ones)),
            ):
                name = f"unet.{layer_path}.lora_{side}.weight"
                tensors[name] = factor.detach().reshape(form).half().cpu().contiguous()
        write_tensors(tensors, path, {key: str(value) for key, value in facts.items()})


@torch.no_grad()
def merge(unet: nn.Module, path: Path) -> None:
    """Add the LoRA of a file that `Adapter.save` wrote to the weights of `unet`."""
    layers, tensors = changeable(unet), load_file(path)
    found = [match for name in tensors if (match := _NAME.fullmatch(name))]
    if len(found) != len(tensors):
        raise SystemExit(f"{path}: not a LoRA that turbo.py wrote")
    for match in found:
        if match["side"] == "A":
            weight = layers[match["path"]].weight
            down = tensors[match.string].flatten(1)
            up = tensors[match.string.replace("lora_A", "lora_B")].flatten(1)
            change = (up.float() @ down.float()).view(weight.shape)
            weight += change.to(weight)
