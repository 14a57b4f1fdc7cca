"""Rows that say the same but for plain words and the seed are judged once.

In a file of a million rows most are like another. What a row's plan depends on beside its prompt
and its seed is then known from the first of them, and of a prompt without any sign of the syntax
there is nothing to judge but its letters. Every other row takes the whole way, and so does every
row with a fault, so that it is told as it always is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sdgen.models.resolve import Plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.seeds import SEEDS_BELOW

_PLAIN = re.compile(r"(?!\s*$)(?!.*\bAND\b)[A-Za-z0-9 ,.;!?'\"&%+=/*-]{1,1000}")
"""Words without a sign that some syntax reads: no brackets, braces, colons, `_`, `|`, `$`, `\\`."""

_FREE = ("prompt", "seed")
_SCALARS = (str, int, float, bool, type(None))

_Key = tuple[tuple[str, type, object], ...]


@dataclass(slots=True)
class Alike:
    """The plans of one job file, by what their rows say beside prompt and seed.

    Attributes:
        upper: The layers above the rows: what they say of prompt or seed, no row says.
    """

    upper: Sequence[Layer]
    _plans: dict[_Key, Plan] = field(default_factory=dict)

    def plan(self, layer: Layer, whole: Callable[[], Plan], *, is_bare: bool) -> Plan:
        """The plan of a row.

        Args:
            layer: What the row says.
            whole: Plans it from the start, and judges its wording.
            is_bare: Neither styles nor lines of the row's own are put around or into its prompt.

        Raises:
            SdgenError: From `whole`.
        """
        key = self._key(layer) if is_bare else None
        if key is None:
            return whole()
        known = self._plans.get(key)
        if known is None:
            planned = whole()
            if planned.settings.image is None:  # its file is looked at for each row
                self._plans[key] = planned
            return planned
        said = {name: layer.values[name] for name in _FREE if name in layer.values}
        if self._is_said_above("seed"):
            said.pop("seed", None)
        return replace(known, settings=known.settings.model_copy(update=said))

    def _key(self, layer: Layer) -> _Key | None:
        """What rows that are alike have in common; None for a row that is like no other."""
        values = layer.values
        prompt, seed = values.get("prompt"), values.get("seed", 0)
        if type(prompt) is not str or not _PLAIN.fullmatch(prompt):
            return None
        if type(seed) is not int or not 0 <= seed < SEEDS_BELOW or self._is_said_above("prompt"):
            return None
        others = [(name, type(said), said) for name, said in values.items() if name not in _FREE]
        if not all(kind in _SCALARS for _, kind, _ in others):
            return None
        return (*sorted(others, key=lambda one: one[0]), ("seed", bool, "seed" in values))

    def _is_said_above(self, name: str) -> bool:
        return any(name in layer.values for layer in self.upper)
