"""Small files for what is trained: matrices in eight bits, with a scale for each row."""

import torch
from torch import Tensor

SCALE = ".scale"
"""Behind the name of a matrix: that of its scales."""


def eight_bits(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices as whole numbers from -127 to 127 with a scale for each row; the rest in float16."""
    found = {}
    for name, tensor in tensors.items():
        if tensor.ndim < 2:
            found[name] = tensor.detach().half().contiguous()
            continue
        rows = tensor.detach().float().flatten(1)
        scale = (rows.abs().amax(dim=1) / 127).clamp(min=1e-7).half()
        whole = (rows / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        found[name] = whole.view(tensor.shape).contiguous()
        found[f"{name}{SCALE}"] = scale
    return found


def full(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The matrices of such a file, in float32."""
    found = {}
    for name, tensor in tensors.items():
        if name.endswith(SCALE):
            continue
        scale = tensors.get(f"{name}{SCALE}")
        found[name] = tensor.float()
        if scale is not None:
            found[name] *= scale.float().view(-1, *[1] * (tensor.ndim - 1))
    return found
