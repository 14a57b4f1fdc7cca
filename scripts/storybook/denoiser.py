"""The third leg: the UNet and the text encoder, together, on the autoencoder's latents."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from autoencoder import precision
from drawing import Drawer, sheet
from networks import (
    PLANS,
    SHARES,
    SIZES,
    alphas_cumprod,
    build_text_encoder,
    build_unet,
    build_vae,
    encode,
)
from optimizer import Average, Clock, Optimizer, trapezoid
from parts import has_parts, load_parts, load_state, note, save_parts, save_state
from pools import LatentPool, Reader, Size, scale
from prompts import PREVIEW
from shards import Inbox, Shard
from torch import Tensor, nn
from transformers import CLIPTokenizer


@dataclass(frozen=True)
class UnetOrder:
    """What to train: see `scripts/storybook/train.py unet --help`."""

    scenes: Path
    out: Path
    tokenizer: Path
    minutes: float = 11.0
    plan: str = "full"
    batch: int = 640
    rate: float = 3e-3
    unconditional: float = 0.1
    focus: float = 2.0
    captions: int = 6
    capacity: int = 200_000
    minimum: int = 8_000
    keep: int = 500
    preview: int = len(PREVIEW)
    device: str = "cuda"
    seed: int = 0
    after: Path | None = None


class UnetLeg:
    """Velocity prediction over `SIZES`, one size a step, with fresh captions each time.

    Figures and objects are small beside the places that they stand in, so their error counts
    `1 + order.focus` times until half of the time is over, and falls to once at the end: weights
    that depend on what is to be drawn would draw more of it than the words ask for.
    """

    def __init__(self, order: UnetOrder) -> None:
        self.order, self.device = order, torch.device(order.device)
        torch.manual_seed(order.seed)
        self.choice = random.Random(order.seed)
        tokenizer = CLIPTokenizer.from_pretrained(order.tokenizer)
        plan = PLANS[order.plan]
        self.unet = build_unet(plan).to(self.device, memory_format=torch.channels_last)
        ends = tokenizer.bos_token_id, tokenizer.eos_token_id
        self.text = build_text_encoder(plan, len(tokenizer), *ends).to(self.device)
        self.vae = build_vae(plan).to(self.device, memory_format=torch.channels_last)
        self.vae.requires_grad_(False)
        self.both = nn.ModuleDict({"unet": self.unet, "text": self.text})
        self.optimizer = Optimizer(self.both.named_parameters())
        self.average = Average(self.both, 0.998)
        self.pool = LatentPool(order.capacity, order.captions, self.device)
        self.empty = torch.tensor(
            tokenizer("", padding="max_length", max_length=77)["input_ids"], device=self.device
        )
        self.powers = alphas_cumprod(self.device)
        self.drawer = Drawer(self.unet, self.text, self.vae, tokenizer)
        self.step, self.files = 0, 0
        compiled: Callable[..., Callable[..., Tensor]] = (
            torch.compile if self.device.type == "cuda" else lambda function: function
        )
        self.loss, self.encode = compiled(self._loss), compiled(self._encode)

    def _loss(
        self, clean: Tensor, noise: Tensor, times: Tensor, tokens: Tensor, weight: Tensor
    ) -> Tensor:
        """Mean square error of the predicted velocity, in float32, weighted by (n, 1, h, w)."""
        power = self.powers[times][:, None, None, None]
        noisy = power.sqrt() * clean + (1 - power).sqrt() * noise
        velocity = power.sqrt() * noise - (1 - power).sqrt() * clean
        with precision(self.device):
            words = self.text(tokens).last_hidden_state
            guess = self.unet(noisy, times, words, return_dict=False)[0]
        return ((guess.float() - velocity).square() * weight).mean() / weight.mean()

    def _encode(self, images: Tensor) -> Tensor:
        with precision(self.device):
            return encode(self.vae, scale(images))

    def run(self) -> None:
        """Compile, wait for the autoencoder, train for the planned minutes."""
        order = self.order
        order.out.mkdir(parents=True, exist_ok=True)
        done = self._resume()
        if self.device.type == "cuda":
            self._compile()
        while not (order.out / "vae.json").exists() or (order.after and not order.after.exists()):
            time.sleep(0.5)
        load_parts(self.vae, order.out, "vae")
        reader = Reader(Inbox(order.scenes))
        clock = Clock(order.minutes, order.out / "unet.until", done)
        while self.pool.count < order.minimum:
            if not self._take(reader):
                time.sleep(0.1)
        self._train(clock, reader)
        reader.close()
        self._save(clock.spent)
        note(order.out / "unet.json", steps=self.step, scenes=self.pool.count, seconds=clock.spent)

    def _compile(self) -> None:
        """Compile both functions for the first size on noise; nothing is learned.

        A shape takes a minute or more, so the others run as they are, in smaller batches.
        """
        start = time.time()
        (width, height), n = SIZES[0], self.order.batch
        # Two tensors: the compiler would take one that is given twice for a promise.
        clean, noise = torch.randn(2, n, 4, height // 8, width // 8, device=self.device)
        weight = torch.ones_like(clean[:, :1])
        self.loss(clean, noise, self._times(n), self.empty.repeat(n, 1), weight).backward()
        images = torch.zeros(128, height, width, 3, dtype=torch.uint8, device=self.device)
        with torch.no_grad():
            self.encode(images)
        self.both.zero_grad()
        print(f"compiled in {time.time() - start:.0f} s", flush=True)

    def _times(self, n: int) -> Tensor:
        """(n,) timesteps 0 … 999, evenly spread over the batch."""
        places = (torch.randperm(n, device=self.device) + torch.rand(n, device=self.device)) / n
        return (places * len(self.powers)).long().clamp(max=len(self.powers) - 1)

    @torch.no_grad()
    def _take(self, reader: Reader) -> bool:
        shard = reader.next()
        if shard is None:
            return False
        images = torch.from_numpy(shard.images).to(self.device)
        size: Size = (images.shape[2], images.shape[1])
        usual = size == SIZES[0] and len(images) == 128
        latents = self.encode(images) if usual else self._encode(images)
        self.pool.add(size, latents, torch.from_numpy(shard.tokens), torch.from_numpy(shard.focus))
        self._discard(shard)
        return True

    def _discard(self, shard: Shard) -> None:
        """Delete pictures beyond the first `keep` shards, which other legs may still want."""
        self.files += 1
        if self.files > self.order.keep:
            shard.path.unlink(missing_ok=True)

    def _advance(self, progress: float) -> Tensor:
        size = self._size()
        usual = size == SIZES[0]
        n = self.order.batch if usual else self.order.batch // 3 + 1
        clean, tokens, focus = self.pool.batch(n, size)
        weight = 1 + self.order.focus * min(1.0, 2 - 2 * progress) * focus
        dropped = torch.rand(len(tokens), 1, device=self.device) < self.order.unconditional
        tokens = torch.where(dropped, self.empty, tokens)
        loss_of = self.loss if usual else self._loss
        loss = loss_of(clean, torch.randn_like(clean), self._times(n), tokens, weight)
        loss.backward()
        self.optimizer.step(self.order.rate * trapezoid(progress, self.step))
        self.average.update()
        self.step += 1
        return loss.detach()

    def _size(self) -> Size:
        while True:
            size = self.choice.choices(SIZES, SHARES)[0]
            if self.pool.shelves[size].count > 0:
                return size

    def _train(self, clock: Clock, reader: Reader) -> None:
        shown, saved, total = time.time(), time.time(), torch.zeros((), device=self.device)
        seen = self.step
        while (progress := clock.progress()) < 1:
            total += self._advance(progress)
            if self.pool.count < self.order.capacity:
                self._take(reader)
            now = time.time()
            if now - shown > 10:
                steps = self.step - seen
                print(
                    f"unet {progress:.3f} step {self.step} loss {total.item() / steps:.4f} "
                    f"{steps * self.order.batch / (now - shown):.0f}/s scenes {self.pool.count}",
                    flush=True,
                )
                shown, seen = time.time(), self.step
                total.zero_()
            if now - saved > 180:
                self._save(clock.spent)
                saved = time.time()

    def _resume(self) -> float:
        state = load_state(self.order.out / "unet.state", self.device)
        if state is None:
            for name, module in (("unet", self.unet), ("text", self.text)):
                if has_parts(self.order.out, name):
                    load_parts(module, self.order.out, name)
            self.average = Average(self.both, 0.998)
            return 0.0
        self.both.load_state_dict(state["model"])
        self.optimizer.load(state["optimizer"])
        self.average.copy, self.average.steps = state["average"], state["step"]
        self.step = state["step"]
        return float(state["spent"])

    def _save(self, spent: float) -> None:
        state = {
            "model": self.both.state_dict(),
            "optimizer": self.optimizer.state(),
            "average": self.average.copy,
            "step": self.step,
            "spent": spent,
        }
        save_state(self.order.out / "unet.state", state)
        self.average.swap()
        save_parts(self.unet, self.order.out, "unet")
        save_parts(self.text, self.order.out, "text")
        with precision(self.device):
            shown = PREVIEW[: self.order.preview]
            pictures = self.drawer.draw(shown, range(len(shown)))
        self.average.swap()
        sheet(pictures).save(self.order.out / "preview.png")
