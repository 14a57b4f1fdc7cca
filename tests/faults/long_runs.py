"""Many pictures in one process: no more memory at the end, and no file left open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.tally import Tally

WARM = 50
MOST_GROWTH = 0.02


def many_pictures(home: Path, count: int) -> Tally:
    """Tiny real pictures, drawn and saved; the last is compared with the 50th.

    The allocator keeps a few MiB of the first pictures in any case; growth of the memory in use
    counts, in parts of what there was.
    """
    from tests.tiny_models import build_sd

    with one_thread():
        return _draw_many(home / "book", count, build_sd(home / "tiny"))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: for tiny pictures a second one only waits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _draw_many(folder: Path, count: int, tiny: Path) -> Tally:
    from sdgen.engine import open_generator
    from sdgen.files.names import file_stem
    from sdgen.files.save import save_picture
    from sdgen.models import find_model
    from sdgen.recipe.settings import Settings

    tally, model = Tally(), find_model(str(tiny))
    generator = open_generator("cpu")
    before = (0, 0)
    for seed in range(count):
        scheduler = ("euler", "dpmpp_2m_sde", "euler_ancestral")[seed % 3]
        settings = Settings(
            prompt=f"a fox, number {seed}", seed=seed, width=64, height=64, steps=2,
            scheduler=scheduler,
        )  # fmt: skip
        drawing = generator.generate(settings, model)
        save_picture(drawing.image, drawing.record, folder, file_stem(settings))
        tally.tried += 1
        if tally.tried == WARM:
            before = _taken()
    memory, files = _taken()
    growth = memory / before[0] - 1
    if growth > MOST_GROWTH:
        tally.lost.append(f"{growth:.1%} more memory after {count} pictures than after {WARM}")
    if files != before[1]:
        tally.lost.append(f"{files} open files after {count} pictures, {before[1]} after {WARM}")
    return tally


def _taken() -> tuple[int, int]:
    """Resident memory in bytes, and the number of open files."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path("/proc/self/fd").iterdir()))
