"""A scheduler's name and a checkpoint's trained configuration → the diffusers object."""

import functools
from collections.abc import Mapping
from typing import Any

from sdgen.engine.flow import flow_scheduler
from sdgen.engine.libraries import diffusers
from sdgen.engine.noise import draw_exactly
from sdgen.recipe.schedulers import SCHEDULERS, check_steps

_FACTS_OF_TRAINING = {
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas",
    "prediction_type", "rescale_betas_zero_snr",
}  # fmt: skip


def build_scheduler(name: str, trained_config: Mapping[str, Any]) -> Any:
    """Build the scheduler `name` for a checkpoint.

    What the training decided stays (betas, prediction type, zero terminal SNR, steps offset), what
    the name decides is set, and nothing of another scheduler is left. Its noise is drawn by the
    rule of `sdgen.engine.noise`.

    Args:
        name: A key of `SCHEDULERS`.
        trained_config: The checkpoint's `scheduler_config.json`, or the config of the scheduler
            that was loaded with it; never that of a scheduler built here.

    Returns:
        A new diffusers scheduler; as one object it can serve one pipeline call after another.

    """
    entry = SCHEDULERS[name]
    scheduler_class = getattr(diffusers, entry.class_name)
    known = _known_only(scheduler_class, trained_config)
    if entry.flow:
        scheduler = flow_scheduler(scheduler_class, known, trained_config, entry.config)
    else:
        scheduler = scheduler_class.from_config(known, **entry.config)
        _take_whole_way(name, scheduler)
    draw_exactly(scheduler)
    return scheduler


def _known_only(scheduler_class: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration the class has a parameter for.

    diffusers would warn of the rest, and keep it for the next scheduler made from this one. A
    value that was another class's default is left out too, so that the new class has its own,
    unless it is a fact of the training.
    """
    parameters = scheduler_class._get_init_keys(scheduler_class)
    defaults = set(trained.get("_use_default_values", ())) - _FACTS_OF_TRAINING
    return {key: trained[key] for key in trained if key in parameters and key not in defaults}


def _take_whole_way(name: str, scheduler: Any) -> None:
    """Make `set_timesteps` of this object begin at the first timestep, and at full noise.

    diffusers finds its place by looking the timestep up, and takes the second of two equal ones:
    with beta sigmas, whose timesteps round to equal ones from 32 steps on, it skips a step and
    then runs off the end (IndexError). The timesteps stay on the CPU, so that no step waits until
    the device can tell its own. And with one step, `leading` and `linspace` spacing put
    it at the clean end, so that the noise stays: then `trailing` is meant.
    """
    plain, spacing = scheduler.set_timesteps, scheduler.config.get("timestep_spacing")

    @functools.wraps(plain)
    def set_timesteps(num_inference_steps: int | None = None, *args: Any, **kwargs: Any) -> None:
        if num_inference_steps is not None:
            check_steps(name, num_inference_steps)
        if spacing:
            now = "trailing" if num_inference_steps == 1 else spacing
            scheduler.register_to_config(timestep_spacing=now)
        plain(num_inference_steps, *args, **kwargs | {"device": "cpu"})
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_timesteps
