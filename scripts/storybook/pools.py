"""What training draws its batches from, held on the training device."""

import queue
import threading
from dataclasses import dataclass, field

import torch
from networks import DOWNSCALE, LATENT_CHANNELS, SIZES, TEXT_LENGTH
from shards import Inbox, Shard
from torch import Tensor

Size = tuple[int, int]


def scale(images: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) to float32 (n, 3, h, w) in -1 … 1, channels last in memory."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


class PicturePool:
    """Pictures as uint8 on the device, at most `capacity` of each size."""

    def __init__(
        self, capacity: int, device: torch.device, sizes: tuple[Size, ...] = SIZES
    ) -> None:
        self.device, self.capacity = device, capacity
        share = dict.fromkeys(sizes, max(1, capacity // 4)) | {sizes[0]: capacity}
        self._images = {
            (w, h): torch.empty(share[w, h], h, w, 3, dtype=torch.uint8, device=device)
            for w, h in sizes
        }
        self.counts = dict.fromkeys(sizes, 0)

    def add(self, shard: Shard) -> None:
        """Copy the shard's pictures, as many as there is room for."""
        size = (shard.images.shape[2], shard.images.shape[1])
        if size not in self.counts:
            return
        store, start = self._images[size], self.counts[size]
        end = min(start + len(shard.images), len(store))
        store[start:end] = torch.from_numpy(shard.images[: end - start]).to(self.device)
        self.counts[size] = end

    def keep_filling(self, inbox: Inbox, stop: threading.Event) -> threading.Thread:
        """Start a thread that takes shards as they appear until the first size is full."""

        def fill() -> None:
            first = next(iter(self.counts))
            while not stop.is_set() and self.counts[first] < len(self._images[first]):
                for shard in inbox.take(1):
                    self.add(shard)
                    break
                else:
                    stop.wait(0.5)

        thread = threading.Thread(target=fill, daemon=True)
        thread.start()
        return thread

    def whole(self, n: int, size: Size) -> Tensor:
        """N random pictures (n, 3, h, w) of one size, in -1 … 1."""
        rows = torch.randint(self.counts[size], (n,), device=self.device)
        return scale(self._images[size][rows])

    def crops(self, n: int, edge: int, lively: float = 0.5) -> Tensor:
        """N random crops (n, 3, edge, edge), in -1 … 1, of all sizes as often as they occur.

        Args:
            n: How many, a multiple of 4.
            edge: Width and height in pixels.
            lively: Chance that a crop is the livelier of two: small details are rare in a scene.
        """
        sizes = list(self.counts)
        odds = torch.tensor([float(self.counts[size]) for size in sizes])
        chosen = torch.multinomial(odds, 4, replacement=True).tolist()
        pairs = torch.cat([self._cut(sizes[k], n // 2, edge) for k in chosen])
        first, second = pairs.view(n, 2, edge, edge, 3).unbind(1)
        swap = (_edges(second) > _edges(first)) & (torch.rand(n, device=self.device) < lively)
        return scale(torch.where(swap[:, None, None, None], second, first))

    def _cut(self, size: Size, n: int, edge: int) -> Tensor:
        width, height = size
        store = self._images[size]
        rows = torch.randint(self.counts[size], (n, 1, 1), device=self.device)
        span = torch.arange(edge, device=self.device)
        # Multiples of 8, so that latents see every crop as they will see the whole picture.
        top = torch.randint((height - edge) // 8 + 1, (n, 1, 1), device=self.device) * 8
        left = torch.randint((width - edge) // 8 + 1, (n, 1, 1), device=self.device) * 8
        return store[rows, top + span[None, :, None], left + span[None, None, :]]


def _edges(images: Tensor) -> Tensor:
    """How much goes on in uint8 pictures (n, h, w, 3): (n,)."""
    picture = images[:, ::2, ::2, 1].float()
    return picture.diff(dim=1).abs().mean((1, 2)) + picture.diff(dim=2).abs().mean((1, 2))


@dataclass
class _Shelf:
    latents: Tensor
    tokens: Tensor
    focus: Tensor
    count: int = 0


@dataclass
class LatentPool:
    """Latents (4, h/8, w/8), token ids (captions, 77) and focus (h/8, w/8) of scenes, by size."""

    capacity: int
    captions: int
    device: torch.device
    sizes: tuple[Size, ...] = SIZES
    shelves: dict[Size, _Shelf] = field(init=False)

    def __post_init__(self) -> None:
        """Make room."""
        self.shelves = {}
        for place, (width, height) in enumerate(self.sizes):
            room = self.capacity if place == 0 else max(1, self.capacity // 4)
            shape = (room, LATENT_CHANNELS, height // DOWNSCALE, width // DOWNSCALE)
            self.shelves[width, height] = _Shelf(
                torch.empty(shape, dtype=torch.float16, device=self.device),
                torch.empty(
                    room, self.captions, TEXT_LENGTH, dtype=torch.int16, device=self.device
                ),
                torch.empty(room, *shape[2:], dtype=torch.bool, device=self.device),
            )

    @property
    def count(self) -> int:
        """Scenes held, of all sizes."""
        return sum(shelf.count for shelf in self.shelves.values())

    def add(self, size: Size, latents: Tensor, tokens: Tensor, focus: Tensor) -> None:
        """Append scenes, as many as there is room for."""
        shelf = self.shelves[size]
        end = min(shelf.count + len(latents), len(shelf.latents))
        new = end - shelf.count
        shelf.latents[shelf.count : end] = latents[:new]
        shelf.tokens[shelf.count : end] = tokens[:new].to(self.device)
        shelf.focus[shelf.count : end] = focus[:new].to(self.device)
        shelf.count = end

    def batch(self, n: int, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        """N random scenes.

        Returns:
            Latents (n, 4, h, w) float32, one caption of each (n, 77) int64, and where figures and
            objects are, (n, 1, h, w) float32: 0 or 1.
        """
        shelf = self.shelves[size]
        rows = torch.randint(shelf.count, (n,), device=self.device)
        turns = torch.randint(self.captions, (n,), device=self.device)
        focus = shelf.focus[rows, None].float()
        return shelf.latents[rows].float(), shelf.tokens[rows, turns].long(), focus


@dataclass
class Ring:
    """Rows of tensors by name, at most `capacity`; new ones take the place of the oldest."""

    capacity: int
    rows: dict[str, Tensor] = field(default_factory=dict)
    added: int = 0

    def add(self, **rows: Tensor) -> None:
        """Keep rows of equal number, at most `capacity` at once."""
        for name, values in rows.items():
            if name not in self.rows:
                self.rows[name] = values.new_empty((self.capacity, *values.shape[1:]))
            places = (torch.arange(len(values)) + self.added) % self.capacity
            self.rows[name][places.to(values.device)] = values
        self.added += len(values)

    def batch(self, n: int) -> dict[str, Tensor]:
        """Any n rows."""
        values = next(iter(self.rows.values()))
        count = min(self.added, self.capacity)
        chosen = torch.randint(count, (n,), device=values.device)
        return {name: values[chosen] for name, values in self.rows.items()}


class Reader:
    """Reads shards ahead in a thread."""

    def __init__(self, inbox: Inbox, ahead: int = 6) -> None:
        self._queue: queue.Queue[Shard] = queue.Queue(ahead)
        self._inbox, self._stop = inbox, threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while not self._stop.is_set():
            taken = False
            for shard in self._inbox.take(1):
                self._put(shard)
                taken = True
            if not taken:
                self._stop.wait(0.5)

    def _put(self, shard: Shard) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(shard, timeout=0.5)
            except queue.Full:
                continue

    def next(self) -> Shard | None:
        """The next shard, or None if none is ready."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
