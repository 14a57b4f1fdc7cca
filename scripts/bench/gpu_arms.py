"""The arms of gpu.py: one network of random weights, drawn by diffusers and by sdgen."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from scripts.bench.networks import build
from sdgen.engine import Drawing
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel, fuse
from sdgen.engine.prompts import as_arguments, encode
from sdgen.engine.recording import recorded
from sdgen.engine.together import Drawn, draw_together
from sdgen.files.save import save_picture
from sdgen.metadata.record import BatchRecord
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import SizeRule

STEPS = 20
GUIDANCE = 7.5
PIXELS = {"sd15": 512, "sdxl": 1024}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Arms:
    """The same weights three times, and how each arm draws with them."""

    def __init__(self, network: str, dtype: str, *, tiny: bool) -> None:
        self.network, self.dtype = network, dtype
        self.device = torch.device(DEVICE)
        self.size = 64 if tiny else PIXELS[network]
        self.stock = build(network, dtype, self.device.type, tiny=tiny).pipeline
        self.stock.set_progress_bar_config(disable=True)
        self.ours = {"eager": build(network, dtype, self.device.type, tiny=tiny)}
        if self.device.type == "cuda":
            self.ours["fused"] = build(network, dtype, self.device.type, tiny=tiny)
            fuse(self.ours["fused"].pipeline)

    def names(self) -> list[str]:
        """Of the arms."""
        return ["stock", *self.ours]

    def settings(self, seed: int, *, steps: int = STEPS, size: int = 0) -> Settings:
        """Of one picture; each seed has a prompt of its own."""
        return Settings(
            prompt=f"a red fox, number {seed}", negative_prompt="blurred", seed=seed, steps=steps,
            scheduler="euler", guidance_scale=GUIDANCE,
            width=size or self.size, height=size or self.size,
        )  # fmt: skip

    def pictures(self, arm: str, rows: list[Settings]) -> Iterator[Drawn]:
        """The pictures of one call, drawn by one of ours."""
        for drawn in draw_together(
            self.ours[arm], rows, Way(kernels=arm), lambda *_: None
        ).values():  # type: ignore[arg-type]
            assert isinstance(drawn, Drawn), drawn
            yield drawn

    def draw(self, arm: str, rows: list[Settings]) -> list[Any]:
        """The same of any arm, as pictures in main memory."""
        if arm != "stock":
            return [drawn.image for drawn in self.pictures(arm, rows)]
        return self._stock(rows)

    def _stock(self, rows: list[Settings]) -> list[Any]:
        first = rows[0]
        generators = [torch.Generator("cpu").manual_seed(row.seed) for row in rows]
        with torch.inference_mode():
            texts = [encode(self.stock, self.ours["eager"].texts, row) for row in rows]
        images: list[Any] = self.stock(
            **as_arguments(texts), num_inference_steps=first.steps,
            guidance_scale=first.guidance_scale, width=first.width, height=first.height,
            generator=generators,
        ).images  # fmt: skip
        return images

    def save(self, arm: str, rows: list[Settings], folder: Path, pool: ThreadPoolExecutor) -> Any:
        """Draw, and write the files: ours while the next are drawn, as `sdgen batch` does."""
        if arm == "stock":
            for row, image in zip(rows, self._stock(rows), strict=True):
                image.save(folder / f"{row.seed}.png")
            return []
        model = LocalModel("bench", folder, type(self.stock).__name__, (), {}, SizeRule())
        waiting = []
        for slot, drawn in enumerate(self.pictures(arm, rows)):
            place = BatchRecord(size=len(rows), slot=slot)
            loaded: LoadedModel = self.ours[arm]
            drawing = recorded(drawn, rows[slot], model, loaded, place, self.device)
            waiting.append(pool.submit(_write, drawing, folder))
        return waiting


def _write(drawing: Drawing, folder: Path) -> None:
    save_picture(drawing.image, drawing.record, folder, str(drawing.record.settings.seed))
