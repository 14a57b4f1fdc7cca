"""The noise of a picture: at the start, and in the steps of a scheduler that adds some.

One rule for both: drawn per image, in float32, on the CPU, from that image's own generator, then
cast and moved. diffusers draws in the model's dtype on the model's device, and then one seed has
many pictures. Measured with a CPU generator and one seed: on torch 2.6 to 2.11 a float16 or
bfloat16 draw has nothing in common with the float32 draw (correlation 0.01), on 2.12 it equals it
in 99.93 % of the elements, on 2.13 in all; a GPU has other numbers again. The float32 draw on the
CPU was the same, byte for byte, in all of them. In float32 on the CPU the rule changes nothing: a
plain diffusers script gives the same picture.

Pictures of other programs may have their noise from elsewhere: see `sdgen.engine.philox`.
"""

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from sdgen.engine.philox import Stream, as_asked, drawn_from, generator_of
from sdgen.recipe.settings import Settings


def initial_latents(
    seed: int, shape: tuple[int, int, int], source: str = "cpu", ensd: int = 0
) -> tuple[torch.Tensor, torch.Generator]:
    """Draw the starting noise of one image.

    Args:
        seed: Start of the image's random stream, 0 to 2**63 - 1.
        shape: Latent channels, height and width; one latent is 8 pixels in SD and SDXL.
        source: The setting `rng`.
        ensd: Added to the seed for a fresh stream in the steps, as A1111 does; 0 goes on with the
            one that drew the start.

    Returns:
        Standard normal noise of shape (1, *shape), float32, on the CPU, and the generator for the
        noise in the steps.
    """
    generator = generator_of(source, seed)
    with exact_step_noise():
        drawn = torch.randn((1, *shape), generator=generator, dtype=torch.float32)
    return drawn, generator_of(source, seed + ensd) if ensd else generator


def starting_noise(
    settings: Settings, shape: tuple[int, int, int], ensd: int = 0
) -> tuple[torch.Tensor, torch.Generator]:
    """Draw the starting noise of one image: its seed's, or a mixture with its variation seed's.

    Args:
        settings: Seed, variation seed, variation strength and `rng` count.
        shape: As `initial_latents` has it.
        ensd: Likewise.

    Returns:
        As `initial_latents`. The generator is always that of the seed, as in A1111.
    """
    noise, generator = initial_latents(settings.seed, shape, settings.rng, ensd)
    if settings.variation_strength and settings.variation_seed is not None:
        other, _ = initial_latents(settings.variation_seed, shape, settings.rng)
        noise = slerp(settings.variation_strength, noise, other)
    return noise, generator


