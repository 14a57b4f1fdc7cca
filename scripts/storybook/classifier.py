"""A judge of pictures: a small network that reads the attributes of a 256 by 256 scene."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from autoencoder import precision
from optimizer import Optimizer, trapezoid
from parts import save_state
from pools import scale
from shards import Inbox
from torch import Tensor, nn

HEADS = (
    "kind",
    "place",
    "time",
    "weather",
    "style",
    "subject",
    "count",
    "clothing",
    "clothing_colour",
    "animal_colour",
    "hair",
    "position",
)
"""Attributes with one value a picture; "object" is the set of things that stand in it."""
Facts = dict[str, str]


@dataclass(frozen=True)
class Labels:
    """The values of every head and the names of all objects, in the order of the outputs."""

    values: dict[str, list[str]]
    objects: list[str]

    @classmethod
    def of(cls, scenes: Sequence[Facts]) -> "Labels":
        """The labels that occur in some scenes."""
        values = {head: sorted({facts[head] for facts in scenes}) for head in HEADS}
        return cls(values, sorted(set().union(*(things(facts) for facts in scenes))))

    def encode(self, scenes: Sequence[Facts]) -> tuple[Tensor, Tensor]:
        """Class numbers (n, heads), -1 if unknown, and object flags (n, objects)."""
        table = {h: {v: k for k, v in enumerate(values)} for h, values in self.values.items()}
        classes = [[table[head].get(facts[head], -1) for head in HEADS] for facts in scenes]
        flags = [[name in things(facts) for name in self.objects] for facts in scenes]
        return torch.tensor(classes), torch.tensor(flags).float()


def things(facts: Facts) -> set[str]:
    """The objects of a scene."""
    return {facts.get("object", "none"), facts.get("object2", "none")} - {"none"}


class Judge(nn.Module):
    """A residual convolutional network with one output for every label."""

    def __init__(self, labels: Labels, width: int = 48) -> None:
        super().__init__()
        self.labels = labels
        self.sizes = [len(labels.values[head]) for head in HEADS]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 4)]
        for level, deeper in ((width, 2 * width), (2 * width, 4 * width), (4 * width, 6 * width)):
            layers += [Block(level), nn.Conv2d(level, deeper, 3, 2, 1), Block(deeper)]
        self.body = nn.Sequential(*layers)
        total = sum(self.sizes) + len(labels.objects)
        self.head = nn.Linear(2 * 6 * width, total)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (n, labels) of pictures (n, 3, h, w) in -1 … 1."""
        maps = self.body(pictures)
        logits: Tensor = self.head(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1))
        return logits

    def split(self, logits: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Logits by head, and those of the objects."""
        *heads, objects = logits.split([*self.sizes, len(self.labels.objects)], 1)
        return dict(zip(HEADS, heads, strict=True)), objects


class Block(nn.Module):
    """Two 3 by 3 convolutions around which the input goes straight on."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """The same shape."""
        return maps + self.path(maps)


class Gallery:
    """Square pictures uint8 (capacity, 256, 256, 3) on a device, with their facts and labels."""

    def __init__(self, labels: Labels, capacity: int, device: torch.device) -> None:
        self.labels, self.device = labels, device
        self.images = torch.empty(capacity, 256, 256, 3, dtype=torch.uint8, device=device)
        self.classes = torch.empty(capacity, len(HEADS), dtype=torch.long, device=device)
        self.flags = torch.empty(capacity, len(labels.objects), device=device)
        self.facts: list[Facts] = []

    def fill(self, inbox: Inbox, shards: int) -> None:
        """Take at most so many new shards, as far as there is room."""
        if len(self.facts) == len(self.images):
            return
        for shard in inbox.take(shards):
            if shard.images.shape[1:3] == (256, 256):
                self.add(torch.from_numpy(shard.images), shard.attributes)

    def add(self, images: Tensor, facts: Sequence[Facts]) -> None:
        """Append pictures (n, 256, 256, 3), as many as there is room for."""
        start = len(self.facts)
        kept = list(facts)[: len(self.images) - start]
        end = start + len(kept)
        self.images[start:end] = images[: len(kept)].to(self.device)
        if kept:
            classes, flags = self.labels.encode(kept)
            self.classes[start:end] = classes.to(self.device)
            self.flags[start:end] = flags.to(self.device)
        self.facts += kept


def train_judge(gallery: Gallery, inbox: Inbox, minutes: float, batch: int = 256) -> Judge:
    """Train on renders, half of them made soft, so that it does not read the finest pixels.

    The gallery grows while it is looked at, by what appears in the inbox.
    """
    torch.manual_seed(0)
    judge = Judge(gallery.labels).to(gallery.device, memory_format=torch.channels_last)
    optimizer = Optimizer(judge.named_parameters())
    start, step = time.time(), 0
    while (progress := (time.time() - start) / (60 * minutes)) < 1:
        if step % 10 == 0:
            gallery.fill(inbox, 2)
        rows = torch.randint(len(gallery.facts), (batch,), device=gallery.device)
        with precision(gallery.device):
            logits = judge(disturb(scale(gallery.images[rows])))
        loss = judge_loss(judge, logits.float(), gallery.classes[rows], gallery.flags[rows])
        loss.backward()
        optimizer.step(2e-3 * trapezoid(progress, step))
        step += 1
        if step % 100 == 0:
            print(f"judge {progress:.2f} step {step} loss {loss.item():.4f}", flush=True)
    print(f"judge: {step} steps on {len(gallery.facts)} pictures", flush=True)
    return judge.eval()


@torch.no_grad()
def disturb(pictures: Tensor) -> Tensor:
    """Soften half of the pictures, shift all by a few pixels, add a little noise."""
    half = len(pictures) // 2
    small = F.interpolate(pictures[:half], scale_factor=0.5, mode="area")
    soft = F.interpolate(small, size=pictures.shape[2:], mode="bilinear", align_corners=False)
    pictures = torch.cat([soft, pictures[half:]])
    shift = torch.randint(-6, 7, (2,)).tolist()
    return pictures.roll(shift, (2, 3)) + 0.02 * torch.randn_like(pictures)


def save_judge(judge: Judge, path: Path) -> None:
    """Write the judge's weights in half precision, 8 MB, and its labels; whole or not at all."""
    labels = {"values": judge.labels.values, "objects": judge.labels.objects}
    weights = {key: value.half() for key, value in judge.state_dict().items()}
    save_state(path, {"labels": labels, "weights": weights})


def load_judge(path: Path, device: torch.device) -> Judge:
    """Read what `save_judge` wrote."""
    content = torch.load(path, map_location=device, weights_only=True)
    judge = Judge(Labels(**content["labels"]))
    judge.load_state_dict(content["weights"])
    return judge.to(device, memory_format=torch.channels_last).eval()


def judge_loss(judge: Judge, logits: Tensor, classes: Tensor, flags: Tensor) -> Tensor:
    """Cross-entropy of every head, and of every object's presence."""
    heads, objects = judge.split(logits)
    losses = [
        F.cross_entropy(heads[head], classes[:, place], ignore_index=-1)
        for place, head in enumerate(HEADS)
    ]
    presence = F.binary_cross_entropy_with_logits(objects, flags, reduction="none").sum(1).mean()
    return torch.stack(losses).sum() + presence


@torch.no_grad()
def look(judge: Judge, pictures: Tensor) -> list[dict[str, str | set[str]]]:
    """What the judge sees in pictures (n, 3, 256, 256): a value a head, and the set of objects."""
    seen: list[dict[str, str | set[str]]] = []
    for part in pictures.split(128):
        with precision(part.device):
            heads, objects = judge.split(judge(part).float())
        names = {head: logits.argmax(1).tolist() for head, logits in heads.items()}
        present = (objects > 0).tolist()
        for n in range(len(part)):
            facts: dict[str, str | set[str]] = {
                head: judge.labels.values[head][numbers[n]] for head, numbers in names.items()
            }
            pairs = zip(judge.labels.objects, present[n], strict=True)
            facts["object"] = {name for name, there in pairs if there}
            seen.append(facts)
    return seen
