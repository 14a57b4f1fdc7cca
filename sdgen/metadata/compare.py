"""What differs between two records: the facts that may explain why two pictures do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.metadata.record import Record
from sdgen.recipe.texts import shown

Fact = tuple[str, str]
"""The part of the record, and the name in it: `("settings", "steps")`."""

IN_WORDS: Mapping[Fact, str] = {
    ("environment", "threads"): "CPU threads",
    ("environment", "cpu_capability"): "CPU instructions",
    ("environment", "onednn"): "oneDNN",
    ("environment", "attention"): "attention kernel",
    ("environment", "attention_allowed"): "allowed attention kernels",
    ("environment", "deterministic_algorithms"): "deterministic algorithms",
    ("environment", "matmul_precision"): "precision of matrix products",
    ("environment", "tf32_matmul"): "TF32 in matrix products",
    ("environment", "tf32_convolution"): "TF32 in convolutions",
    ("environment", "device_name"): "GPU",
    ("environment", "capability"): "GPU generation",
    ("environment", "cuda"): "CUDA",
    ("environment", "cudnn"): "cuDNN",
    ("environment", "cudnn_benchmark"): "cuDNN's choice of the fastest",
    ("environment", "cudnn_deterministic"): "deterministic cuDNN",
    ("environment", "platform"): "system",
    ("environment", "vae_dtype"): "number format of the VAE",
    ("environment", "vae_tile"): "tiles of the VAE",
    ("environment", "offload"): "offload to main memory",
    ("environment", "safety_checker"): "safety checker",
    ("environment", "layout"): "memory layout",
    ("software", "version"): "sdgen",
    ("scheduler", "class"): "scheduler class",
}
"""What people call a fact that has a terse name in the record; the others keep theirs."""

PARTS = ("settings", "model", "scheduler", "environment", "batch", "software")


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is not the same on both sides; None where one side does not say it."""

    part: str
    name: str
    a: Any
    b: Any

    @property
    def is_said(self) -> bool:
        """Whether both sides say it."""
        return self.a is not None and self.b is not None

    def __str__(self) -> str:
        name = f"batch {self.name}" if self.part == "batch" else self.name
        return f"{IN_WORDS.get((self.part, self.name), name)} {_said(self.a)} → {_said(self.b)}"


def _said(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else shown(value) or "none"


def facts(record: Record) -> dict[Fact, Any]:
    """Everything in the record that may explain a difference, flat, in the record's order."""
    parts: dict[str, Mapping[str, Any]] = {
        "settings": record.settings.model_dump(),
        "model": {
            **record.model.model_dump(exclude={"files"}),
            **record.model.files,
            **{f"{one.kind} {one.name}": one.sha256 for one in record.added},
        },
        "scheduler": {"class": record.scheduler.class_name, **record.scheduler.config},
        "environment": record.environment,
        "batch": record.batch.model_dump(),
        "software": record.software.model_dump(),
    }
    return {(part, name): value for part, said in parts.items() for name, value in said.items()}


def differences(a: Record, b: Record) -> list[Difference]:
    """The facts that are not the same, in the order of the record."""
    left, right = facts(a), facts(b)
    names = sorted(dict.fromkeys([*left, *right]), key=lambda fact: PARTS.index(fact[0]))
    return [
        Difference(*fact, left.get(fact), right.get(fact))
        for fact in names
        if left.get(fact) != right.get(fact)
    ]
