"""Pixels: settings and a model folder become an image. The only room that imports torch.

This door is light; what stands behind it loads on the first call of `open_generator`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

    from sdgen.metadata.record import Record

OnStep = Callable[[int, int], None]
"""Called after each step with (steps done, steps in all); may raise to stop the picture."""


def no_progress(done: int, total: int) -> None:
    """Ignore the steps."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture and what made it. `record.settings.dtype` is the one really used."""

    image: "Image.Image"
    record: "Record"


class ImageGenerator(Protocol):
    """Draws pictures. The real one stands on diffusers; tests have one of three lines."""

    @property
    def device(self) -> str:
        """The device in words, for people: `cpu`, `cuda:0 (NVIDIA H200)`."""

    def check_dtype(self, dtype: str) -> None:
        """Find out, without loading anything, whether the device can do `dtype`.

        Raises:
            InputError: It cannot.
        """

    def load(self, model: LocalModel, dtype: str) -> None:
        """Load `model`, unless it is the one loaded last.

        Raises:
            ModelError: It cannot be loaded.
            InputError: The device cannot do `dtype`.
        """

    def notices(self, settings: Settings, model: LocalModel) -> list[str]:
        """What the user must know before `settings` are drawn: words cut off or not known.

        Loads the model. The same lines are in the record of the picture.
        """

    def generate(
        self, settings: Settings, model: LocalModel, on_step: OnStep = no_progress
    ) -> Drawing:
        """Draw one picture.

        Raises:
            InputError: The device cannot do the number format.
            GenerationError: It came out without content.
            ModelError: The model cannot be loaded.
            MemoryExhaustedError: The device is too small.
        """


def open_generator(device: str = "auto", threads: int | None = None) -> ImageGenerator:
    """The generator for `device`: auto, cpu, cuda or cuda:N.

    Args:
        device: What draws; auto takes CUDA where there is one, and the CPU where not.
        threads: CPU threads to compute with, as a record says; None leaves torch's choice.

    Raises:
        InputError: There is no such device here.
    """
    from sdgen.engine.generator import DiffusersGenerator  # torch loads here

    return DiffusersGenerator(device, threads)