def slerp(share: float, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Noise on the arc from `low` to `high`, which a straight line between them would make fainter.

    Shoemake's formula (Animating Rotation with Quaternion Curves, 1985), with one angle for each
    column of latents in each channel: so A1111 takes it, and one seed pair has one picture there
    and here.

    Args:
        share: 0 gives `low`, 1 gives `high`.
        low: Shape (1, channels, height, width), float32.
        high: Likewise.
    """
    directions = (each / each.norm(dim=2, keepdim=True) for each in (low, high))
    cosine = torch.mul(*directions).sum(dim=2, keepdim=True)
    if cosine.mean() > 0.9995:  # one noise twice: there is no arc
        return low
    angle = torch.acos(cosine)
    mixed = torch.sin((1 - share) * angle) * low + torch.sin(share * angle) * high
    return mixed / torch.sin(angle)


class exact_step_noise(TorchFunctionMode):
    """Within it, `torch.randn` with a CPU generator draws in float32 and casts afterwards.

    It sees the calls of its own thread only, patches nothing, and ends with the block, whatever
    ends the block. All noise of diffusers' schedulers comes through `torch.randn`, with one
    generator for the batch or a list with one for each image.
    """

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
        if func is not torch.randn or generator is None or generator.device.type != "cpu":
            return func(*args, **kwargs)
        if isinstance(generator, Stream):
            return as_asked(generator, args, kwargs)
        drawn = func(*args, **{**kwargs, "device": "cpu", "dtype": torch.float32})
        return onto(drawn.to(dtype=kwargs.get("dtype")), kwargs.get("device"))


def onto(drawn: torch.Tensor, device: Any) -> torch.Tensor:
    """`drawn` on `device`, without waiting for what a GPU is doing."""
    if torch.device(device or "cpu").type != "cuda":
        return drawn.to(device=device)
    return drawn.pin_memory().to(device=device, non_blocking=True)


def draw_exactly(scheduler: Any) -> None:
    """Make every `step` of this one scheduler object draw its noise by the rule of this module.

    The Brownian noise of `DPMSolverSDEScheduler`, which knows no generators and takes a random
    seed of its own, is given the seeds of the images' generators, as A1111 and ComfyUI do.
    """
    plain_step = scheduler.step

    @functools.wraps(plain_step)
    def step(*args: Any, **kwargs: Any) -> Any:
        with exact_step_noise():
            return plain_step(*args, **kwargs)

    scheduler.step = _with_brownian_noise(scheduler, step) if is_brownian(scheduler) else step


def is_brownian(scheduler: Any) -> bool:
    """Whether the noise of its steps comes from the seed alone, and not from a stream."""
    return hasattr(scheduler, "noise_sampler_seed")


def _with_brownian_noise(scheduler: Any, plain_step: Callable[..., Any]) -> Callable[..., Any]:
    """`plain_step` with an argument `generator`; pipelines look for it and then pass theirs."""

    def step(
        model_output: torch.Tensor,
        timestep: Any,
        sample: torch.Tensor,
        generator: torch.Generator | list[torch.Generator] | None = None,
        return_dict: bool = True,
    ) -> Any:
        if scheduler.noise_sampler is None and generator is not None:  # set_timesteps clears it
            scheduler.noise_sampler = _brownian_noise(scheduler.sigmas, sample, generator)
        return plain_step(model_output, timestep, sample, return_dict=return_dict)

    return step


def _brownian_noise(
    sigmas: torch.Tensor,
    sample: torch.Tensor,
    generator: torch.Generator | list[torch.Generator],
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Noise between two noise levels, from one Brownian path an image.

    Args:
        sigmas: The noise levels of the run, with the final 0.
        sample: What the noise will be added to, shape (batch, channels, height, width).
        generator: One for the batch, or a list with one for each image; their seeds decide.

    Returns:
        A function from two levels to noise of the shape, dtype and device of `sample`.
    """
    # Here, since torchsde and scipy load with it, which few schedulers use.
    from diffusers.schedulers.scheduling_dpmsolver_sde import (
        BrownianTreeNoiseSampler,
    )

    several = generator if isinstance(generator, list) else [generator]
    seeds = [each.initial_seed() for each in several]
    kind = drawn_from(several[0]) if isinstance(several[0], Stream) else nullcontext()
    lowest, highest = sigmas[sigmas > 0].min().item(), sigmas.max().item()
    with kind:
        path = BrownianTreeNoiseSampler(
            torch.zeros(sample.shape, dtype=torch.float32),
            lowest,
            highest,
            seeds if isinstance(generator, list) else seeds[0],
        )
    # torchsde rounds the ends of a path to six digits, and warns when a level lies outside them
    # before it takes the end. We take the end, so that nothing is printed.
    between, start, end = path.tree, round(lowest, 6), round(highest, 6)
    path.tree = lambda one, other: between(
        min(max(one.item(), start), end), min(max(other.item(), start), end)
    )

    def noise(sigma: torch.Tensor, sigma_next: torch.Tensor) -> torch.Tensor:
        with kind:
            drawn: torch.Tensor = path(sigma.cpu(), sigma_next.cpu()).to(sample)
        return drawn

    return noise
