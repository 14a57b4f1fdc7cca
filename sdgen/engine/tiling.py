"""Pictures whose edges meet: convolutions that read on at the opposite edge, for one call.

A convolution of the model sees zeros beyond the edge. Here it sees what lies at the other end, so
that the picture is drawn as on a ring (x or y) or a torus (both), and put beside itself shows no
seam. The layers get a forward of their own, which is taken away again; their weights and options
are never touched.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

_CONVOLVE = "_conv_forward"
"""Of `nn.Conv2d`: (input, weight, bias) → output, with the layer's options. What `forward` calls,
and what a LoRA on the layer calls with its own matrix."""

MARGIN = 16
"""Latents beyond each edge that are decoded too where the decoder works in tiles of its own."""


@contextmanager
def seamless(network: nn.Module, tiling: str) -> Iterator[None]:
    """While it is open, the convolutions of `network` read on at the opposite edge.

    Args:
        network: The UNet or the VAE.
        tiling: none, x (left and right meet), y (top and bottom) or xy.
    """
    with ExitStack() as undo:
        for layer in network.modules() if tiling != "none" else ():
            if isinstance(layer, nn.Conv2d) and _beyond(layer) != (0, 0):
                layer.__dict__[_CONVOLVE] = partial(_convolve, layer, tiling)
                undo.callback(layer.__dict__.pop, _CONVOLVE)
        yield


def _beyond(layer: nn.Conv2d) -> tuple[int, int]:
    """Rows and columns that the layer sees beyond each edge."""
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        return 0, 0
    rows, columns = layer.padding
    return rows, columns


def _convolve(
    layer: nn.Conv2d, tiling: str, x: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    rows, columns = _beyond(layer)
    wide = _extended(x, columns if "x" in tiling else 0, rows if "y" in tiling else 0)
    zeros = (0 if "y" in tiling else rows, 0 if "x" in tiling else columns)
    return functional.conv2d(wide, weight, bias, layer.stride, zeros, layer.dilation, layer.groups)


def _extended(x: Tensor, columns: int, rows: int) -> Tensor:
    """`x`, shape (n, channels, height, width), with so much of the opposite edges around it."""
    return functional.pad(x, (columns, columns, rows, rows), mode="circular")


def decoded_in_tiles(
    decode: Callable[[Tensor], Tensor], latents: Tensor, tiling: str, factor: int
) -> Tensor:
    """A seamless picture from a decoder that works in tiles, whose edges are not the picture's.

    The latents are laid on beyond their edges, decoded as they are, and the picture is cut out.

    Args:
        decode: Latents → picture, shape (n, 3, height * factor, width * factor).
        latents: Shape (n, channels, height, width).
        tiling: x, y or xy.
        factor: Pixels that one latent is long.
    """
    height, width = latents.shape[-2:]
    columns = min(MARGIN, width) if "x" in tiling else 0
    rows = min(MARGIN, height) if "y" in tiling else 0
    picture = decode(_extended(latents, columns, rows))
    top, left = rows * factor, columns * factor
    return picture[..., top : top + height * factor, left : left + width * factor]
