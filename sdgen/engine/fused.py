"""A Stable Diffusion network that computes in fewer passes: channels last, with our own kernels.

The layers, their weights and their order are those of diffusers; replaced is how five of its
modules compute. Convolutions, products and attention stay torch's. A layer that something else has
been hung on (a LoRA, another padding) is called as it is, so that nothing is passed by.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.activations import GEGLU
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from torch import nn

from sdgen.engine import kernels


def compute_fused(network: Any) -> None:
    """Let `network`, a UNet or a VAE of diffusers on a CUDA device, compute this way from now on.

    Weights of the projections of one input are laid beside each other; the modules keep views.
    """
    network.to(memory_format=torch.channels_last)
    _Times(network).install()
    for module in network.modules():
        for kind, (suits, install) in _WAYS.items():
            if type(module) is kind and suits(module):
                install(module)
    _fuse_end(getattr(network, "decoder", network))


def _last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _is_plain(layer: nn.Module) -> bool:
    """Whether a layer does what its weights say and nothing else."""
    hooks = layer._forward_hooks or layer._forward_pre_hooks
    changed = hooks or not layer.__dict__.keys().isdisjoint(("forward", "_conv_forward"))
    return not changed and getattr(layer, "padding_mode", "zeros") == "zeros"


def _normalised(
    norm: nn.GroupNorm, x: torch.Tensor, *, silu: bool = False, shift: torch.Tensor | None = None
) -> torch.Tensor:
    return kernels.group_norm(
        _last(x), norm.num_groups, norm.weight, norm.bias, norm.eps, silu=silu, shift=shift
    )


def _convolved(layer: nn.Conv2d, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The convolution without its bias, and the bias, for who comes next to add on the way."""
    if not _is_plain(layer):
        return _last(layer(x)), None
    return F.conv2d(x, layer.weight, None, layer.stride, layer.padding), layer.bias


