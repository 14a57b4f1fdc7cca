"""The second leg and the last: the autoencoder as a whole, then its decoder alone."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from networks import LATENT_CHANNELS, PLANS, SIZES, build_vae, decode, encode, fold_spread
from optimizer import Average, Clock, Optimizer, trapezoid
from parts import load_parts, load_state, note, save_parts, save_state
from pools import PicturePool, scale
from shards import Inbox
from torch import Tensor


@dataclass(frozen=True)
class VaeOrder:
    """What to train: see `scripts/storybook/train.py vae --help`."""

    scenes: Path
    out: Path
    held_out: Path | None = None
    minutes: float = 7.0
    plan: str = "full"
    batch: int = 128
    edge: int = 128
    rate: float = 3e-3
    noise: float = 0.05
    capacity: int = 60_000
    minimum: int = 2_000
    device: str = "cuda"
    seed: int = 0
    after: Path | None = None


def picture_loss(picture: Tensor, target: Tensor) -> Tensor:
    """L1, squares and the L1 of the gradients, so that small hard edges count."""
    error = picture.float() - target
    across, down = error.diff(dim=3).abs().mean(), error.diff(dim=2).abs().mean()
    return error.abs().mean() + 5 * error.square().mean() + 0.5 * (across + down)


def spread_loss(latents: Tensor) -> Tensor:
    """How far the four channels are from zero mean, unit spread and no correlation."""
    flat = latents.float().transpose(0, 1).flatten(1)
    mean = flat.mean(1, keepdim=True)
    covariance = (flat - mean) @ (flat - mean).T / flat.size(1)
    unit = torch.eye(LATENT_CHANNELS, device=flat.device)
    return mean.square().sum() + (covariance - unit).square().sum()


def precision(device: torch.device) -> torch.autocast:
    """Bfloat16 where the GPU multiplies, float32 on the CPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


