"""Pictures from the networks, without the pipeline's manners: for previews and measuring."""

from collections.abc import Sequence

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    UNet2DConditionModel,
)
from networks import SCHEDULE, decode
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

SCHEDULER = SCHEDULE | {
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "timestep_spacing": "trailing",
    "steps_offset": 1,  # without a meaning here; other values make the pipeline complain
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
}
"""The model's own scheduler, DPM-Solver++ 2M, and what others want to know when they replace it."""


SAMPLERS = {
    "dpmpp_2m_trailing": DPMSolverMultistepScheduler,
    "ddim_trailing": DDIMScheduler,
}
"""sdgen's names of two: the model's own, and the one for few steps."""

OWN = "dpmpp_2m_trailing"


def scheduler(name: str = OWN) -> DPMSolverMultistepScheduler | DDIMScheduler:
    """A new scheduler of the model's noise."""
    kind = SAMPLERS[name]
    known = {key: SCHEDULER[key] for key in SCHEDULER if key in kind._get_init_keys(kind)}
    return kind.from_config(known)


class Drawer:
    """Draws batches of prompts at one size."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        text: CLIPTextModel,
        vae: AutoencoderKL,
        tokenizer: CLIPTokenizer,
    ) -> None:
        self.unet, self.text, self.vae, self.tokenizer = unet, text, vae, tokenizer

    @torch.no_grad()
    def draw(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        size: tuple[int, int] = (256, 256),
        steps: int = 20,
        guidance: float = 4.0,
        negative: str = "",
        sampler: str = OWN,
    ) -> Tensor:
        """Pictures (n, 3, h, w) in -1 … 1, one a prompt and seed, as the pipeline draws them."""
        device = next(self.unet.parameters()).device
        words = self._words(prompts)
        if guidance > 1:
            words = torch.cat([self._words([negative] * len(prompts)), words])
        shape = (4, size[1] // 8, size[0] // 8)
        noise = [torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]
        plan = scheduler(sampler)
        plan.set_timesteps(steps, device=device)
        latents = torch.stack(noise).to(device)
        for time in plan.timesteps:
            twice = latents.repeat(len(words) // len(latents), 1, 1, 1)
            velocity = self.unet(twice, time, words, return_dict=False)[0].float()
            if guidance > 1:
                without, with_words = velocity.chunk(2)
                velocity = without + guidance * (with_words - without)
            latents = plan.step(velocity, time, latents, return_dict=False)[0]
        return (
            torch.cat([decode(self.vae, part) for part in latents.split(64)]).float().clamp(-1, 1)
        )

    def _words(self, prompts: Sequence[str]) -> Tensor:
        device = next(self.unet.parameters()).device
        batch = self.tokenizer(
            list(prompts), padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        )
        return self.text(batch.input_ids.to(device)).last_hidden_state


def to_images(pictures: Tensor) -> list[Image.Image]:
    """PIL images of pictures (n, 3, h, w) in -1 … 1."""
    levels = ((pictures.float() + 1) * 127.5).round().clamp(0, 255).byte()
    return [Image.fromarray(level) for level in levels.permute(0, 2, 3, 1).cpu().numpy()]


def sheet(pictures: Tensor, columns: int = 5) -> Image.Image:
    """One image of all pictures of a batch, row by row."""
    images = to_images(pictures)
    width, height = images[0].size
    rows = -(-len(images) // columns)
    canvas = Image.new("RGB", (columns * width, rows * height), "white")
    for n, image in enumerate(images):
        canvas.paste(image, (n % columns * width, n // columns * height))
    return canvas
