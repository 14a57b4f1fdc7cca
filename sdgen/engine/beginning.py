"""Where a pass begins: at a picture with some noise over it instead of plain noise.

The first steps are left out, and the noise is that of the step where the pass begins: as diffusers'
image-to-image pipelines do, but in the one pipeline that draws everything. What is kept of a masked
picture is put back after each step, with the noise of the step that follows.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from sdgen.engine.encode import encode_picture
from sdgen.engine.families import architecture_of, network_of
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel
from sdgen.recipe.passes import steps_over
from sdgen.recipe.settings import Settings
from sdgen.sources.fitting import given, in_latents


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the rows of a call begin at.

    Attributes:
        latents: Of the pictures: shape (rows, channels, height, width), float32.
        strength: Share of the steps that is drawn, the last ones.
        mask: What is repainted: shape (rows, 1, height, width), float32, 0 or 1; None is all.
        seen: What a UNet that was trained to repaint sees beside the noise: the mask, and the
            latents of the pictures without what it hides; shape (rows, 5, height, width).
    """

    latents: torch.Tensor
    strength: float
    mask: torch.Tensor | None = None
    seen: torch.Tensor | None = None


Keep = Callable[[int, torch.Tensor], torch.Tensor]
"""Takes the index of a step (from 0) and the latents after it; gives those to go on with."""


def beginning_of(loaded: LoadedModel, rows: Sequence[Settings], way: Way) -> Beginning | None:
    """What a call of `rows`, of one `shape_key`, begins at; None is plain noise."""
    shared = rows[0]
    if shared.image is None or shared.strength is None:
        return None
    pictures = [_of_row(loaded, row, way) for row in rows]
    latents = torch.cat([latents for latents, _ in pictures])
    masks = [mask for _, mask in pictures if mask is not None]
    if not masks:
        return Beginning(latents, shared.strength)
    mask = torch.cat(masks).to(latents)
    seen = None
    if _is_shown(loaded.pipeline, latents):
        seen = torch.cat([mask, torch.cat([_without_hidden(loaded, row, way) for row in rows])], 1)
    return Beginning(latents, shared.strength, mask, seen)


def _is_shown(pipeline: Any, latents: torch.Tensor) -> bool:
    """Whether the network is a UNet that sees mask and pictures beside the noise."""
    network = network_of(pipeline)
    return hasattr(network, "up_blocks") and network.config.in_channels > latents.shape[1]


