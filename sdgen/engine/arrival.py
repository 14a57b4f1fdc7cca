"""Weights from files to where they compute: mapped where that is the CPU, staged where it is a GPU.

A GPU is fed by threads, which read parts of the files into memory that the device can fetch by
itself, while the next part is read. Nothing is paged in one by one, nothing is copied twice, and
nothing is converted on the way but by the device.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import local

import safetensors.torch
import torch
from torch import Tensor

from sdgen.models.weights import Tensor as Entry
from sdgen.models.weights import check_weights

CHUNK = 32 * 2**20
"""Bytes read at once; a multiple of the longest number."""

READERS = 4
"""Threads: one copies some 5 GB/s out of the page cache, and a bus carries five times that."""

FORMATS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "BOOL": torch.bool,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8,
}  # fmt: skip
"""What the format's names of number formats are in torch."""


def mapped(path: Path) -> dict[str, Tensor]:
    """Name → tensor, on the CPU: views of the mapped file, which is read where it is used."""
    tensors: dict[str, Tensor] = safetensors.torch.load_file(path)
    return tensors


def cast(
    tensor: Tensor, dtype: torch.dtype, layout: torch.memory_format = torch.preserve_format
) -> Tensor:
    """`tensor` in `dtype`, if it has fractions, and `layout`, if it is a convolution's, in one go.

    Where it already is so, it is the same tensor.
    """
    layout = layout if tensor.dim() == 4 else torch.preserve_format
    wanted = dtype if tensor.is_floating_point() else tensor.dtype
    is_slow = tensor.device.type == "cpu" and {tensor.dtype, wanted} == set(_HALVES)
    if is_slow and tensor.dim():
        return _through_float32(tensor, wanted, layout)
    return tensor.to(dtype=wanted, memory_format=layout)


_HALVES = (torch.float16, torch.bfloat16)
_AT_ONCE = 2**18
"""Numbers that stay in the core's cache."""


