"""A generator without torch, weights or time: equal settings, equal pixels."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from sdgen.engine import Drawing, OnStep, Slots, Tell, no_progress, shape_key, tell_nobody
from sdgen.engine.watch import Watch
from sdgen.errors import GenerationError, InputError, MemoryExhaustedError, SdgenError
from sdgen.metadata.record import (
    BatchRecord,
    Environment,
    ModelRecord,
    Record,
    SchedulerRecord,
    now,
    pixels_of,
)
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import SizeRule
from sdgen.sources import sources_of

FAKE_MODEL = LocalModel(
    name="fake",
    folder=Path("fake"),
    pipeline="StableDiffusionPipeline",
    weights=(),
    defaults={"width": 64, "height": 64, "steps": 4},
    sizes=SizeRule(multiple=8),
)


def find_fake(name: str) -> LocalModel:
    """Stands in for `find_model`: every name is the fake model."""
    return FAKE_MODEL


class PaintedGenerator:
    """Paints the settings' hash as a flat colour; counts what it drew; fails where asked to."""

    device = "fake"

    def __init__(self, fail_on: dict[str, Exception] | None = None) -> None:
        self.drawn: list[Settings] = []
        self.fail_on = fail_on or {}
        self.unfit_dtypes: set[str] = set()
        self.together = 1
        self.calls: list[Slots] = []

    def check_dtype(self, dtype: str) -> None:
        if dtype in self.unfit_dtypes:
            raise InputError(f"{dtype} does not work here", hint="--dtype auto")

    def check_rng(self, rng: str) -> None:
        if rng == "gpu":
            raise InputError("there is no GPU here to draw noise", hint="--rng nv")

    def load(self, model: LocalModel, dtype: str) -> None:
        """Nothing to load."""

    def notices(self, settings: Settings, model: LocalModel) -> list[str]:
        return [f"about {settings.prompt}"] if "zebra" in settings.prompt else []

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        return self.together

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        return 1 + settings.prompt.count("BREAK")

    @contextmanager
    def restored(self, environment: Environment) -> Iterator[None]:
        yield

    def generate_batch(
        self,
        slots: Slots,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> list[Drawing | SdgenError]:
        """Paint the filled slots, one after the other."""
        filled = [settings for settings in slots if settings is not None]
        assert len(set(map(shape_key, filled))) == 1
        self.calls.append(slots)
        outcomes: list[Drawing | SdgenError] = []
        for slot, settings in enumerate(slots):
            if settings is None:
                continue
            try:
                drawn = self.generate(settings, model, on_step, tell)
            except (GenerationError, MemoryExhaustedError) as error:
                outcomes.append(error)
                continue
            place = BatchRecord(size=len(slots), slot=slot)
            outcomes.append(Drawing(drawn.image, drawn.record.model_copy(update={"batch": place})))
        return outcomes

    def generate(
        self,
        settings: Settings,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> Drawing:
        if settings.prompt in self.fail_on:
            raise self.fail_on[settings.prompt]
        for step in range(settings.steps):
            if isinstance(on_step, Watch):
                on_step.glimpse = PaintedGlimpse(step)
                on_step.maps = [(word, Image.new("L", (8, 8), 200)) for word in on_step.words]
            on_step(step + 1, settings.steps)
        self.drawn.append(settings)
        settings = settings.model_copy(update={"dtype": "float32"})  # as a device decides on auto
        colour = hashlib.sha256(settings.model_dump_json().encode()).digest()[:3]
        image = Image.new("RGB", (settings.width, settings.height), tuple(colour))
        return Drawing(image, painted_record(image, settings))


class PaintedGlimpse:
    """A step as a flat grey, lighter than the one before."""

    def __init__(self, step: int) -> None:
        self.step = step

    def small(self, row: int = 0, *, guess: bool = True) -> Image.Image:
        return Image.new("RGB", (8, 8), (self.step * 60 % 256,) * 3)

    def whole(self, row: int = 0, *, guess: bool = True) -> Image.Image:
        return Image.new("RGB", (64, 64), (self.step * 60 % 256,) * 3)


def painted_record(image: Image.Image, settings: Settings) -> Record:
    """The record of a painted picture."""
    return Record(
        created=now(),
        settings=settings,
        model=ModelRecord(name="fake", pipeline="StableDiffusionPipeline", files={}),
        scheduler=SchedulerRecord(class_name="EulerDiscreteScheduler", config={}),
        environment={"device": "fake", "threads": 2, "torch": "2.13"},
        image=pixels_of(image),
        sources=[source.record for source in sources_of(settings)],
    )
