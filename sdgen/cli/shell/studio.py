"""Draws for the shell, with a model that stays loaded, in the way of `sdgen generate`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sdgen import engine
from sdgen.cli.locked import OpenLock, check_locked
from sdgen.cli.output import Output
from sdgen.cli.preview import Kind, open_display
from sdgen.cli.progress import Display
from sdgen.cli.series import OnSaved, Series, conclude, pictures_of
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.target import Target, check_size_in
from sdgen.engine import ImageGenerator
from sdgen.models.finding import Search
from sdgen.models.prompts import refuse_losses
from sdgen.models.resolve import Plan, drawn_seed, plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.prompt.wording import Wording

NOT_GIVEN = "not given"


@dataclass(slots=True)
class Studio:
    """What holds for every picture of a session, and the generator, once it is open.

    Attributes:
        out: Where it tells.
        target: The folder that pictures go to.
        opened: Opens what draws.
        base: What was said before the session, in configs, lowest first.
        search: Where LoRAs may lie.
        wording: Wildcards and styles.
        lock: What must not have changed, if anything.
        strict: Whether words that the model does not read are refused.
        preview: How pictures are shown in the terminal, as `preview_kind` gives it.
    """

    out: Output
    target: Target
    opened: engine.OpenGenerator
    base: Sequence[Layer]
    search: Search
    wording: Wording
    lock: OpenLock | None = None
    strict: bool = False
    preview: Kind | None = None
    _generator: ImageGenerator | None = None
    _told: str = field(default="")

    def plan(self, layers: Sequence[Layer], under: Sequence[Layer] = ()) -> Plan:
        """What `layers` come to, over the configs, `under` lying below `layers`.

        Raises:
            SdgenError: They are no settings, or the model is not here or not the locked one.
        """
        planned = plan([drawn_seed(), *self.base, *under, *layers], search=self.search)
        check_locked(self.lock, [planned.model])
        return planned

    def looked_over(self, layers: Sequence[Layer]) -> Plan:
        """The same where there may be no prompt yet."""
        return self.plan(layers, [Layer(NOT_GIVEN, {"prompt": "-"})])

    def warm(self, planned: Plan) -> None:
        """Load the model of `planned` before the first picture.

        Raises:
            SdgenError: It cannot be loaded.
            InterruptedRunError: A signal came meanwhile.
        """
        with stop_on_signals() as stop, open_display(self.out, self.preview) as shown:
            self._loaded(planned, shown)
            stop.check()

    def draw(self, planned: Plan, count: int, on_saved: OnSaved) -> None:
        """Draw `count` pictures, which differ in the seed that counts up, and save them.

        Raises:
            SdgenError: What kept one or all of them from being drawn.
            InterruptedRunError: A signal came; what was drawn before is saved.
        """
        check_size_in(self.target, planned.settings)
        pictures = pictures_of(planned.settings, count, self.wording)
        if self.strict:
            refuse_losses(("", settings, planned.model) for settings, _ in pictures)
        with stop_on_signals() as stop, open_display(self.out, self.preview) as shown:
            generator = self._loaded(planned, shown)
            series = Series(
                planned, pictures, generator, self.target, self.out, shown, stop, on_saved
            )
            series.draw(None)
        conclude(series.failures, count)

    def _loaded(self, planned: Plan, shown: Display) -> ImageGenerator:
        """The generator, with the model of `planned`; says so where it is another one."""
        shown.loading(planned.model)
        self._generator = self._generator or self.opened()
        self._generator.load(planned.model, planned.settings.dtype)
        told = f"{planned.model.name} on {self._generator.device}"
        if told != self._told:
            self.out.say(told)
            self._told = told
        return self._generator