def _through_float32(tensor: Tensor, dtype: torch.dtype, layout: torch.memory_format) -> Tensor:
    """From one half precision to the other, on the CPU: the same numbers, four times as fast.

    torch has fast kernels to and from float32 only. float32 holds both exactly, so that there is
    one rounding either way.
    """
    found = torch.empty_like(tensor, dtype=dtype, memory_format=layout)
    rows = max(1, _AT_ONCE // max(1, tensor[0].numel()))
    for source, place in zip(torch.split(tensor, rows), torch.split(found, rows), strict=True):
        place.copy_(source.float())
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    """Numbers `first` to `last` of a tensor on the device, at byte `at` of a chunk of the file."""

    place: Tensor
    at: int
    source: torch.dtype


@dataclass(slots=True)
class _Stage:
    """One thread's memory for a chunk, here and on the device, and when the device is done."""

    here: Tensor
    there: Tensor
    stream: "torch.cuda.Stream | None"
    done: "torch.cuda.Event | None" = None

    def put(self, length: int, pieces: Sequence[_Piece]) -> None:
        """Send the first `length` bytes to the device, and from there to their places."""
        with torch.cuda.stream(self.stream):  # nothing where there is no stream
            self.there[:length].copy_(self.here[:length], non_blocking=True)
            for piece in pieces:
                size = piece.place.numel() * piece.source.itemsize
                own = self.there[piece.at : piece.at + size].view(piece.source)
                piece.place.copy_(own, non_blocking=True)
            if self.stream is not None:
                self.done = self.stream.record_event()


@dataclass(slots=True)
class Arriving:
    """The tensors of a file on their way to `device`; to be used once `arrived` gave them."""

    tensors: dict[str, Tensor]
    device: torch.device
    chunks: "list[Future[torch.cuda.Event | None]]" = field(default_factory=list)

    def arrived(self) -> dict[str, Tensor]:
        """Name → tensor. Work on the device that comes after sees them whole.

        Raises:
            OSError: The file cannot be read, or ended early.
        """
        for chunk in self.chunks:
            if (done := chunk.result()) is not None:
                torch.cuda.current_stream(self.device).wait_event(done)
        return self.tensors


Bring = Callable[[Path, torch.dtype | None], Arriving]
"""Begins to fetch a checked file of weights, in a number format, or for None in its own."""


@contextmanager
def fetching(device: torch.device) -> Iterator[Bring]:
    """While it is open, files of weights can be fetched to `device`.

    On the CPU they are mapped, and keep their number format.
    """
    if device.type == "cpu":
        yield lambda path, _: Arriving(mapped(path), device)
        return
    staging = Staging(device)
    try:
        yield staging.bring
    finally:
        staging.close()


class Staging:
    """Brings files of weights to a device, in threads, in the order in which they are asked for.

    Args:
        device: Where the tensors shall be.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = ThreadPoolExecutor(min(READERS, os.cpu_count() or 1), "weights")
        self._own = local()
        self._stages: list[_Stage] = []

    def close(self) -> None:
        """Wait for what is under way, and give up what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for stage in self._stages:  # the device may still read what is freed now
            if stage.done is not None:
                stage.done.synchronize()

    def bring(self, path: Path, dtype: torch.dtype | None) -> Arriving:
        """Begin with the checked file at `path`; fractions come in `dtype`, for None as they are.

        Raises:
            ModelError: It is no whole file of weights any more.
        """
        entries = check_weights(path, path.name)
        if not all(_is_plain(entry) for entry in entries.values()):
            return Arriving(self._sent(mapped(path), dtype), self._device)
        places = {name: self._place(entry, dtype) for name, entry in entries.items()}
        arriving = Arriving(places, self._device)
        ready = self._now()  # who had the room before may still be at work in it
        end = max((entry.end for entry in entries.values()), default=0)
        start = path.stat().st_size - end  # of the numbers: there are no gaps
        for begin in range(0, end, CHUNK):
            last = min(begin + CHUNK, end)
            pieces = _pieces(entries, arriving.tensors, begin, last)
            span = (start + begin, last - begin)
            job = self._pool.submit(self._chunk, path, span, pieces, ready)
            arriving.chunks.append(job)
        return arriving

    def _sent(self, tensors: dict[str, Tensor], dtype: torch.dtype | None) -> dict[str, Tensor]:
        """All at once and one by one, as is the way of files that are not as usual."""
        return {
            name: cast(tensor.to(self._device), dtype or tensor.dtype)
            for name, tensor in tensors.items()
        }

    def _place(self, entry: Entry, dtype: torch.dtype | None) -> Tensor:
        """Room for a tensor, each by itself: layers choose their kernels by its address, too."""
        own = FORMATS[entry.dtype]
        wanted = dtype if dtype is not None and own.is_floating_point else own
        return torch.empty(entry.shape, dtype=wanted, device=self._device)

    def _now(self) -> "torch.cuda.Event | None":
        is_cuda = self._device.type == "cuda"
        return torch.cuda.current_stream(self._device).record_event() if is_cuda else None

    def _chunk(
        self,
        path: Path,
        span: tuple[int, int],
        pieces: Sequence[_Piece],
        ready: "torch.cuda.Event | None",
    ) -> "torch.cuda.Event | None":
        """Bring the bytes of `span`, where it begins and how many there are; gives when it is done.

        Begins after `ready`.
        """
        begin, length = span
        stage = self._free_stage()
        _read(path, begin, stage.here[:length])
        if stage.stream is not None and ready is not None:
            stage.stream.wait_event(ready)
        stage.put(length, pieces)
        return stage.done

    def _free_stage(self) -> _Stage:
        """This thread's memory that is longest in use: it has two, to read beside the sending."""
        stages: list[_Stage] = self._own.__dict__.setdefault("stages", [])
        if len(stages) < 2:
            stages.append(self._new_stage())
            self._stages.append(stages[-1])
            return stages[-1]
        stages.reverse()
        if stages[1].done is not None:
            stages[1].done.synchronize()
        return stages[1]

    def _new_stage(self) -> _Stage:
        is_cuda = self._device.type == "cuda"
        stream = torch.cuda.Stream(self._device) if is_cuda else None  # type: ignore[no-untyped-call]
        with torch.cuda.stream(stream):  # the room on the device is then this stream's own
            there = torch.empty(CHUNK, dtype=torch.uint8, device=self._device)
        return _Stage(torch.empty(CHUNK, dtype=torch.uint8, pin_memory=is_cuda), there, stream)


def _is_plain(entry: Entry) -> bool:
    """Whether the tensor has a format of torch and lies where such numbers can be viewed."""
    known = FORMATS.get(entry.dtype)
    return known is not None and entry.begin % known.itemsize == 0


def _pieces(
    entries: dict[str, Entry], places: dict[str, Tensor], begin: int, end: int
) -> list[_Piece]:
    """What of each tensor lies between the bytes `begin` and `end` of the numbers of a file."""
    found = []
    for name, entry in entries.items():
        first, last = max(entry.begin, begin), min(entry.end, end)
        if first < last:
            size = FORMATS[entry.dtype].itemsize
            own = slice((first - entry.begin) // size, (last - entry.begin) // size)
            place = places[name].view(-1)[own]
            found.append(_Piece(place, first - begin, FORMATS[entry.dtype]))
    return found


def _read(path: Path, begin: int, room: Tensor) -> None:
    """Fill `room` with the bytes of a file from `begin` on."""
    view = memoryview(room.numpy())  # type: ignore[arg-type]  # it has a buffer
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        while view:
            got = file.readinto(view)
            if not got:
                raise OSError(f"{path.name} ended early")
            view = view[got:]
