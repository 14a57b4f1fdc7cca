"""Guidance that ends before the steps do: from then on the UNet sees the prompt alone.

Late in the denoising little is left that guidance could steer, and each step without it costs half.
Source: Kynkäänniemi et al. 2024, Applying Guidance in a Limited Interval Improves Sample and
Distribution Quality in Diffusion Models (arXiv 2404.07724).
"""

import math
from typing import Any

import torch

_ROWS = ("prompt_embeds", "pooled_prompt_embeds", "add_text_embeds", "add_time_ids")
"""What the pipelines keep for both halves of a guided call, the negative one first."""


def guided_inputs(pipeline: Any) -> list[str]:
    """The tensors that `guided_until` must be shown after each step."""
    return ["latents", *(name for name in _ROWS if name in pipeline._callback_tensor_inputs)]


def guided_until(share: float, pipeline: Any, done: int, tensors: dict[str, Any]) -> dict[str, Any]:
    """What the pipeline goes on with after `done` steps.

    Args:
        share: Of its steps that are guided, rounded up.
        pipeline: In a call.
        done: Steps, counted from one.
        tensors: By the names of `guided_inputs`.
    """
    last = math.ceil(round(share * pipeline.num_timesteps, 6))  # 0.28 * 25 is 7.000000000000001
    if done != last or done == pipeline.num_timesteps or not pipeline.do_classifier_free_guidance:
        return tensors
    pipeline._guidance_scale = 0.0  # set anew by every call; diffusers' own callback does so too
    halves = {
        name: tensors[name].chunk(2)[1]
        for name in _ROWS
        if isinstance(tensors.get(name), torch.Tensor)  # Z-Image keeps lists, and them apart
    }
    return tensors | halves
