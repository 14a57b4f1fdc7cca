"""Looking into the UNet's calls, without a trace: hooks that are there for one pipeline call."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from diffusers import DDPMScheduler

from sdgen.engine.families import architecture_of, network_of
from sdgen.engine.families.architecture import latent_shape
from sdgen.engine.families.flow import Given, Transformer
from sdgen.engine.glimpse import LatentGlimpse
from sdgen.engine.heat import Heat
from sdgen.engine.loader import LoadedModel
from sdgen.engine.watch import Watch
from sdgen.recipe.settings import Settings


@contextmanager
def watched_by(watch: object, loaded: LoadedModel, rows: Sequence[Settings]) -> Iterator[None]:
    """While it is open, show `watch`, if it is a `Watch`, what the UNet's calls see."""
    if not isinstance(watch, Watch):
        yield
        return
    unet, kind = network_of(loaded.pipeline), architecture_of(loaded.pipeline)
    heat = Heat(rows[0], len(rows)) if watch.words else None
    seer: _Seer | _FlowSeer
    if isinstance(kind, Transformer):
        seer = _FlowSeer(loaded, kind, rows)
    else:
        seer = _Seer(loaded, rows[0].guidance_scale, len(rows))

    def looked(_: Any, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        watch.glimpse = seer.glimpse((given, named), output)

    with ExitStack() as hooks:
        hook = unet.register_forward_hook(looked, with_kwargs=True)
        hooks.callback(hook.remove)
        if heat is not None:
            hooks.enter_context(heat.watching(unet))
        yield
    if heat is not None:
        watch.maps = heat.maps(loaded.pipeline, watch.words)


class _FlowSeer:
    """The same for models that were trained by flow matching.

    Their networks get (1 - σ) clean + σ noise, and say noise less clean (Liu et al. 2022, Flow
    Straight and Fast, equation 1), so that the clean picture is what they get less σ of that.
    """

    def __init__(self, loaded: LoadedModel, kind: Transformer, rows: Sequence[Settings]) -> None:
        self._loaded, self._kind, self._guidance = loaded, kind, rows[0].guidance_scale
        self._like = torch.Size((len(rows), *latent_shape(loaded.pipeline, rows[0])))

    def glimpse(self, given: Given, output: Any) -> LatentGlimpse:
        """What there is at one call."""
        call = self._kind.seen(self._loaded.pipeline, given, output, self._like)
        said = self._kind.guided(call, self._guidance)
        return LatentGlimpse(self._loaded, call.sample, call.sample - call.sigma * said)


class _Seer:
    """From what the UNet got and answered to the picture that it means.

    True for every scheduler: whatever it does between the calls, the UNet gets what it was trained
    on, √ā·picture + √(1−ā)·noise, with ā of the timestep (Ho et al. 2020, equation 4). A call is
    guided where it has two rows for each picture; guidance may end before the steps do.
    """

    def __init__(self, loaded: LoadedModel, guidance: float, rows: int) -> None:
        self._loaded, self._guidance, self._rows = loaded, guidance, rows
        self._kind = loaded.pipeline.scheduler.config.get("prediction_type", "epsilon")
        trained = DDPMScheduler.from_config(loaded.trained)
        self._alphas: torch.Tensor = trained.alphas_cumprod

    def glimpse(self, given: Given, output: Any) -> LatentGlimpse:
        """What there is at one call."""
        args, named = given
        sample = args[0] if args else named["sample"]
        timestep = args[1] if len(args) > 1 else named["timestep"]
        said = output[0].float().cpu()
        noisy = sample[:, : said.shape[1]].float().cpu()  # behind it, inpainting models get a mask
        if len(said) == 2 * self._rows:
            without, with_prompt = said.chunk(2)
            noisy = noisy.chunk(2)[1]
            said = without + self._guidance * (with_prompt - without)
        return LatentGlimpse(self._loaded, noisy, self._clean(noisy, said, self._alpha(timestep)))

    def _alpha(self, timestep: Any) -> float:
        at = float(timestep.flatten()[0] if torch.is_tensor(timestep) else timestep)
        place = min(max(round(at), 0), len(self._alphas) - 1)
        return max(float(self._alphas[place]), 1e-4)  # 0 where a schedule ends in noise alone

    def _clean(self, noisy: torch.Tensor, said: torch.Tensor, alpha: float) -> torch.Tensor:
        signal, noise = alpha**0.5, (1 - alpha) ** 0.5
        if self._kind == "sample":
            return said
        if self._kind == "v_prediction":  # Salimans & Ho 2022, appendix D
            return noisy.mul(signal).sub(said, alpha=noise)
        return noisy.sub(said, alpha=noise).div(signal)
