"""Distil the built-in model into a LoRA that draws in four steps without guidance.

    python scripts/storybook/turbo.py --out S/turbo/storybook-turbo.safetensors --minutes 7

The teacher is the model as it is: 20 steps of DPM-Solver++ 2M with guidance 5, from noise, for
captions of the world. The student makes each quarter of that way in one step of DDIM, and learns
the velocity that leads to where the teacher is at the quarter's end. At first it learns on the
teacher's way; then more and more at places to which its own steps have led, from where the teacher
shows how to go on. No pictures are needed.

A run that was stopped continues; `--minutes` are those of all runs together. A time (seconds since
1970) in a file beside the LoRA that is named `….until` moves the end.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from adapter import Adapter
from autoencoder import precision
from diffusers import AutoencoderKL, UNet2DConditionModel
from drawing import Drawer, sheet
from networks import SHARES, SIZES
from optimizer import Average, Clock, Optimizer, trapezoid
from parts import load_state, save_state
from pools import Ring, Size
from prompts import PREVIEW
from scenes import describe, load_tokenizer, pick
from torch import Tensor
from train import flags
from transformers import CLIPTextModel, CLIPTokenizer
from walk import Walk

MODEL = Path(__file__).parents[2] / "sdgen/models/storybook"
SAMPLER = "ddim_trailing"


@dataclass(frozen=True)
class TurboOrder:
    """What to distil: see `scripts/storybook/turbo.py --help`."""

    out: Path
    model: Path = MODEL
    minutes: float = 7.0
    rank: int = 3
    strides: int = 4
    substeps: int = 5
    guidance: float = 5.0
    noises: int = 512
    batch: int = 512
    reuse: float = 4.0
    own: float = 0.8
    rate: float = 4e-3
    softness: float = 0.1
    captions: int = 24_000
    capacity: int = 80_000
    save: float = 60.0
    preview: int = len(PREVIEW)
    device: str = "cuda"
    eager: bool = False
    seed: int = 0


class TurboLeg:
    """Teacher and student side by side, one size a round."""

    def __init__(self, order: TurboOrder) -> None:
        self.order, self.device = order, torch.device(order.device)
        torch.manual_seed(order.seed)
        self.choice = random.Random(order.seed)
        self.teacher, self.student = self._unet(), self._unet()
        for layer in self.student.modules():
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
                layer.weight.requires_grad_(True)
        self.adapter = Adapter(self.student, order.rank)
        self.optimizer = Optimizer(self.adapter.named_parameters(), decay=0.0)
        self.average = Average(self.adapter, 0.995)
        self.walk = Walk(order.strides, order.substeps, self.device)
        self.times = torch.tensor([s[0] for s in self.walk.strides], device=self.device)
        sizes = torch.stack([self.walk.turn(n)[1] for n in range(order.strides)]).sqrt()
        self.weights = (
            sizes / sizes.mean()
        )  # a wrong velocity leads further astray in later strides
        self.shelves = {size: Ring(order.capacity) for size in SIZES}
        self.step, self.ways = 0, 0
        self.compiles = self.device.type == "cuda" and not order.eager
        compiled: Callable[..., Callable[..., Tensor]] = (
            torch.compile if self.compiles else lambda function: function
        )
        self.loss, self.guess = compiled(self._loss), compiled(self._guess)
        self._read_words()

    def _unet(self) -> UNet2DConditionModel:
        folder = self.order.model / "unet"
        unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32)
        unet.requires_grad_(False)
        return unet.to(self.device, memory_format=torch.channels_last)

    @torch.no_grad()
    def _read_words(self) -> None:
        """Embeddings (n, 77, width) of captions for every size, and of no words."""
        folder = self.order.model
        tokenize = load_tokenizer(folder / "tokenizer")
        text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        text.to(self.device).requires_grad_(False)
        vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32)
        vae.to(self.device).requires_grad_(False)
        pieces = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.drawer = Drawer(self.student, text, vae, pieces)
        kept = torch.half if self.device.type == "cuda" else torch.float32

        def embed(texts: list[str]) -> Tensor:
            tokens = torch.from_numpy(tokenize(texts)).to(self.device).long()
            parts = [text(part).last_hidden_state.to(kept) for part in tokens.split(512)]
            return torch.cat(parts)

        self.empty = embed([""])
        self.words = {}
        for size, share in zip(SIZES, SHARES, strict=True):
            scenes = range(max(1, round(share * self.order.captions)))
            self.words[size] = embed(
                [describe(pick(self.choice, *size, held_out=False), self.choice, n) for n in scenes]
            )

    def _guess(self, x: Tensor, time: Tensor, words: Tensor) -> Tensor:
        """The teacher's velocity with guidance, in float32; `words` are none's, then each one's."""
        with precision(self.device):
            both = self.teacher(x.repeat(2, 1, 1, 1), time, words, return_dict=False)[0]
        without, with_words = both.float().chunk(2)
        return without + self.order.guidance * (with_words - without)

    def _loss(self, x: Tensor, wanted: Tensor, times: Tensor, words: Tensor) -> Tensor:
        """(n,) the student's error: its square where it is small, its size where it is large."""
        with precision(self.device):
            guess = self.student(x, times, words, return_dict=False)[0]
        soft = self.order.softness
        error = (guess.float() - wanted).square()
        return ((error + soft**2).sqrt() - soft).mean((1, 2, 3))

    def run(self) -> None:
        """Compile, then distil for the planned minutes."""
        self.order.out.parent.mkdir(parents=True, exist_ok=True)
        done = self._resume()
        self.adapter.push()
        if self.compiles:
            self._compile()
        clock = Clock(self.order.minutes, self.order.out.with_suffix(".until"), done)
        self._train(clock)
        self._save(clock.spent)

    def _compile(self) -> None:
        """Compile both functions for the first size alone: every shape takes a minute."""
        start, size, order = time.time(), SIZES[0], self.order
        words = self.words[size][:1]
        with torch.no_grad():
            x = self._noise(order.noises, size).contiguous(memory_format=torch.channels_last)
            pair = torch.cat([self.empty, words]).repeat_interleave(order.noises, 0)
            self.guess(x, torch.tensor(999, device=self.device), pair)
        x, wanted = self._noise(order.batch, size), self._noise(order.batch, size)
        times = self.times[torch.arange(order.batch, device=self.device) % order.strides]
        self.loss(x, wanted, times, words.expand(order.batch, -1, -1).clone()).mean().backward()
        self.student.zero_grad()
        print(f"compiled in {time.time() - start:.0f} s", flush=True)

    def _noise(self, n: int, size: Size) -> Tensor:
        return torch.randn(n, 4, size[1] // 8, size[0] // 8, device=self.device)

    @torch.no_grad()
    def _explore(self, size: Size, n: int, own: float) -> None:
        """Walk from n noises to pictures, at `own` of the places on the student's own way."""
        guess_of = self.guess if size == SIZES[0] else self._guess
        rows = torch.randint(len(self.words[size]), (n,), device=self.device)
        words = self.words[size][rows]
        pair = torch.cat([self.empty.expand(n, -1, -1), words])
        x = self._noise(n, size)

        def guess(x: Tensor, time: int) -> Tensor:
            # One order in memory, or it would be compiled for each.
            x = x.contiguous(memory_format=torch.channels_last)
            return guess_of(x, torch.tensor(time, device=self.device), pair)

        for stride in range(self.order.strides):
            goal = self.walk.follow(x, stride, guess)
            strides = torch.full((n,), stride, device=self.device)
            wanted = self.walk.velocity(x, goal, stride)
            self.shelves[size].add(x=x, wanted=wanted, stride=strides, row=rows)
            with precision(self.device):
                mine = self.student(x, self.times[stride], words, return_dict=False)[0]
            stays = torch.rand(n, 1, 1, 1, device=self.device) < own
            x = torch.where(stays, self.walk.step(x, mine.float(), stride), goal)
        self.ways += n

    def _advance(self, size: Size, n: int, rate: float) -> tuple[Tensor, Tensor]:
        """One step; strides (n,) and errors (n,)."""
        rows = self.shelves[size].batch(n)
        loss_of = self.loss if size == SIZES[0] else self._loss
        words, strides = self.words[size][rows["row"]], rows["stride"]
        errors = loss_of(rows["x"], rows["wanted"], self.times[strides], words)
        (errors * self.weights[strides]).mean().backward()
        self.adapter.pull()
        self.optimizer.step(rate)
        self.adapter.push()
        self.average.update()
        self.step += 1
        return strides, errors.detach()

    def _train(self, clock: Clock) -> None:
        order = self.order
        shown = saved = time.time()
        sums = torch.zeros(2, order.strides, device=self.device)
        while (progress := clock.progress()) < 1:
            size = self.choice.choices(SIZES, SHARES)[0]
            usual = size == SIZES[0]
            n, batch = (m if usual else m // 3 + 1 for m in (order.noises, order.batch))
            own = order.own * min(1.0, max(0.0, progress - 0.15) / 0.35)
            self._explore(size, n, own)
            for _ in range(round(order.reuse * n * order.strides / batch)):
                rate = order.rate * trapezoid(clock.progress(), self.step, warm=50)
                strides, errors = self._advance(size, batch, rate)
                sums[0].index_add_(0, strides, errors)
                sums[1].index_add_(0, strides, torch.ones_like(errors))
            now = time.time()
            if now - shown > 10:
                losses = " ".join(f"{loss:.4f}" for loss in (sums[0] / sums[1]).tolist())
                print(
                    f"turbo {progress:.3f} step {self.step} ways {self.ways} losses {losses}",
                    flush=True,
                )
                sums.zero_()
                shown = now
            if now - saved > order.save:
                self._save(clock.spent)
                saved = time.time()

    def _resume(self) -> float:
        state = load_state(self.order.out.with_suffix(".state"), self.device)
        if state is None:
            return 0.0
        self.adapter.load_state_dict(state["adapter"])
        self.optimizer.load(state["optimizer"])
        self.average.copy, self.average.steps = state["average"], state["step"]
        self.step, self.ways = state["step"], state["ways"]
        return float(state["spent"])

    def _save(self, spent: float) -> None:
        order = self.order
        state = {
            "adapter": self.adapter.state_dict(),
            "optimizer": self.optimizer.state(),
            "average": self.average.copy,
            "step": self.step,
            "ways": self.ways,
            "spent": spent,
        }
        save_state(order.out.with_suffix(".state"), state)
        self.average.swap()
        self.adapter.push()
        self.adapter.save(
            order.out,
            base_model="storybook",
            num_inference_steps=order.strides,
            guidance_scale=1,
            scheduler=SAMPLER,
            rank=order.rank,
            training_steps=self.step,
            training_seconds=round(spent),
        )
        with precision(self.device):
            shown = PREVIEW[: order.preview]
            pictures = self.drawer.draw(
                shown, range(len(shown)), steps=order.strides, guidance=1.0, sampler=SAMPLER
            )
        sheet(pictures).save(order.out.with_suffix(".png"))
        self.average.swap()
        self.adapter.push()


def main(arguments: Sequence[str]) -> None:
    """Read the command line and distil."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags(parser, TurboOrder)
    order = TurboOrder(**vars(parser.parse_args(arguments)))
    torch.set_float32_matmul_precision("high")
    TurboLeg(order).run()
    print(f"{order.out}: {order.out.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
