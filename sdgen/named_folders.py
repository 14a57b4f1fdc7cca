"""The folders of models, LoRAs and other weights that a person named once and for all.

The person's own settings say which they are. These are read in one room and wanted in a lower one,
so who reads them is told here when the program starts (`told_by`), and asked only when a name is
looked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal[
    "model", "lora", "vae", "embedding", "controlnet", "ip_adapter", "image_encoder", "upscaler"
]


@dataclass(frozen=True, slots=True)
class NamedFolder:
    """A folder, what lies in it, and where it was named: `a1111 (config.yaml, line 2)`.

    `is_said` tells whether the person named it itself; else it is a part of a program's folder, and
    need not be there.
    """

    kind: Kind
    path: Path
    where: str
    is_said: bool = True


Teller = Callable[[], Sequence[NamedFolder]]
_tellers: list[Teller] = []


def told_by(teller: Teller) -> None:
    """Let `teller` say from now on which folders there are."""
    _tellers[:] = [teller]


def named(kind: Kind) -> list[NamedFolder]:
    """The folders in which weights of this kind lie, in the order in which they were named.

    Raises:
        InputError: The settings that name them cannot be read.
    """
    return [folder for teller in _tellers for folder in teller() if folder.kind == kind]
