"""Schedulers for models that were trained by flow matching, each asked in one way.

Pipelines give noise levels (`sigmas`) and the shift that suits the size (`mu`) to the scheduler
that their model came with, Euler's. Others take none of these, or only where they are told to.
"""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any


def flow_scheduler(
    scheduler_class: Any,
    known: Mapping[str, Any],
    trained: Mapping[str, Any],
    config: Mapping[str, object],
) -> Any:
    """Build a scheduler whose `set_timesteps` can be asked as Euler's is.

    Args:
        scheduler_class: Of diffusers.
        known: What of `trained` it has a parameter for.
        trained: The checkpoint's own configuration, of `FlowMatchEulerDiscreteScheduler`.
        config: What makes the class this scheduler.
    """
    own = dict(known)
    if "shift" in trained and "flow_shift" in scheduler_class._get_init_keys(scheduler_class):
        own["flow_shift"] = trained["shift"]  # the same number, by its name in the solvers
    scheduler = scheduler_class.from_config(own, **config)
    _ask_as_euler(scheduler, is_dynamic=trained.get("use_dynamic_shifting") is True)
    return scheduler


def _ask_as_euler(scheduler: Any, *, is_dynamic: bool) -> None:
    """Let `set_timesteps` of this object take `sigmas` and `mu`, and begin at the first timestep.

    The levels that pipelines give are evenly spaced, which is what every scheduler does by itself,
    so only their number counts where they cannot be taken. A shift of `mu` by the exponential rule
    is one of exp(mu) by the plain one. Source of both: Esser et al. 2024 (arXiv 2403.03206), 5.3.2.
    """
    plain = scheduler.set_timesteps
    takes = inspect.signature(plain).parameters
    is_euler = "sigmas" in takes and "use_flow_sigmas" not in scheduler.config

    def set_timesteps(
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Sequence[float] | None = None,
        mu: float | None = None,
    ) -> None:
        given: dict[str, Any] = {"device": device}
        if is_euler and sigmas is not None:
            given["sigmas"] = sigmas
        else:
            given["num_inference_steps"] = num_inference_steps if sigmas is None else len(sigmas)
        if "mu" in takes and (is_dynamic or is_euler):
            given["mu"] = mu
        elif mu is not None and is_dynamic:
            scheduler.register_to_config(shift=math.exp(mu))
        plain(**given)
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_timesteps
