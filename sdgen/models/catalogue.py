"""The models that have a name here: where they are, what they draw best, and in which sizes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.recipe.sizes import SizeRule


@dataclass(frozen=True, slots=True)
class Entry:
    """A named model: its folder, one line about it, and its own layer of settings."""

    name: str
    folder: Path
    summary: str
    licence: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sizes: SizeRule = field(default_factory=SizeRule)


_HERE = Path(__file__).parent

CATALOGUE: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="storybook",
            folder=_HERE / "storybook",
            summary="Built in: small storybook scenes, in English and Chinese, in seconds.",
            licence="Apache-2.0",
            defaults={"width": 256, "height": 256, "steps": 20, "guidance_scale": 5.0},
            sizes=SizeRule(multiple=8, only=((256, 256), (192, 320), (320, 192), (384, 192))),
        ),
    )
}