def _pointwise(layer: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    """A 1x1 convolution, as the product that it is: one call with the bias in it."""
    if not _is_plain(layer):
        return _last(layer(x))
    batch, channels, height, width = x.shape
    rows = _last(x).permute(0, 2, 3, 1).reshape(-1, channels)
    out = F.linear(rows, layer.weight.flatten(1), layer.bias)
    return out.view(batch, height, width, -1).permute(0, 3, 1, 2)


class _Times:
    """What the time adds in each residual block of a UNet: all in one product, once a call.

    The bias of the block's first convolution is in it, since both are added to the same numbers.
    """

    def __init__(self, network: nn.Module) -> None:
        self._blocks: list[Any] = [
            module for module in network.modules()
            if type(module) is ResnetBlock2D and _is_usual_resnet(module)
            and module.time_emb_proj is not None
        ]  # fmt: skip
        self._temb: torch.Tensor | None = None
        self._added: dict[Any, torch.Tensor] = {}

    def install(self) -> None:
        """Lay the weights beside each other, and let the blocks ask here."""
        if self._blocks:
            self._weight, _ = _joined([block.time_emb_proj for block in self._blocks])
            biases = [block.time_emb_proj.bias + block.conv1.bias for block in self._blocks]
            self._bias = torch.cat(biases)
            self._widths = [block.out_channels for block in self._blocks]
        for block in self._blocks:
            block.__dict__["times"] = self

    def of(self, block: Any, temb: torch.Tensor) -> torch.Tensor:
        """For one block, from the embedded time of the UNet's call: shape (batch, channels)."""
        if temb is not self._temb:
            every = torch.split(
                F.linear(F.silu(temb), self._weight, self._bias), self._widths, dim=1
            )
            self._temb, self._added = temb, dict(zip(self._blocks, every, strict=True))
        return self._added[block]


def _resnet(block: Any, x: torch.Tensor, temb: torch.Tensor | None = None, *_: Any) -> torch.Tensor:
    """`ResnetBlock2D`: the biases and the time are added where the numbers are read anyway."""
    hidden = _normalised(block.norm1, x, silu=True)
    if temb is not None and _is_plain(block.conv1) and _is_plain(block.time_emb_proj):
        hidden, _bias = _convolved(block.conv1, hidden)
        shift = block.times.of(block, temb)
    else:
        hidden = block.conv1(hidden)
        shift = None if temb is None else block.time_emb_proj(F.silu(temb))
    hidden = _normalised(block.norm2, hidden, silu=True, shift=shift)
    hidden, bias = _convolved(block.conv2, hidden)
    carried = x if block.conv_shortcut is None else _pointwise(block.conv_shortcut, x)
    return kernels.add(hidden, bias, _last(carried))


def _is_usual_resnet(block: Any) -> bool:
    return (
        block.upsample is None
        and block.downsample is None
        and (block.time_embedding_norm == "default" or block.time_emb_proj is None)
        and block.time_embedding_norm != "spatial"
        and not block.skip_time_act
        and block.output_scale_factor == 1
        and isinstance(block.nonlinearity, nn.SiLU)
        and block.conv1.groups == 1
    )


def _into_rows(model: Any, x: torch.Tensor) -> tuple[torch.Tensor, int]:
    """`Transformer2DModel`, its beginning: pixels become rows, (batch, height * width, width)."""
    batch, _channels, height, width = x.shape
    hidden = _normalised(model.norm, x)
    if not model.use_linear_projection:
        hidden = _pointwise(model.proj_in, hidden)
    rows = hidden.permute(0, 2, 3, 1).reshape(batch, height * width, hidden.shape[1])
    return (model.proj_in(rows) if model.use_linear_projection else rows), rows.shape[-1]


def _out_of_rows(
    model: Any, hidden_states: torch.Tensor, residual: torch.Tensor, batch_size: int,
    height: int, width: int, inner_dim: int,
) -> torch.Tensor:  # fmt: skip
    """Its end: rows become pixels again, which they are in memory all along."""
    rows = model.proj_out(hidden_states) if model.use_linear_projection else hidden_states
    hidden = rows.reshape(batch_size, height, width, -1).permute(0, 3, 1, 2)
    if not model.use_linear_projection:
        hidden = _pointwise(model.proj_out, hidden)
    return kernels.add(_last(hidden), None, _last(residual))


def _gated(unit: Any, x: torch.Tensor, *_: Any) -> torch.Tensor:
    return kernels.geglu(unit.proj(x))


def _block(
    block: Any,
    hidden_states: torch.Tensor,
    attention_mask: torch.Tensor | None = None,
    encoder_hidden_states: torch.Tensor | None = None,
    encoder_attention_mask: torch.Tensor | None = None,
    cross_attention_kwargs: dict[str, Any] | None = None,
    **more: Any,
) -> torch.Tensor:
    """`BasicTransformerBlock`: each sum is made where the norm after it reads it."""
    if attention_mask is not None or encoder_attention_mask is not None:
        return BasicTransformerBlock.forward(  # type: ignore[no-any-return]
            block, hidden_states, attention_mask, encoder_hidden_states, encoder_attention_mask,
            cross_attention_kwargs=cross_attention_kwargs, **more,
        )  # fmt: skip
    options = cross_attention_kwargs or {}
    hidden, rows = kernels.layer_norm(hidden_states, block.norm1)
    hidden, rows = kernels.layer_norm(block.attn1(rows, **options), block.norm2, hidden)
    mixed = block.attn2(rows, encoder_hidden_states=encoder_hidden_states, **options)
    hidden, rows = kernels.layer_norm(mixed, block.norm3, hidden)
    return block.ff(rows) + hidden  # type: ignore[no-any-return]


def _is_usual_block(block: Any) -> bool:
    return (
        block.norm_type == "layer_norm"
        and block.pos_embed is None
        and block.attn2 is not None
        and not block.only_cross_attention
        and not hasattr(block, "fuser")
        and block.norm1.elementwise_affine
    )


class FusedAttention:
    """An attention processor of diffusers: one product for all projections of the picture.

    Those of the text are made once a picture (`texts_kept.py`).
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        **_: Any,
    ) -> torch.Tensor:
        """Attention of `hidden_states` to itself, or to `encoder_hidden_states`.

        Args:
            attn: Whose projections.
            hidden_states: Shape (batch, rows, width).
            encoder_hidden_states: Shape (batch, tokens, width of the text).
        """
        if encoder_hidden_states is None:
            query, key, value = _projected(attn.to_qkv, [attn.to_q, attn.to_k, attn.to_v],
                                           hidden_states)  # fmt: skip
        else:
            query = attn.to_q(hidden_states)
            key, value = attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states)
        mixed = F.scaled_dot_product_attention(
            _in_heads(query, attn), _in_heads(key, attn), _in_heads(value, attn)
        )
        out: torch.Tensor = attn.to_out[0](mixed.transpose(1, 2).flatten(2))
        return out


def _in_heads(rows: torch.Tensor, attn: Any) -> torch.Tensor:
    """(batch, rows, width) → (batch, heads, rows, width / heads), the same memory."""
    return rows.view(*rows.shape[:2], attn.heads, -1).transpose(1, 2)


def _projected(
    joined: tuple[torch.Tensor, torch.Tensor | None], layers: list[Any], x: torch.Tensor
) -> list[torch.Tensor]:
    if all(map(_is_plain, layers)):
        return list(F.linear(x, *joined).chunk(len(layers), dim=-1))
    return [layer(x) for layer in layers]


def _joined(layers: list[Any]) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Weights (and biases) of layers of one input in one tensor, of which they keep views."""
    weight = torch.cat([layer.weight for layer in layers])
    views = torch.split(weight, [len(layer.weight) for layer in layers])
    for layer, view in zip(layers, views, strict=True):
        layer.weight.data = view
    has_bias = layers[0].bias is not None
    return weight, torch.cat([layer.bias for layer in layers]) if has_bias else None


def _is_usual_attention(attn: Any) -> bool:
    return (
        attn.group_norm is None
        and attn.spatial_norm is None
        and attn.norm_q is None
        and attn.norm_k is None
        and not attn.norm_cross
        and attn.rescale_output_factor == 1
        and not attn.residual_connection
    )


def _install_attention(attn: Any) -> None:
    if not attn.is_cross_attention:
        attn.to_qkv = _joined([attn.to_q, attn.to_k, attn.to_v])
    attn.processor = FusedAttention()


def _forward(function: Callable[..., Any]) -> Callable[[Any], None]:
    def install(module: Any) -> None:
        module.forward = partial(function, module)

    return install


def _install_transformer(model: Any) -> None:
    model._operate_on_continuous_inputs = partial(_into_rows, model)
    model._get_output_for_continuous_inputs = partial(_out_of_rows, model)


def _fuse_end(network: Any) -> None:
    """The last norm of a UNet or decoder takes the SiLU after it along."""
    if isinstance(network.conv_act, nn.SiLU):
        network.conv_norm_out.forward = partial(_normalised, network.conv_norm_out, silu=True)
        network.conv_act = nn.Identity()


_WAYS: dict[type, tuple[Callable[[Any], bool], Callable[[Any], None]]] = {
    ResnetBlock2D: (_is_usual_resnet, _forward(_resnet)),
    Transformer2DModel: (lambda model: model.is_input_continuous, _install_transformer),
    BasicTransformerBlock: (_is_usual_block, _forward(_block)),
    GEGLU: (lambda _: True, _forward(_gated)),
    Attention: (_is_usual_attention, _install_attention),
}
"""What is replaced in which module, and in which of its kind."""
