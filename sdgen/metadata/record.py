"""The record: what made an image, complete enough to make it again and to tell whether it was.

Written as JSON into the image and beside it. The schema is public and versioned; old versions stay
readable through `sdgen.metadata.migrations`.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

from PIL import Image
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from sdgen.recipe.loras import SUFFIX
from sdgen.recipe.prompt.wording import Written
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import MOST_TOGETHER
from sdgen.version import __version__

SCHEMA: Final = "sdgen.image/1"

Environment = dict[str, str | int | float | bool | None]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        hide_input_in_errors=True,
        defer_build=True,  # most commands start without ever reading a record
    )


class SoftwareRecord(_Part):
    """The program that wrote the record."""

    name: str = "sdgen"
    version: str = __version__


class ModelRecord(_Part):
    """Which weights: a name, and what pins it."""

    name: str
    pipeline: str = Field(description="diffusers pipeline class")
    repository: str | None = Field(default=None, description="on the hub, owner/name, if any")
    revision: str | None = Field(default=None, description="commit of the hub repository, if any")
    files: dict[str, str] = Field(description="path inside the model's folder → SHA-256")

    @property
    def file_sha256(self) -> str:
        """SHA-256 of the one file that all weights were in; empty where they were a folder's.

        Its first ten digits are what A1111 and Civitai know the file by.
        """
        single = (name for name in self.files if "/" not in name and name.endswith(SUFFIX))
        return next((self.files[name] for name in single), "")


class AddedRecord(_Part):
    """Weights that were added to the model's own: what they are, and how much of them took part."""

    kind: str
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the whole file")
    tensors_sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="of a file's numbers without its header, by which others know LoRAs",
    )
    repository: str | None = Field(default=None, description="on the hub, owner/name, if any")
    revision: str | None = Field(default=None, description="commit of that repository")
    file: str | None = Field(default=None, description="path of the file in that repository")
    modules: int = Field(description="layers of the model that they changed")
    left_out: int = Field(default=0, description="layers of theirs that the model does not have")


class SchedulerRecord(_Part):
    """The diffusers scheduler as it was built."""

    class_name: str
    config: dict[str, Any]


class BatchRecord(_Part):
    """The shape of the pipeline call: `size` images together, this one at `slot` (from 0)."""

    size: int = Field(default=1, ge=1, le=MOST_TOGETHER)
    slot: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _slot_is_inside(self) -> Self:
        if self.slot >= self.size:
            raise ValueError(f"slot {self.slot} of a call of {self.size} images")
        return self


class PixelRecord(_Part):
    """The finished picture; `sha256` is `pixels_sha256` of it."""

    width: int
    height: int
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    lossy: bool = Field(
        default=False, description="the file holds these pixels only nearly (JPEG, AVIF)"
    )
    quality: int | None = Field(
        default=None, description="of a lossy file, 1 to 100, where it is not the usual one"
    )
    before_post: str | None = Field(
        default=None, description="sha256 of the picture before the setting post changed it"
    )


class SourceRecord(_Part):
    """A picture that this one was drawn from; width and height as it is seen, not as fitted."""

    role: Literal["image", "mask", "control_image", "ip_adapter_image"]
    name: str = Field(description="of the file, without folders")
    file_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    pixels_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    width: int
    height: int
    record: dict[str, Any] | None = Field(default=None, description="its own record, if it has one")


class ParentRecord(_Part):
    """The picture that this one is a variation of."""

    pixels_sha256: str
    changed: dict[str, Any] = Field(description="settings that differ: name → the parent's value")


class FollowedRecord(_Part):
    """The picture of another program whose recipe this one follows."""

    tool: str
    version: str = ""
    pixels_sha256: str | None = Field(default=None, description="of that picture, if it was there")
    fidelity: dict[str, str] = Field(
        default={}, description="field → exact, close, approximated, ignored or unknown"
    )


class WrittenRecord(_Part):
    """The prompts as they were written, where styles and choices made the drawn ones of them."""

    prompt: str
    negative_prompt: str = ""
    styles: list[str] = Field(default=[], description="names; their words are in the settings")


class JobRecord(_Part):
    """The place in a batch: `id` is the same whenever the same job is run."""

    id: str


class Record(_Part):
    """Everything needed to make the image again, and to compare it."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        hide_input_in_errors=True,
        defer_build=True,
        populate_by_name=True,
    )

    schema_: Literal["sdgen.image/1"] = Field(default=SCHEMA, alias="schema")
    software: SoftwareRecord = SoftwareRecord()
    created: AwareDatetime
    settings: Settings
    model: ModelRecord
    added: list[AddedRecord] = []
    sources: list[SourceRecord] = []
    scheduler: SchedulerRecord
    environment: Environment
    batch: BatchRecord = BatchRecord()
    image: PixelRecord
    notices: list[str] = Field(default=[], description="what the user was told about this picture")
    written: WrittenRecord | None = None
    parent: ParentRecord | None = None
    followed: FollowedRecord | None = None
    job: JobRecord | None = None

    def to_json(self, *, indent: int | None = None) -> str:
        """The record as JSON text; characters outside ASCII are kept as they are."""
        return self.model_dump_json(by_alias=True, indent=indent, exclude_none=True)


def as_written(record: Record, written: Written | None) -> Record:
    """`record`, which tells how its prompts were written where that is not how they were drawn."""
    if written is None:
        return record
    said = WrittenRecord(
        prompt=written.prompt,
        negative_prompt=written.negative_prompt,
        styles=list(written.styles),
    )
    return record.model_copy(update={"written": said})


def pixels_of(image: Image.Image) -> PixelRecord:
    """Size and fingerprint of `image`."""
    return PixelRecord(width=image.width, height=image.height, sha256=pixels_sha256(image))


def pixels_sha256(image: Image.Image) -> str:
    """SHA-256 over `RGB <width>x<height>` + newline + the raw bytes, rows from the top.

    The same whatever container or compression holds the pixels.
    """
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    digest = hashlib.sha256(f"RGB {rgb.width}x{rgb.height}\n".encode())
    digest.update(rgb.tobytes())
    return digest.hexdigest()


def now() -> datetime:
    """The present moment in UTC, to the second: for information, never for order."""
    return datetime.now(UTC).replace(microsecond=0)
