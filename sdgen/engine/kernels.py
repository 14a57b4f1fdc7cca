"""Triton kernels for what torch does slowly in channels-last networks: norms, gates, additions.

Each reads its input once or twice where the eager operations make a pass over memory for every
sign in the formula, and computes in float32 inside. The order of each sum depends on the shape of
one picture and on nothing else, so that a picture has the same numbers whatever its neighbours, in
every run. Against the eager operations the last bits differ (they round to the half format between
two operations), which is why a record says what was used.

Sums of squares are shifted and merged as in Chan, Golub, LeVeque, "Algorithms for Computing the
Sample Variance: Analysis and Recommendations" (1983), so that nothing cancels out.
"""

import torch
import triton
import triton.language as tl

ROWS = 128
"""Pixels that a program reads at a time."""

CHANNELS = 64
"""Channels that it reads of each."""

CHUNKS = 256
"""Into so many parts, at most, the pixels of a picture are cut for the sums."""

BLOCK = 1024
"""Elements of a program where each stands for itself."""

_NUMBERS = ["rows", "group", "chunks", "per_chunk"]
"""Arguments of which no kernel is compiled anew for some values; of lengths that memory is read by
it is for multiples of 16, which can be read in one go."""

_kernel = triton.jit(do_not_specialize=_NUMBERS)


@triton.jit
def _silu(x):
    return x / (1.0 + tl.exp(-x))


