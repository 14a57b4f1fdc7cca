"""What was asked of `sdgen reproduce` beside the pictures, and what came of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.cli.locked import OpenLock
from sdgen.cli.output import error_object
from sdgen.cli.target import Target
from sdgen.errors import ReproductionError, SdgenError
from sdgen.metadata.compare import Difference
from sdgen.recipe.layers import Layer
from sdgen.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, beside the pictures."""

    flags: Layer
    place: str | None
    device: str
    tolerance: int
    check_only: bool
    target: Target | None
    lock: OpenLock | None = None
    lora_dirs: tuple[Path, ...] = ()
    model_dirs: tuple[Path, ...] = ()
    given: Mapping[str, list[str]] = field(default_factory=dict)
    """Role → where the picture lies that the recorded one was drawn from."""
    cell: tuple[int, ...] = ()
    """Row, column and block, from 1, of a grid's sheet; nothing where it is a picture."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture: a verdict, or why there is none; neither for a variation.

    `warnings` were not told yet; they belong before it. `told` is for programs: what else is known
    of a picture that another program drew.
    """

    path: Path
    verdict: Verdict | None = None
    kept: Path | None = None
    error: SdgenError | None = None
    warnings: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The verdict in one word; `failed` without one."""
        return self.verdict.kind if self.verdict else "failed"

    @property
    def failure(self) -> SdgenError | None:
        """What the command ends with because of this picture, if it is the only one."""
        if self.verdict is None or self.verdict.reproduced:
            return self.error
        return ReproductionError(f"{self.path} came out different")


def outcome_line(outcome: Outcome) -> str:
    """`identical: fox.png: every pixel is the same`, or `failed: fox.png: is empty`."""
    if outcome.verdict is None:
        reason = str(outcome.error).removeprefix(f"{outcome.path}: ")
    else:
        reason = str(outcome.verdict).removeprefix(f"{outcome.kind}: ").removeprefix("equivalent ")
    return f"{outcome.kind}: {outcome.path}: {reason}"


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """The outcome as data."""
    value: dict[str, Any] = {"image": str(outcome.path)}
    if outcome.error is not None:
        return value | {"error": error_object(outcome.error)}
    verdict = outcome.verdict
    assert verdict is not None  # a variation is told as a drawing
    kept = str(outcome.kept) if outcome.kept else None
    value |= {"verdict": verdict.kind, "reason": verdict.reason, "output": kept}
    if verdict.distance is not None:
        value |= {"max_level": verdict.distance.largest, "share": verdict.distance.share}
    if outcome.told:
        return value | dict(outcome.told)
    return value | {"differences": [_difference_object(one) for one in verdict.differences]}


def _difference_object(one: Difference) -> dict[str, Any]:
    """One fact that is not as it was; null where one of the two records does not say it."""
    return {"part": one.part, "name": one.name, "recorded": one.a, "here": one.b}
