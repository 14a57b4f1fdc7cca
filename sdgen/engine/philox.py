"""Noise from other places than torch's generator on the CPU: a GPU's, there or imitated.

A GPU's generator is counted, not stepped: Philox-4x32-10 makes four words of the number of earlier
draws, the place of a value and the seed. So it can be imitated anywhere, which A1111 (`RNG: NV`)
and stable-diffusion.cpp (`--rng cuda`) do, and what they drew can be drawn again.

Sources: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, for the
generator and its check values; Box and Muller 1958, in the form of cuRAND, for the normal values.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from sdgen.errors import InputError

Words = NDArray[np.uint64]
"""Words of 32 bits, in 64 so that products fit."""

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def philox(counter: Sequence[Words], key: tuple[int, int]) -> list[Words]:
    """Four words of noise for each counter: Philox-4x32-10.

    Args:
        counter: Four arrays of one shape, words of 32 bits.
        key: Two words of 32 bits.
    """
    c0, c1, c2, c3 = counter
    keys = list(key)
    for _ in range(_ROUNDS):
        left, right = (np.uint64(m) * c for m, c in zip(_MULTIPLIERS, (c0, c2), strict=True))
        c0, c2 = (right >> _32) ^ c1 ^ np.uint64(keys[0]), (left >> _32) ^ c3 ^ np.uint64(keys[1])
        c1, c3 = right & _LOW, left & _LOW
        keys = [(k + step) & 0xFFFFFFFF for k, step in zip(keys, _WEYL, strict=True)]
    return [c0, c1, c2, c3]


def normal_values(seed: int, draw: int, count: int) -> NDArray[np.float32]:
    """What a GPU's generator of this seed gives a call of `torch.randn(count)`.

    As long as it has a thread for each value. An H100 has 270,336: measured there (torch 2.11), no
    value of up to 262,144 differed by more than 3e-5, which is the rounding of its sine and
    logarithm; of a million, all but the first quarter were others.

    Args:
        seed: 0 to 2**64 - 1.
        draw: The number of earlier calls.
        count: Values wanted.
    """
    place = np.arange(count, dtype=np.uint64)
    nothing = np.zeros_like(place)
    counter = [np.full_like(place, draw), nothing, place, nothing]
    x, y, *_ = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    step, turn = 2.0**-32, 2.0**-32 * float(np.float32(2 * np.pi))
    radius = np.sqrt(-2 * np.log(x * step + step / 2))
    values: NDArray[np.float32] = (radius * np.sin(y * turn + turn / 2)).astype(np.float32)
    return values


class Stream(torch.Generator):
    """One picture's noise, which pipelines and schedulers pass around like a torch generator.

    It stands on the CPU for them, and the rule of `sdgen.engine.noise` asks it for its numbers
    where it would ask torch.
    """

    def __new__(cls, seed: int) -> "Stream":
        """A generator of torch's own kind; it draws nothing itself."""
        return super().__new__(cls, "cpu")  # type: ignore[call-arg]

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.manual_seed(seed % 2**64)

    def randn(self, shape: Sequence[int]) -> torch.Tensor:
        """The next standard normal numbers, float32, on the CPU."""
        raise NotImplementedError


class ImitatedGpu(Stream):
    """A GPU's numbers, computed on the CPU."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._draws = 0

    def randn(self, shape: Sequence[int]) -> torch.Tensor:
        """The next numbers."""
        drawn = normal_values(self.initial_seed(), self._draws, int(np.prod(shape)))
        self._draws += 1
        return torch.from_numpy(drawn).reshape(tuple(shape))


class Gpu(Stream):
    """The numbers of the GPU that is here."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._there = torch.Generator("cuda").manual_seed(self.initial_seed())

    def randn(self, shape: Sequence[int]) -> torch.Tensor:
        """The next numbers."""
        drawn = torch.randn(tuple(shape), generator=self._there, device="cuda", dtype=torch.float32)
        return drawn.cpu()


def generator_of(source: str, seed: int) -> torch.Generator:
    """The generator of one picture's noise.

    Args:
        source: The setting `rng`: cpu, gpu or nv.
        seed: Start of its stream.
    """
    if source == "cpu":
        return torch.Generator("cpu").manual_seed(seed % 2**64)
    return {"nv": ImitatedGpu, "gpu": Gpu}[source](seed)


def check_source(source: str) -> None:
    """Find out whether noise can be had from there.

    Raises:
        InputError: It cannot.
    """
    if source == "gpu" and not torch.cuda.is_available():
        raise InputError(
            "there is no GPU here to draw noise", hint="--rng nv draws a GPU's numbers on the CPU"
        )


class drawn_from(TorchFunctionMode):
    """Within it, `torch.randn` draws from streams `like` that one, of its generators' seeds.

    For Brownian paths, whose every piece has a seed of its own.
    """

    def __init__(self, like: Stream) -> None:
        super().__init__()
        self._kind = type(like)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Draw as promised; pass anything else on."""
        kwargs = kwargs or {}
        generator = kwargs.get("generator")
        if func is not torch.randn or generator is None:
            return func(*args, **kwargs)
        return as_asked(self._kind(generator.initial_seed()), args, kwargs)


def as_asked(stream: Stream, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    """Numbers of `stream` for a call of `torch.randn` with these arguments."""
    size = args if args and isinstance(args[0], int) else args[0] if args else kwargs["size"]
    return stream.randn(size).to(device=kwargs.get("device"), dtype=kwargs.get("dtype"))
