"""The generator that stands on diffusers: settings and a model become pictures with records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from sdgen.engine import Drawing, OnStep, Slots, Tell, no_progress, shape_key, tell_nobody
from sdgen.engine.devices import (
    choose_device,
    choose_dtype,
    choose_kernels,
    choose_offload,
    describe,
)
from sdgen.engine.embedding import with_embeddings
from sdgen.engine.environment import switches_as
from sdgen.engine.failures import LackOfMemoryError, Stage
from sdgen.engine.families import architecture_of
from sdgen.engine.features import all_notices, with_features
from sdgen.engine.ladder import Shape, Way, Ways, way_recorded
from sdgen.engine.loader import LoadedModel, load_model
from sdgen.engine.philox import check_source
from sdgen.engine.placing import Placed, placed, usual_settings
from sdgen.engine.recording import recorded
from sdgen.engine.sizes import together
from sdgen.engine.together import Drawn, draw_together
from sdgen.errors import MemoryExhaustedError, SdgenError
from sdgen.metadata.record import BatchRecord, Environment
from sdgen.models import LocalModel
from sdgen.models.capabilities import check_ability
from sdgen.recipe.passes import hires_size
from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class _Call:
    """What a pipeline call needs beside the pictures."""

    model: LocalModel
    on_step: OnStep
    tell: Tell


class DiffusersGenerator:
    """Draws with diffusers on one device.

    Args:
        device: auto, cpu, cuda or cuda:N.
        kernels: What computes the networks.
        offload: What waits in main memory; auto is what the memory asks for.

    Raises:
        InputError: There is no such device here, or it has no such kernels, or nothing to offload.
    """

    def __init__(self, device: str = "auto", kernels: str = "eager", offload: str = "auto") -> None:
        self._device = choose_device(device)
        chosen = choose_kernels(kernels, self._device)
        waiting = choose_offload(offload, self._device, chosen)
        first = Way(kernels=chosen, offload=waiting or "none")
        is_cuda = self._device.type == "cuda"
        self._ways = Ways(is_cuda=is_cuda, first=first, is_open=waiting is None)

    @property
    def device(self) -> str:
        """The device for people: `cpu (2 threads)`, `cuda:0 (NVIDIA H200)`."""
        return describe(self._device)

    def check_dtype(self, dtype: str) -> None:
        """Find out, without loading anything, whether the device can do `dtype`."""
        choose_dtype(dtype, self._device)

    def check_rng(self, rng: str) -> None:
        """Find out whether noise can be had from there."""
        check_source(rng)

    def load(self, model: LocalModel, dtype: str) -> None:
        """Load `model`, unless it is the one loaded last."""
        way = self._planned(model, usual_settings(model, dtype), 1).way
        self._open(model, dtype, Shape(str(model.folder), dtype), way)

    def notices(self, settings: Settings, model: LocalModel) -> list[str]:
        """What the user must know before `settings` are drawn."""
        self.check_rng(settings.rng)
        loaded = self._opened(settings, model)
        try:
            return all_notices(loaded, model, settings)
        except LackOfMemoryError:
            raise _no_memory(f"a LoRA on {model.name}", self._device) from None

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        """How many pictures of this shape are best drawn together on this device; at least 1."""
        return together(settings, model, self._device)

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        """How many chunks the longer of the prompts takes."""
        loaded = self._opened(settings, model)
        with with_embeddings(loaded, model, settings):
            return architecture_of(loaded.pipeline).lengths(loaded.pipeline, settings)

    @contextmanager
    def restored(self, environment: Environment) -> Iterator[None]:
        """While it is open, draw as `environment` of a record says; afterwards as before."""
        way = way_recorded(environment)
        if self._device.type != "cuda" or way.offload != "none":
            way = replace(way, kernels="eager")
        before, self._ways = self._ways, self._ways.beginning_with(way)
        try:
            with switches_as(environment, self._device):
                yield
        finally:
            self._ways = before

    def generate(
        self,
        settings: Settings,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> Drawing:
        """Draw one picture alone."""
        [outcome] = self.generate_batch([settings], model, on_step, tell)
        if isinstance(outcome, SdgenError):
            raise outcome
        return outcome

    def generate_batch(
        self,
        slots: Slots,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> list[Drawing | SdgenError]:
        """Draw a micro-batch: all slots in one pipeline call, or in parts where memory is short."""
        self.check_rng(_shared(slots).rng)
        call = _Call(model, on_step, tell)
        shape = _shape(_shared(slots), model)
        way = self._way(model, _shared(slots), len(slots))
        waiting = way.parts(slots)
        outcomes: list[Drawing | SdgenError] = []
        while waiting:
            drawn = self._attempt(waiting[0], call, way)
            if isinstance(drawn, list):
                outcomes += drawn
                waiting = waiting[1:]
            elif lower := self._ways.step_down(way, drawn, len(waiting[0]), shape):
                way = lower
                waiting = [smaller for part in waiting for smaller in way.parts(part)]
            else:
                outcomes += [
                    _no_memory("the picture", self._place(shape.dtype, way)[0])
                    for _ in filter(None, waiting[0])
                ]
                waiting = waiting[1:]
        return outcomes

    def _attempt(self, slots: Slots, call: _Call, way: Way) -> list[Drawing | SdgenError] | Stage:
        """The outcomes of one pipeline call, or where memory ran out.

        The exception ends in here, since its frames hold what filled the memory.
        """
        for line in self._ways.untold():
            call.tell(line)
        device, dtype = self._place(_shared(slots).dtype, way)
        try:
            loaded = self._load(call.model, _shared(slots).dtype, way)
            with with_features(loaded, call.model, _shared(slots)) as whole:
                found = draw_together(whole, slots, way, call.on_step)
            outcomes: list[Drawing | SdgenError] = []
            for slot, drawn in found.items():
                settings = slots[slot].model_copy(update={"dtype": dtype})  # type: ignore[union-attr]
                place = BatchRecord(size=len(slots), slot=slot)
                outcomes.append(_finished(drawn, settings, call, loaded, place, device))
        except LackOfMemoryError as lack:
            return lack.stage
        return outcomes

    def _planned(self, model: LocalModel, settings: Settings, pictures: int) -> Placed:
        """The way that is known for such pictures, or the first that fits the memory."""
        shape = _shape(settings, model)
        if self._ways.knows(shape) or not self._ways.is_open:
            return Placed(self._ways.of(shape))
        return placed(model, settings, pictures, self._device, self._ways.first)

    def _way(self, model: LocalModel, settings: Settings, pictures: int) -> Way:
        """The way to draw so many such pictures, from now on; tells why, if it is not the first."""
        shape = _shape(settings, model)
        found = self._planned(model, settings, pictures)
        if not self._ways.knows(shape):
            self._ways.learn(shape, found.way, found.why)
        return found.way

    def _opened(self, settings: Settings, model: LocalModel) -> LoadedModel:
        way = self._planned(model, settings, 1).way
        return self._open(model, settings.dtype, _shape(settings, model), way)

    def _open(self, model: LocalModel, dtype: str, shape: Shape, way: Way) -> LoadedModel:
        """Load `model` in this way, or in the fastest below it that fits.

        Raises:
            MemoryExhaustedError: None does.
        """
        while True:
            try:
                return self._load(model, dtype, way)
            except LackOfMemoryError:
                failed = way
            lower = self._ways.step_down(failed, "load", 1, shape)
            if lower is None:
                raise _no_memory(model.name, self._place(dtype, failed)[0])
            way = lower

    def _load(self, model: LocalModel, dtype: str, way: Way) -> LoadedModel:
        device, name = self._place(dtype, way)
        if way.kernels == "fused":
            check_ability("fused", "--kernels fused", model)
        return load_model(
            model,
            name,
            device,
            offload=way.offload if device.type == "cuda" else "none",
            layout=way.layout,
            fused=way.kernels == "fused",
        )

    def _place(self, dtype: str, way: Way) -> tuple[torch.device, str]:
        """The device that draws and the number format, by name; on the CPU it is its own."""
        if way.on_cpu:
            return torch.device("cpu"), "float32"
        return self._device, choose_dtype(dtype, self._device)


def _finished(
    drawn: Drawn | SdgenError,
    settings: Settings,
    call: _Call,
    loaded: LoadedModel,
    place: BatchRecord,
    device: torch.device,
) -> Drawing | SdgenError:
    """The picture of one slot with its record, or why there is none."""
    if not isinstance(drawn, Drawn):
        return drawn
    try:
        drawing = recorded(drawn, settings, call.model, loaded, place, device)
    except SdgenError as error:
        return error
    for notice in drawn.notices:
        call.tell(notice)
    return drawing


def _shared(slots: Slots) -> Settings:
    """Settings that stand for all filled slots, but for prompts and seed.

    Raises:
        ValueError: There is none, or they are of different shapes: a mistake of the caller.
    """
    filled = [settings for settings in slots if settings is not None]
    if len(set(map(shape_key, filled))) != 1:
        raise ValueError("a call needs pictures of one shape")
    return filled[0]


def _shape(settings: Settings, model: LocalModel) -> Shape:
    return Shape(str(model.folder), settings.dtype, *hires_size(settings))


def _no_memory(what: str, device: torch.device) -> MemoryExhaustedError:
    return MemoryExhaustedError(
        f"{what} does not fit the memory of {device}",
        hint="a smaller --size, or --device cpu" if device.type == "cuda" else "a smaller --size",
    )
