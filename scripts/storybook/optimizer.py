"""Muon for matrices and AdamW for the rest, an averaged copy, and a schedule by the clock."""

import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrices: Tensor, rounds: int = 5) -> Tensor:
    """Bring the singular values of matrices (n, rows, columns) near 1.

    Newton-Schulz iteration with the coefficients of Jordan et al., "Muon" (2024).
    """
    a, b, c = _NEWTON_SCHULZ
    x = matrices.bfloat16() if matrices.is_cuda else matrices.float()
    tall = x.size(1) > x.size(2)
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(rounds):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether Muon suits it: a matrix or a convolution, but no table and no first or last layer."""
    outer = ("embedding", "conv_in", "conv_out", "quant_conv")
    return parameter.ndim >= 2 and not any(word in name for word in outer)


class Optimizer:
    """One step for all parameters at one learning rate, which both halves read alike.

    Muon's updates are scaled to the size that AdamW's have (0.2 a coefficient; Liu et al., "Muon
    is scalable", 2025).
    """

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], decay: float = 0.01) -> None:
        self.named = list(named)
        self.decay = decay
        groups: dict[tuple[int, int], list[nn.Parameter]] = defaultdict(list)
        rest = []
        for name, parameter in self.named:
            if is_matrix(name, parameter):
                groups[parameter.size(0), parameter[0].numel()].append(parameter)
            else:
                rest.append(parameter)
        self.groups = list(groups.items())
        self.momenta = [
            torch.zeros(len(members), *shape, device=members[0].device)
            for shape, members in self.groups
        ]
        fused = rest[0].is_cuda
        self.adam = torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=decay, fused=fused)

    def step(self, rate: float, momentum: float = 0.95) -> None:
        """Change the parameters by their gradients and forget the gradients."""
        parameters = [parameter for _, parameter in self.named]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        self._step_matrices(rate, momentum)
        for parameter in parameters:
            parameter.grad = None

    @torch.no_grad()
    def _step_matrices(self, rate: float, momentum: float) -> None:
        for ((rows, columns), members), average in zip(self.groups, self.momenta, strict=True):
            kept = [m.grad if m.grad is not None else torch.zeros_like(m) for m in members]
            gradient = torch.stack([grad.reshape(rows, columns).float() for grad in kept])
            average.lerp_(gradient, 1 - momentum)
            update = orthogonalize(gradient.lerp(average, momentum)).float()
            update *= 0.2 * max(rows, columns) ** 0.5
            torch._foreach_mul_(members, 1 - rate * self.decay)
            steps = [part.reshape(m.shape) for part, m in zip(update, members, strict=True)]
            torch._foreach_add_(members, steps, alpha=-rate)

    def state(self) -> dict[str, object]:
        """All that `load` needs."""
        return {"adam": self.adam.state_dict(), "momenta": self.momenta}

    def load(self, state: dict[str, object]) -> None:
        """Take over what `state` returned."""
        self.adam.load_state_dict(state["adam"])  # type: ignore[arg-type]
        for mine, theirs in zip(self.momenta, state["momenta"], strict=True):  # type: ignore[call-overload]
            mine.copy_(theirs)


class Average:
    """An exponential moving average of a module's parameters."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.live = [p for p in module.parameters() if p.requires_grad]
        self.copy = [p.detach().clone() for p in self.live]
        self.decay = decay
        self.steps = 0

    def update(self) -> None:
        """Move towards the live parameters; quickly at first."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.copy, [p.detach() for p in self.live], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the average with the live parameters; call again to return."""
        for live, copy in zip(self.live, self.copy, strict=True):
            kept = live.detach().clone()
            live.copy_(copy)
            copy.copy_(kept)


class Clock:
    """Progress 0 … 1 of a leg that ends at a planned time; a file may move the end.

    The first answer is below 1 whatever the time, so that a leg makes a step on a busy machine too.

    Args:
        minutes: Length of the leg.
        override: A file with the end as seconds since 1970; read every few seconds if it exists.
        done: Seconds of this leg that an earlier run has spent.
    """

    def __init__(self, minutes: float, override: Path | None = None, done: float = 0.0) -> None:
        now = time.time()
        self.start, self.end = now - done, now - done + minutes * 60
        self._override, self._read = override, now
        self._latest = 1 - 1e-6

    def progress(self) -> float:
        """How much of the planned time is over."""
        now = time.time()
        if self._override and now - self._read > 3 and self._override.exists():
            self._read, self.end = now, float(self._override.read_text())
        latest, self._latest = self._latest, 1.0
        return min(latest, (now - self.start) / max(1e-6, self.end - self.start))

    @property
    def spent(self) -> float:
        """Seconds since the leg began."""
        return time.time() - self.start


def trapezoid(progress: float, step: int, warm: int = 200, fall: float = 0.5) -> float:
    """Factor of the learning rate: up over `warm` steps, level, then down over the last `fall`."""
    return min(1.0, (step + 1) / warm) * min(1.0, max(0.0, 1 - progress) / fall + 0.005)
