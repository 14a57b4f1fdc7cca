"""How a run is asked to stop: one object, set by whoever hears of it, looked at by who works."""

from dataclasses import dataclass

from sdgen.errors import InterruptedRunError


@dataclass(slots=True)
class Stop:
    """Whether somebody asked to stop: `requested` is the signal's number, or None.

    Looked at between pictures and steps; the half picture is dropped.
    """

    requested: int | None = None

    def check(self) -> None:
        """Stop here if asked to.

        Raises:
            InterruptedRunError: A signal came; its exit code is 128 + the signal.
        """
        if self.requested is not None:
            raise InterruptedRunError("stopped", signal_number=self.requested)
