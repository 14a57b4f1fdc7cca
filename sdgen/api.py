"""The Python interface: `sdgen.generate("a red fox", steps=20).save("fox.png")`.

Also the way from what was said to what is drawn, which the commands share with it.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdgen import engine
from sdgen.engine import ImageGenerator
from sdgen.files.configs import load_config, user_defaults
from sdgen.files.model_folders import folders_in_config
from sdgen.files.own_models import own_models
from sdgen.files.wording import wording_of
from sdgen.models.consent import leave
from sdgen.models.finding import ANYWHERE, Search
from sdgen.models.hub_names import Reference
from sdgen.models.resolve import Plan, drawn_seed, plan
from sdgen.named_folders import told_by
from sdgen.own_models import read_by
from sdgen.recipe.layers import Layer, layer_from

if TYPE_CHECKING:
    from PIL import Image

    from sdgen.files.formats import Inside
    from sdgen.files.signing import Signing
    from sdgen.metadata.record import Record

told_by(folders_in_config)
read_by(own_models)


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture with its record."""

    image: "Image.Image"
    record: "Record"

    @property
    def seed(self) -> int:
        """The seed that it was drawn from."""
        return self.record.settings.seed

    def save(
        self,
        path: str | Path,
        *,
        overwrite: bool = True,
        inside: "Inside" = "record",
        signing: "Signing | None" = None,
    ) -> Path:
        """Write the image, with its record inside and as JSON beside it.

        Args:
            path: A .png, .jpg, .webp or .avif file; its folder is made if it is missing.
            overwrite: Replace a picture of that name.
            inside: What the image itself tells: record, origin or mark (`docs/privacy.md`).
            signing: Certificate and key to sign it with (`docs/signing.md`).

        Returns:
            The path of the image.

        Raises:
            OutputError: It cannot be written, or is there and must not be replaced.
            InputError: The ending is none that sdgen writes.
        """
        from sdgen.files.formats import format_of
        from sdgen.files.save import save_picture

        target = Path(path)
        saved = save_picture(
            self.image,
            self.record,
            target.parent,
            target.stem,
            format=format_of(target),
            overwrite=overwrite,
            exact_name=True,
            suffix=target.suffix,
            inside=inside,
            signing=signing,
        )
        return saved.path


def generate(
    prompt: str,
    *,
    config: str | Sequence[str] = (),
    wildcards: str | Path | None = None,
    style: str | Sequence[str] = (),
    styles_file: str | Path | None = None,
    device: str = "auto",
    download: bool = False,
    **settings: Any,
) -> Picture:
    """Draw `prompt` with the same settings, and the same pixels, as the command line.

    Args:
        prompt: What the picture shows.
        config: Named settings or YAML files, the later ones over the earlier.
        wildcards: Folder of text files for `__name__` in the prompts.
        style: Styles to put around the prompts.
        styles_file: Their table; None is `styles.csv` here or in the person's own settings.
        device: auto, cpu, cuda or cuda:N.
        download: Whether models and LoRAs that are not here may be fetched from the hub.
        **settings: Any setting by its name: `steps=20`, `guidance_scale=5.0`, `model="folder"`,
            `size="512x768"`.

    Returns:
        The picture; `picture.seed` tells the seed, also where none was given.

    Warns:
        RuntimeWarning: It had to be drawn in another way than usual: memory was short, say.

    Raises:
        SdgenError: One of its family, see `sdgen.errors`.
    """
    from sdgen.metadata.record import as_written  # what pictures need loads with the first one

    table = None if styles_file is None else Path(styles_file)
    lines = None if wildcards is None else Path(wildcards)
    wording = wording_of(lines, _several(style), table, _several(config))
    said = {k: str(v) if isinstance(v, Path) else v for k, v in settings.items()}
    flags = layer_from("arguments", {"prompt": prompt, **said})
    with leave(_fetch if download else None):
        planned = plan_picture(flags, _several(config))
    worded, written = wording.worded(planned.settings)
    told: list[str] = []
    drawing = _generator(device).generate(worded, planned.model, tell=told.append)
    for line in told:
        warnings.warn(line, RuntimeWarning, stacklevel=2)
    return Picture(drawing.image, as_written(drawing.record, written))


def _fetch(reference: Reference) -> bool:
    """Fetch what is meant, in silence."""
    from sdgen.models.hub_fetch import fetch, order_of

    fetch(order_of(reference))
    return True


def _several(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


@lru_cache(maxsize=4)
def _generator(device: str) -> ImageGenerator:
    return engine.open_generator(device)


def config_layers(configs: Sequence[str]) -> list[Layer]:
    """What the user's own defaults and the named configs say, lowest first."""
    own = user_defaults()
    return [*([own] if own else []), *map(load_config, configs)]


def plan_picture(flags: Layer, configs: Sequence[str], search: Search = ANYWHERE) -> Plan:
    """Settings and model of one picture; a seed that nobody gave is drawn."""
    return plan([drawn_seed(), *config_layers(configs), flags], search=search)
