"""From noise to picture along the teacher's way: long strides, and the short steps inside them.

Latents at timestep t are x = a·clean + s·noise with a² + s² = 1; the networks guess the velocity
v = a·noise - s·clean. -1 stands for the picture itself, as samplers end.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from networks import alphas_cumprod
from torch import Tensor

END = -1
Guess = Callable[[Tensor, int], Tensor]
"""Noisy latents (n, 4, h, w) and a timestep → their velocity."""


class Walk:
    """Strides over timesteps that are spaced as `trailing` schedulers space them.

    Args:
        strides: Steps of the student.
        substeps: Steps of the teacher in one of them.
    """

    def __init__(self, strides: int, substeps: int, device: torch.device) -> None:
        powers = alphas_cumprod(device)
        self.clean, self.noise = powers.sqrt(), (1 - powers).sqrt()
        length = len(powers) // (strides * substeps)
        if length * strides * substeps != len(powers):
            raise SystemExit(f"{strides} times {substeps} steps do not divide {len(powers)}")
        fine = [*range(len(powers) - 1, 0, -length), END]
        self.strides = [
            fine[n * substeps : (n + 1) * substeps + 1] for n in range(strides)
        ]  # each begins where the one before it ends

    def at(self, time: int | Tensor) -> tuple[Tensor, Tensor]:
        """Shares of picture and noise at a timestep; the picture's own for END."""
        if isinstance(time, int) and time == END:
            return self.clean.new_ones(()), self.clean.new_zeros(())
        return self.clean[time], self.noise[time]

    def turn(self, stride: int) -> tuple[Tensor, Tensor]:
        """Factors c, s of a student's step x → c·x - s·v, as DDIM takes it.

        DDIM of Stable Diffusion ends at the noise of timestep 0 (`set_alpha_to_one: false`).
        """
        a, s = self.at(self.strides[stride][0])
        b, r = self.at(max(self.strides[stride][-1], 0))
        return a * b + s * r, s * b - a * r

    def step(self, x: Tensor, velocity: Tensor, stride: int) -> Tensor:
        """Where a student's step leads."""
        c, s = self.turn(stride)
        return c * x - s * velocity

    def velocity(self, x: Tensor, goal: Tensor, stride: int) -> Tensor:
        """The velocity at `x` whose step leads to `goal`."""
        c, s = self.turn(stride)
        return (c * x - goal) / s

    def follow(self, x: Tensor, stride: int, guess: Guess) -> Tensor:
        """Where the teacher is at the end of a stride: DPM-Solver++ 2M (Lu et al., 2022)."""
        times = self.strides[stride]
        before: tuple[Tensor, Tensor] | None = None
        for now, then in pairwise(times):
            (a, s), (b, r) = self.at(now), self.at(then)
            picture = a * x - s * guess(x, now)
            if then == END:
                return picture
            size = (b / r).log() - (a / s).log()
            aim = picture
            if before is not None:
                aim = picture + (picture - before[0]) * size / (2 * before[1])
            before = picture, size
            x = r / s * x - b * torch.expm1(-size) * aim
        return x
