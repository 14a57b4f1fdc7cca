"""Draw the contact sheet of the model card with the exported model, seeds 0, 1, 2, … in order.

python scripts/storybook/contact.py sdgen/models/storybook docs/storybook.webp
"""

import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from drawing import sheet
from prompts import PREVIEW
from torch import Tensor

STEPS, GUIDANCE = 20, 5.0


def draw(folder: Path, steps: int = STEPS, guidance: float = GUIDANCE) -> Tensor:
    """Pictures (n, 3, 256, 256) in 0 … 1 of all prompts, in float32 on the CPU."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    pictures = [
        pipeline(
            prompt,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=torch.Generator().manual_seed(seed),
            output_type="pt",
        ).images
        for seed, prompt in enumerate(PREVIEW)
    ]
    return torch.cat(pictures)


def main(folder: Path, target: Path) -> None:
    """Draw and save."""
    sheet(draw(folder) * 2 - 1).save(target, quality=85)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
