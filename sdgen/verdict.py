"""The verdict on a picture that was drawn again: identical, equivalent, or different because….

Pixels are compared, not files. Nothing is called reproduced on faith.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from sdgen.engine import Drawing
from sdgen.files.compare import PixelDifference, compare_pixels, unlike_lossy
from sdgen.metadata.compare import Difference, differences
from sdgen.metadata.record import Record, pixels_sha256
from sdgen.models import LocalModel
from sdgen.models.added import KINDS

DEFAULT_TOLERANCE = 2
"""Levels of 255. Other thread counts, batch shapes and CPU kernels move pixels by one or two."""

Kind = Literal["identical", "equivalent", "different", "unchecked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a picture came out again, and why or why not.

    `unchecked` says that nothing speaks against it, but only drawing it could tell. `distance` is
    None where there are no pixels to measure against, only their hash. `differences` are the facts
    that are not as recorded, of an identical picture too; `reason` tells them in words.
    """

    kind: Kind
    reason: str
    distance: PixelDifference | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether that counts as the same picture."""
        return self.kind != "different"

    def __str__(self) -> str:
        if self.kind == "equivalent" and self.distance is not None:
            levels = f"{self.distance.largest} level{'s' if self.distance.largest > 1 else ''}"
            return f"equivalent within {levels}: {self.reason}"
        return f"{self.kind}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Original:
    """What is to be drawn again: a record, and the picture itself where it is there."""

    record: Record
    image: Image.Image | None = None

    @property
    def lossless(self) -> bool:
        """Whether the file should hold exactly the pixels that the record tells of."""
        return not self.record.image.lossy

    @property
    def tampered(self) -> bool:
        """The picture is not the one that its record tells of."""
        return self.change is not None

    @property
    def change(self) -> Difference | None:
        """Recorded and present pixels, as their hashes; None where they agree or cannot be told."""
        if self.image is None or not self.lossless:
            return None
        recorded, here = self.record.image.sha256, pixels_sha256(self.image)
        return Difference("image", "sha256", recorded, here) if recorded != here else None


def changed_weights(record: Record, model: LocalModel) -> list[str]:
    """The files of `model` that are not the recorded ones; empty when it is the same model."""
    return [change.name for change in _changed_files(record, model)]


def _changed_files(record: Record, model: LocalModel) -> list[Difference]:
    recorded, here = dict(record.model.files), model.hashes()
    recorded |= {f"{one.kind} {one.name}": one.sha256 for one in record.added}
    here |= {one.key: one.sha256 for one in model.added}
    return [
        Difference("model", name, recorded.get(name), here.get(name))
        for name in sorted({*here, *recorded})
        if here.get(name) != recorded.get(name)
    ]


def check(original: Original, model: LocalModel) -> Verdict | None:
    """What can be told without drawing; None when nothing speaks against the picture."""
    if change := original.change:
        reason = "the picture was changed after it was drawn"
        return Verdict("different", reason, differences=(change,))
    changed = _changed_files(original.record, model)
    if changed:
        shown = ", ".join(one.name for one in changed[:3])
        more = f" and {len(changed) - 3} more" if changed[3:] else ""
        return Verdict(
            "different",
            f"the model has other files than it had: {shown}{more} "
            f"(if the right one lies elsewhere: {_where(changed)} FOLDER)",
            differences=tuple(changed),
        )
    return None


def _where(changed: Sequence[Difference]) -> str:
    is_added = all(one.name.startswith(KINDS) for one in changed)
    return "--lora-dir" if is_added else "--model"


def check_only(original: Original, model: LocalModel) -> Verdict:
    """The verdict without drawing; it never says that the picture would come out again."""
    if known := check(original, model):
        return known
    agree = "record and model files agree"
    if original.image is None:
        return Verdict("unchecked", f"{agree}; the picture is not here (nothing drawn)")
    if not original.lossless:
        return Verdict("unchecked", f"{agree}; the file is lossy (nothing drawn)")
    return Verdict("unchecked", f"picture, {agree} (nothing drawn)")


def judge(original: Original, drawing: Drawing, tolerance: int) -> Verdict:
    """Compare a new drawing with the recorded picture."""
    found = tuple(
        one for one in differences(original.record, drawing.record) if one.part != "model"
    )
    if drawing.record.image.sha256 == original.record.image.sha256:
        shown = None if original.lossless else original.image
        quality = original.record.image.quality
        if shown is not None and (how := unlike_lossy(shown, drawing.image, quality)):
            changed = f"the picture was changed after it was drawn: {how}"
            return Verdict("different", changed, differences=found)
        return Verdict("identical", "every pixel is the same", differences=found)
    reason = _why(found)
    if original.image is None or original.image.size != drawing.image.size:
        missing = f"{reason}; the picture is not here, so not how far"
        return Verdict("different", missing, differences=found)
    distance = compare_pixels(original.image, drawing.image)
    if original.lossless and distance.largest <= tolerance:
        return Verdict("equivalent", reason, distance, found)
    lossy = "" if original.lossless else "; the file is lossy, which adds to it"
    return Verdict("different", f"{distance}: {reason}{lossy}", distance, found)


def _why(found: Sequence[Difference]) -> str:
    """What differs, where both records say something: a CPU has no CUDA version to compare."""
    said = [str(one) for one in found if one.is_said]
    return ", ".join(said) or "nothing recorded differs; the cause is outside the record"