class VaeLeg:
    """Trains encoder and decoder together, then evens out the channels of the latents."""

    def __init__(self, order: VaeOrder) -> None:
        self.order, self.device = order, torch.device(order.device)
        torch.manual_seed(order.seed)
        self.vae = build_vae(PLANS[order.plan]).to(self.device, memory_format=torch.channels_last)
        self.optimizer = Optimizer(self.vae.named_parameters())
        self.average = Average(self.vae, 0.999)
        self.pool = PicturePool(order.capacity, self.device)
        self.step = 0
        self.loss = torch.compile(self._loss) if self.device.type == "cuda" else self._loss

    def _loss(self, pictures: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        with precision(self.device):
            latents = encode(self.vae, pictures)
            picture = decode(self.vae, latents + self.order.noise * noise)
        loss = picture_loss(picture, pictures)
        return loss + 0.01 * spread_loss(latents), loss.detach()

    def run(self) -> None:
        """Train for the planned minutes, resuming what is in `order.out`."""
        order = self.order
        order.out.mkdir(parents=True, exist_ok=True)
        done = self._resume()
        stop = threading.Event()
        self.pool.keep_filling(Inbox(order.scenes), stop)
        while sum(self.pool.counts.values()) < order.minimum:
            time.sleep(0.2)
        self._advance(0.0)  # compiles
        clock = Clock(order.minutes, order.out / "vae.until", done)
        saved = shown = time.time()
        while (progress := clock.progress()) < 1:
            loss = self._advance(order.rate * trapezoid(progress, self.step))
            now = time.time()
            if now - shown > 10:
                shown = now
                print(f"vae {progress:.2f} step {self.step} loss {loss.item():.4f}", flush=True)
            if now - saved > 60:
                saved = now
                self._save(clock.spent)
        stop.set()
        self._finish(clock.spent)

    def _advance(self, rate: float) -> Tensor:
        order = self.order
        pictures = self.pool.crops(order.batch, order.edge)
        shape = (order.batch, LATENT_CHANNELS, order.edge // 8, order.edge // 8)
        total, shown = self.loss(pictures, torch.randn(shape, device=self.device))
        total.backward()
        self.optimizer.step(rate)
        if rate > 0:
            self.average.update()
            self.step += 1
        return shown

    def _resume(self) -> float:
        state = load_state(self.order.out / "vae.state", self.device)
        if state is None:
            return 0.0
        self.vae.load_state_dict(state["model"])
        self.optimizer.load(state["optimizer"])
        self.average.copy, self.average.steps = state["average"], state["step"]
        self.step = state["step"]
        return float(state["spent"])

    def _save(self, spent: float) -> None:
        state = {
            "model": self.vae.state_dict(),
            "optimizer": self.optimizer.state(),
            "average": self.average.copy,
            "step": self.step,
            "spent": spent,
        }
        save_state(self.order.out / "vae.state", state)
        self.average.swap()
        self._report()
        self.average.swap()

    @torch.no_grad()
    def _finish(self, spent: float) -> None:
        self._save(spent)
        self.average.swap()
        size = max(self.pool.counts, key=lambda key: self.pool.counts[key])
        with precision(self.device):
            latents = torch.cat([encode(self.vae, self.pool.whole(32, size)) for _ in range(16)])
        flat = latents.float().transpose(0, 1).flatten(1)
        mean, spread = flat.mean(1), flat.std(1)
        print(f"latents: mean {mean.tolist()} spread {spread.tolist()}", flush=True)
        fold_spread(self.vae, mean, spread)
        save_parts(self.vae, self.order.out, "vae")
        ratio = self._report()
        note(self.order.out / "vae.json", psnr=ratio, steps=self.step, seconds=spent)

    def _report(self) -> float:
        ratio = held_out_psnr(self.vae, self.order.held_out, self.device)
        print(f"vae step {self.step}: held-out PSNR {ratio:.2f} dB", flush=True)
        return ratio


@torch.no_grad()
def held_out_psnr(vae: AutoencoderKL, folder: Path | None, device: torch.device) -> float:
    """Mean PSNR in dB over the held-out scenes of the first size, NaN if there are none."""
    ratios = []
    for shard in Inbox(folder).take(4) if folder else ():
        for chunk in torch.from_numpy(shard.images).split(32):
            pictures = scale(chunk.to(device))
            with precision(device):
                back = decode(vae, encode(vae, pictures)).float().clamp(-1, 1)
            ratios.append(psnr(back, pictures))
    return torch.cat(ratios).mean().item() if ratios else float("nan")


def psnr(picture: Tensor, target: Tensor) -> Tensor:
    """(n,) peak signal-to-noise ratios in dB of pictures (n, 3, h, w) in -1 … 1."""
    return -10 * torch.log10(F.mse_loss(picture, target, reduction="none").mean((1, 2, 3)) / 4)


class DecoderLeg:
    """Trains the decoder alone on whole scenes; the latents stay what they are."""

    def __init__(self, order: VaeOrder) -> None:
        self.order, self.device = order, torch.device(order.device)
        torch.manual_seed(order.seed + 1)
        self.vae = build_vae(PLANS[order.plan]).to(self.device, memory_format=torch.channels_last)
        self.vae.encoder.requires_grad_(False)
        self.vae.quant_conv.requires_grad_(False)
        self.pool = PicturePool(order.capacity, self.device, SIZES[:1])
        self.loss = torch.compile(self._loss) if self.device.type == "cuda" else self._loss

    def _loss(self, pictures: Tensor, noise: Tensor) -> Tensor:
        with precision(self.device):
            with torch.no_grad():
                latents = encode(self.vae, pictures)
            picture = decode(self.vae, latents + self.order.noise * noise)
        return picture_loss(picture, pictures)

    def _advance(self) -> Tensor:
        width, height = SIZES[0]
        shape = (self.order.batch, LATENT_CHANNELS, height // 8, width // 8)
        pictures = self.pool.whole(self.order.batch, SIZES[0])
        loss = self.loss(pictures, torch.randn(shape, device=self.device))
        loss.backward()
        return loss.detach()

    def run(self) -> None:
        """Compile, wait for the autoencoder, train for the planned minutes."""
        order = self.order
        stop = threading.Event()
        self.pool.keep_filling(Inbox(order.scenes), stop)
        while self.pool.counts[SIZES[0]] < min(order.minimum, order.capacity):
            time.sleep(0.2)
        self._advance()  # compiles
        self.vae.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        while order.after and not order.after.exists():
            time.sleep(0.5)
        load_parts(self.vae, order.out, "vae")
        self._train()
        stop.set()

    def _train(self) -> None:
        order = self.order
        trainable = [(name, p) for name, p in self.vae.named_parameters() if p.requires_grad]
        optimizer, average = Optimizer(trainable), Average(self.vae, 0.998)
        clock = Clock(order.minutes, order.out / "decoder.until")
        step, shown = 0, time.time()
        while (progress := clock.progress()) < 1:
            loss = self._advance()
            optimizer.step(order.rate * trapezoid(progress, step, fall=0.8))
            average.update()
            step += 1
            if time.time() - shown > 10:
                shown = time.time()
                print(f"decoder {progress:.2f} step {step} loss {loss.item():.4f}", flush=True)
        average.swap()
        save_parts(self.vae, order.out, "decoded")
        ratio = held_out_psnr(self.vae, order.held_out, self.device)
        print(f"decoder step {step}: held-out PSNR {ratio:.2f} dB", flush=True)
        note(order.out / "decoder.json", psnr=ratio, steps=step, seconds=clock.spent)
