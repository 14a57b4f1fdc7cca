"""Pixels: settings and a model folder become an image. The only room that imports torch.

This door is light; what stands behind it loads on the first call of `open_generator`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.errors import MemoryExhaustedError, SdgenError
from sdgen.garbage import unsearched
from sdgen.models import LocalModel
from sdgen.recipe.loras import loras_of
from sdgen.recipe.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

    from sdgen.metadata.record import Environment, Record
    from sdgen.models.finding import AddedFile

OnStep = Callable[[int, int], None]
"""Called after each step with (steps done, steps in all); may raise to stop the picture."""


Tell = Callable[[str], None]
"""Called with one line that the user should read while the work goes on: a lack of memory, say."""

Kernels = Literal["eager", "fused"]
"""What computes the networks on a GPU: torch's operations, or fewer and faster ones of our own."""

Offloading = Literal["none", "model", "sequential"]
"""What waits in main memory while a GPU draws: nothing, or all but a part, or a layer."""

Slots = Sequence[Settings | None]
"""The places of one pipeline call; None is a place without a picture, to be padded."""


def no_progress(done: int, total: int) -> None:
    """Ignore the steps."""


def tell_nobody(line: str) -> None:
    """Ignore the line."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture and what made it. `record.settings.dtype` is the one really used."""

    image: "Image.Image"
    record: "Record"


OWN = {
    "prompt", "negative_prompt", "seed", "variation_seed", "variation_strength", "lora", "post",
    "image", "mask", "control_image", "ip_adapter_image",
}  # fmt: skip
"""Settings in which the pictures of one call may differ."""


def shape_key(settings: Settings) -> tuple[object, ...]:
    """What pictures must have in common to go through one call: all but prompts' words and seed.

    What is done to a picture after drawing is its own, too, and what it is drawn from, if all are.
    """
    pictures = (len(settings.control_image), len(settings.ip_adapter_image))
    given = (settings.image is None, settings.mask is None, *pictures)
    return *given, *settings.model_dump(exclude=OWN).values(), loras_of(settings)


class ImageGenerator(Protocol):
    """Draws pictures. The real one stands on diffusers; tests have one that paints colours."""

    @property
    def device(self) -> str:
        """The device in words, for people: `cpu`, `cuda:0 (NVIDIA H200)`."""

    def check_dtype(self, dtype: str) -> None:
        """Find out, without loading anything, whether the device can do `dtype`.

        Raises:
            InputError: It cannot.
        """

    def check_rng(self, rng: str) -> None:
        """Find out whether noise can be had from there.

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

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        """How many pictures of this shape are best drawn together on this device; at least 1."""

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        """How many chunks the longer of the prompts takes; at least 1. Loads the model.

        Pictures with different numbers may be asked for together, but go through separate calls.
        """

    def generate(
        self,
        settings: Settings,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> Drawing:
        """Draw one picture alone: a micro-batch of one.

        Raises:
            InputError: The device cannot do the number format.
            GenerationError: It came out without content.
            ModelError: The model cannot be loaded.
            MemoryExhaustedError: The device is too small.
        """

    def generate_batch(
        self,
        slots: Slots,
        model: LocalModel,
        on_step: OnStep = no_progress,
        tell: Tell = tell_nobody,
    ) -> list[Drawing | SdgenError]:
        """Draw a micro-batch: all slots in one pipeline call of one fixed shape.

        The pixels of a picture depend on its settings, the number of slots and its own slot, and
        not on what the other slots hold. Where memory is short it is drawn in smaller parts, or
        more slowly; `tell` hears of it, and the records say how it was.

        Args:
            slots: At least one of them filled; all filled ones of one `shape_key`.
            model: Whose pictures they are.
            on_step: Hears of each step of the call; may raise to stop it.
            tell: Hears what the user should know.

        Returns:
            For each filled slot, in order, its picture or why there is none: one picture that came
            out without content does not spoil the others.

        Raises:
            InputError: The device cannot do the number format.
            ModelError: The model cannot be loaded.
        """

    def restored(self, environment: "Environment") -> AbstractContextManager[None]:
        """While it is open, draw as `environment` of a record says, as far as that can be had here.

        Threads, switches of the arithmetic, and how memory was saved. Afterwards all is as it was.
        """


OpenGenerator = Callable[[], ImageGenerator]
"""Opens one, when there is something to draw."""


def upscale(
    image: "Image.Image",
    file: "AddedFile",
    size: tuple[int, int],
    device: str,
    environment: "Environment",
) -> "tuple[Image.Image, Environment]":
    """`image` in `size` by the network in `file`, without a model that draws.

    Args:
        image: RGB.
        file: From `models.upscaler.check_upscaler`.
        size: Width and height in pixels.
        device: auto, cpu, cuda or cuda:N.
        environment: Of the picture's record, if it has one: torch computes by the same switches.

    Returns:
        The larger picture, and what a record says of how it was enlarged.

    Raises:
        SdgenError: There is no such device, the weights do not fit together, or memory is short.
    """
    with unsearched():
        from sdgen.engine.upscaling import upscaled_alone  # torch loads here
    return upscaled_alone(image, file, size, device, environment)


def open_generator(
    device: str = "auto", kernels: str = "eager", offload: str = "auto"
) -> ImageGenerator:
    """The generator for `device`: auto, cpu, cuda or cuda:N.

    Args:
        device: What draws; auto takes CUDA where there is one, and the CPU where not.
        kernels: What computes the networks, one of `Kernels`; fused moves pixels a level or so.
        offload: One of `Offloading`, or auto, which takes what fits the memory.

    Raises:
        InputError: There is no such device here, or it has no such kernels, or nothing to offload.
        MemoryExhaustedError: Not even the libraries fit the memory.
    """
    try:
        with unsearched():
            from sdgen.engine.generator import DiffusersGenerator  # torch loads here
    except Exception as error:
        if is_lack_of_memory(error):
            raise MemoryExhaustedError(
                "torch and diffusers do not fit the memory", hint="see `ulimit -v`, and free some"
            ) from error
        raise
    return DiffusersGenerator(device, kernels, offload)