def _of_row(
    loaded: LoadedModel, row: Settings, way: Way
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents and mask of one picture; its latents are kept for the next one drawn from it."""
    picture = given(row)
    assert picture is not None  # one shape_key: all have one, or none
    placed = (row.image, row.fit, row.extend, row.width, row.height)
    [latents] = loaded.texts.get(
        ("picture", *placed, row.tiling, way.tile, way.vae_dtype),
        lambda: (encode_picture(loaded.pipeline, picture.image, way, row.tiling),),
    )
    if picture.mask is None:
        return latents, None
    squares = in_latents(picture.mask, loaded.pipeline.vae_scale_factor)
    return latents, torch.from_numpy(squares)[None, None]


def _without_hidden(loaded: LoadedModel, row: Settings, way: Way) -> torch.Tensor:
    """The latents of a picture without what its mask hides; kept, as those of the whole one are."""
    picture = given(row)
    assert picture is not None  # _of_row had it
    placed = (row.image, row.mask, row.fit, row.extend, row.width, row.height)
    [latents] = loaded.texts.get(
        ("without", *placed, row.tiling, way.tile, way.vae_dtype),
        lambda: (encode_picture(loaded.pipeline, picture.image, way, row.tiling, picture.mask),),
    )
    return latents


@contextmanager
def _shown(unet: Any, seen: torch.Tensor | None) -> Iterator[None]:
    """While it is open, each call of `unet` gets `seen` as further channels of its first argument.

    With guidance the rows come twice.
    """
    if seen is None:
        yield
        return

    def with_seen(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        sample, *rest = given
        more = seen.to(sample).repeat(len(sample) // len(seen), 1, 1, 1)
        return (torch.cat([sample, more], dim=1), *rest), named

    hook = unet.register_forward_pre_hook(with_seen, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def beginning_at(
    pipeline: Any, beginning: Beginning | None, noise: torch.Tensor, steps: int
) -> Iterator[Keep]:
    """While it is open, a call of `pipeline` begins there.

    The pipeline asks its scheduler for the timesteps, and gets the last of them; then, or before,
    it prepares the latents, and gets the noised pictures. From then on the scheduler has all
    timesteps again, since some look up where they are.

    Args:
        pipeline: With a scheduler that was built for this call.
        beginning: None changes nothing.
        noise: One row each, float32.
        steps: Of which the share `strength` is drawn.

    Yields:
        What puts back, after each step, the part of the pictures that is not drawn.
    """
    if beginning is None:
        yield lambda _, latents: latents
        return
    course = _Course(pipeline, beginning, noise, steps)
    kind = architecture_of(pipeline)
    pipeline.prepare_latents = lambda *_, **__: kind.prepared(
        pipeline, course.start(), noise.shape[-2:]
    )
    try:
        with _shown(network_of(pipeline), beginning.seen):
            yield course.keep
    finally:
        del pipeline.prepare_latents  # the class's own shows again


class _Course:
    """The last steps of a scheduler, which was built for this call and is changed."""

    def __init__(
        self, pipeline: Any, beginning: Beginning, noise: torch.Tensor, steps: int
    ) -> None:
        self._pipeline, self._beginning = pipeline, beginning
        self._scheduler = scheduler = pipeline.scheduler
        self._noise = noise.to(beginning.latents)
        self._skipped = (steps - steps_over(steps, beginning.strength)) * scheduler.order
        self._whole, self._plain = scheduler.timesteps, scheduler.set_timesteps
        self._is_set = False
        self._early: torch.Tensor | None = None
        scheduler.set_timesteps = functools.update_wrapper(
            functools.partial(self._set_timesteps), self._plain
        )

    @property
    def _tail(self) -> torch.Tensor:
        tail: torch.Tensor = self._whole[self._skipped :]
        return tail

    def _set_timesteps(self, *args: Any, **kwargs: Any) -> None:
        self._plain(*args, **kwargs)
        self._whole = self._scheduler.timesteps
        self._scheduler.timesteps = self._tail
        if hasattr(self._scheduler, "set_begin_index"):
            begin = self._scheduler.set_begin_index
            self._scheduler.set_begin_index = lambda _=0: begin(self._skipped)  # SDXL's says 0
            self._scheduler.set_begin_index()
        self._is_set = True
        if self._early is not None:
            self._early.copy_(self._packed(self._noised(self._tail[:1])))
            self._whole_from_first_step()

    def _whole_from_first_step(self) -> None:
        """Let the first step give the scheduler all its timesteps again."""
        plain, scheduler = self._scheduler.step, self._scheduler

        @functools.wraps(plain)
        def step(*args: Any, **kwargs: Any) -> Any:
            scheduler.timesteps, scheduler.step = self._whole, plain
            return plain(*args, **kwargs)

        scheduler.step = step

    def start(self) -> torch.Tensor:
        """The noised pictures, packed; the scheduler has all its timesteps again.

        Where the pipeline has not asked for timesteps yet, the tensor is filled when it does.
        """
        if not self._is_set:
            self._early = torch.empty_like(self._packed(self._noise))
            return self._early
        self._scheduler.timesteps = self._whole
        return self._packed(self._noised(self._tail[:1]))

    def _noised(self, timestep: torch.Tensor) -> torch.Tensor:
        latents, scheduler = self._beginning.latents, self._scheduler
        noised: torch.Tensor
        if hasattr(scheduler, "scale_noise"):  # the name of it where models were trained by flow
            noised = scheduler.scale_noise(latents, timestep, self._noise)
        else:
            noised = scheduler.add_noise(latents, self._noise, timestep)
        return noised

    def _packed(self, latents: torch.Tensor) -> torch.Tensor:
        return architecture_of(self._pipeline).packed(self._pipeline, latents)

    def keep(self, index: int, latents: torch.Tensor) -> torch.Tensor:
        """`latents` after step `index`, with those of the pictures where nothing is repainted.

        A UNet that sees the pictures needs no such help.

        Blended Latent Diffusion (Avrahami and others, 2022), as diffusers' inpainting has it.
        """
        mask = self._beginning.mask
        if mask is None or self._beginning.seen is not None:
            return latents
        following = self._tail[index + 1 : index + 2]
        own = self._noised(following) if len(following) else self._beginning.latents
        kind = architecture_of(self._pipeline)
        drawn = kind.unpacked(self._pipeline, latents, own.shape[-2:])
        return kind.packed(self._pipeline, (1 - mask) * own + mask * drawn)