@_kernel
def _moments(
    x, means, squares, rows, channels, per_chunk,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """Mean and sum of squared distances from it, for each channel of one chunk of pixels.

    Summed as distances from the chunk's first pixel, so that a great mean takes no digits.
    """
    picture, chunk, block = tl.program_id(2), tl.program_id(1), tl.program_id(0)
    column = block * CHANNELS + tl.arange(0, CHANNELS)
    own = column < channels
    first = chunk * per_chunk
    last = tl.minimum(first + per_chunk, rows)
    start = x + picture.to(tl.int64) * rows * channels
    pivot = tl.load(start + first.to(tl.int64) * channels + column, mask=own, other=0.0)
    pivot = pivot.to(tl.float32)
    total = tl.zeros([ROWS, CHANNELS], tl.float32)
    square = tl.zeros([ROWS, CHANNELS], tl.float32)
    for row in range(first, last, ROWS):
        at = row + tl.arange(0, ROWS)
        here = (at < last)[:, None] & own[None, :]
        places = at.to(tl.int64)[:, None] * channels + column[None, :]
        tile = tl.load(start + places, mask=here, other=0.0)
        apart = tl.where(here, tile.to(tl.float32) - pivot[None, :], 0.0)
        total += apart
        square += apart * apart
    pixels = (last - first).to(tl.float32)
    moved = tl.sum(total, 0)
    out = (picture * tl.num_programs(1) + chunk) * channels + column
    tl.store(means + out, pivot + moved / pixels, mask=own)
    tl.store(squares + out, tl.sum(square, 0) - moved * moved / pixels, mask=own)


@_kernel
def _affine_of_moments(
    means, squares, shift, weight, bias, scale, offset,
    rows, channels, group, chunks, per_chunk, stride, eps,
    HAS_SHIFT: tl.constexpr, CHUNKS: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    """From the moments of all chunks of one group: normalising it as `x * scale + offset`."""
    picture, number = tl.program_id(1), tl.program_id(0)
    inside = tl.arange(0, GROUP)
    column = number * group + inside
    own = inside < group
    moved = tl.zeros([GROUP], tl.float32)
    if HAS_SHIFT:
        moved = tl.load(shift + picture * stride + column, mask=own, other=0.0).to(tl.float32)
    count = (rows * group).to(tl.float32)
    total = tl.zeros([CHUNKS, GROUP], tl.float32)
    for first in range(0, chunks, CHUNKS):
        chunk = first + tl.arange(0, CHUNKS)
        here = (chunk < chunks)[:, None] & own[None, :]
        at = (picture * chunks + chunk)[:, None] * channels + column[None, :]
        pixels = tl.minimum(rows - chunk * per_chunk, per_chunk).to(tl.float32)
        each = tl.load(means + at, mask=here, other=0.0) + moved[None, :]
        total += tl.where(here, each * pixels[:, None], 0.0)
    mean = tl.sum(tl.sum(total, 1), 0) / count
    total = tl.zeros([CHUNKS, GROUP], tl.float32)
    for first in range(0, chunks, CHUNKS):
        chunk = first + tl.arange(0, CHUNKS)
        here = (chunk < chunks)[:, None] & own[None, :]
        at = (picture * chunks + chunk)[:, None] * channels + column[None, :]
        pixels = tl.minimum(rows - chunk * per_chunk, per_chunk).to(tl.float32)
        apart = tl.load(means + at, mask=here, other=0.0) + moved[None, :] - mean
        square = tl.load(squares + at, mask=here, other=0.0) + apart * apart * pixels[:, None]
        total += tl.where(here, square, 0.0)
    variance = tl.sum(tl.sum(total, 1), 0) / count
    steep = tl.load(weight + column, mask=own, other=0.0).to(tl.float32) * tl.rsqrt(variance + eps)
    flat = tl.load(bias + column, mask=own, other=0.0).to(tl.float32)
    tl.store(scale + picture * channels + column, steep, mask=own)
    tl.store(offset + picture * channels + column, flat + (moved - mean) * steep, mask=own)


@_kernel
def _apply_affine(
    x, scale, offset, out, rows, channels,
    SILU: tl.constexpr, ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """`x * scale + offset` of each channel, through SiLU if so said."""
    picture, part, block = tl.program_id(2), tl.program_id(1), tl.program_id(0)
    column = block * CHANNELS + tl.arange(0, CHANNELS)
    own = column < channels
    row = part * ROWS + tl.arange(0, ROWS)
    here = (row < rows)[:, None] & own[None, :]
    at = (picture.to(tl.int64) * rows + row)[:, None] * channels + column[None, :]
    steep = tl.load(scale + picture * channels + column, mask=own, other=0.0)
    flat = tl.load(offset + picture * channels + column, mask=own, other=0.0)
    result = tl.load(x + at, mask=here, other=0.0).to(tl.float32) * steep[None, :] + flat[None, :]
    if SILU:
        result = _silu(result)
    tl.store(out + at, result.to(out.dtype.element_ty), mask=here)


@_kernel
def _geglu(x, out, rows, inner, ROWS: tl.constexpr, WIDTH: tl.constexpr):
    """Half of each row times the GELU of its other half."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    here = (row < rows)[:, None] & (column < inner)[None, :]
    at = row.to(tl.int64)[:, None] * 2 * inner + column[None, :]
    value = tl.load(x + at, mask=here, other=0.0).to(tl.float32)
    gate = tl.load(x + at + inner, mask=here, other=0.0).to(tl.float32)
    gelu = 0.5 * gate * (1.0 + tl.erf(gate * 0.7071067811865476))
    at = row.to(tl.int64)[:, None] * inner + column[None, :]
    tl.store(out + at, (value * gelu).to(out.dtype.element_ty), mask=here)


@_kernel
def _layer_norm(
    x, other, weight, bias, both, out, count, width, eps,
    HAS_OTHER: tl.constexpr, ROWS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """The sum of two tensors, and each of its rows normalised."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, WIDTH)
    own = column < width
    here = (row < count)[:, None] & own[None, :]
    at = row.to(tl.int64)[:, None] * width + column[None, :]
    tile = tl.load(x + at, mask=here, other=0.0).to(tl.float32)
    if HAS_OTHER:
        tile += tl.load(other + at, mask=here, other=0.0).to(tl.float32)
        tl.store(both + at, tile.to(both.dtype.element_ty), mask=here)
    apart = tl.where(here, tile - (tl.sum(tile, 1) / width)[:, None], 0.0)
    rate = tl.rsqrt(tl.sum(apart * apart, 1) / width + eps)
    steep = tl.load(weight + column, mask=own, other=0.0).to(tl.float32)
    flat = tl.load(bias + column, mask=own, other=0.0).to(tl.float32)
    result = apart * rate[:, None] * steep[None, :] + flat[None, :]
    tl.store(out + at, result.to(out.dtype.element_ty), mask=here)


@_kernel
def _add(x, bias, other, out, count, channels, HAS_BIAS: tl.constexpr, BLOCK: tl.constexpr):
    """`x + bias` of its channel `+ other`."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    here = at < count
    result = tl.load(x + at, mask=here, other=0.0).to(tl.float32)
    if HAS_BIAS:
        result += tl.load(bias + at % channels, mask=here, other=0.0).to(tl.float32)
    result += tl.load(other + at, mask=here, other=0.0).to(tl.float32)
    tl.store(out + at, result.to(out.dtype.element_ty), mask=here)


def group_norm(
    x: torch.Tensor,
    groups: int,
    weight: torch.Tensor,
    bias: torch.Tensor,
    eps: float,
    *,
    silu: bool = False,
    shift: torch.Tensor | None = None,
) -> torch.Tensor:
    """Group normalisation of `x + shift`, with SiLU after it if asked for.

    Args:
        x: Shape (pictures, channels, height, width), channels last in memory.
        groups: Of channels, which it divides.
        weight: Of each channel, shape (channels,).
        bias: Of each channel.
        eps: Added to the variance.
        silu: Whether to give `y * sigmoid(y)`.
        shift: Added to all pixels first, shape (pictures, channels), contiguous within a row.

    Returns:
        As `x`, channels last.
    """
    pictures, channels, height, width = x.shape
    rows, group = height * width, channels // groups
    moved, stride = (x, 0) if shift is None else (shift, shift.stride(0))
    tiles = triton.cdiv(rows, ROWS)
    per_chunk = ROWS * triton.cdiv(tiles, min(tiles, CHUNKS))
    chunks, blocks = triton.cdiv(rows, per_chunk), triton.cdiv(channels, CHANNELS)
    out = torch.empty_like(x)
    means, squares = x.new_empty((2, pictures, chunks, channels), dtype=torch.float32)
    scale, offset = x.new_empty((2, pictures, channels), dtype=torch.float32)
    _moments[blocks, chunks, pictures](
        x, means, squares, rows, channels, per_chunk, ROWS, CHANNELS, num_warps=8
    )  # fmt: skip
    _affine_of_moments[groups, pictures](
        means, squares, moved, weight, bias, scale, offset,
        rows, channels, group, chunks, per_chunk, stride, eps,
        shift is not None, 32, triton.next_power_of_2(group),
    )  # fmt: skip
    _apply_affine[blocks, tiles, pictures](
        x, scale, offset, out, rows, channels, silu, ROWS, CHANNELS, num_warps=8
    )
    return out


def layer_norm(
    x: torch.Tensor, norm: torch.nn.LayerNorm, other: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """`x + other`, and its rows normalised as `norm` does.

    Args:
        x: Shape (..., width), contiguous.
        norm: Over the last dimension.
        other: As `x`.

    Returns:
        The sum (`x` itself without `other`), rounded; and the normalised rows of the unrounded sum.
    """
    width = x.shape[-1]
    whole = triton.next_power_of_2(width)
    rows = max(1, 2048 // whole)
    count = x.numel() // width
    out = torch.empty_like(x)
    both = x if other is None else torch.empty_like(x)
    _layer_norm[(triton.cdiv(count, rows),)](
        x, x if other is None else other, norm.weight, norm.bias, both, out, count, width, norm.eps,
        other is not None, rows, whole,
    )  # fmt: skip
    return both, out


def geglu(x: torch.Tensor) -> torch.Tensor:
    """The gated unit of Shazeer, "GLU Variants Improve Transformer" (2020): `a * gelu(b)`.

    Args:
        x: Shape (..., 2 * inner), contiguous: `a` and `b` beside each other.

    Returns:
        Shape (..., inner).
    """
    inner = x.shape[-1] // 2
    out = x.new_empty((*x.shape[:-1], inner))
    rows = out.numel() // inner
    _geglu[triton.cdiv(rows, 4), triton.cdiv(inner, 256)](x, out, rows, inner, 4, 256)
    return out


def add(x: torch.Tensor, bias: torch.Tensor | None, other: torch.Tensor) -> torch.Tensor:
    """`x + bias + other`, rounded once.

    Args:
        x: Shape (pictures, channels, height, width), channels last in memory.
        bias: Of each channel, shape (channels,).
        other: As `x`, channels last.
    """
    out = torch.empty_like(x)
    its_bias = x if bias is None else bias
    _add[(triton.cdiv(out.numel(), BLOCK),)](
        x, its_bias, other, out, out.numel(), x.shape[1], bias is not None, BLOCK
    )
    return out
