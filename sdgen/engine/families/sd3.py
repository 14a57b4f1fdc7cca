"""Stable Diffusion 3 and 3.5: two CLIP text encoders and, where it is there, a T5."""

from typing import Any

from sdgen.engine.families.flow import Transformer, encoded
from sdgen.engine.prompts import Text, TextCache
from sdgen.models.families import FAMILIES
from sdgen.recipe.settings import Settings

LENGTH = FAMILIES["sd3"].readers[-1].length
"""Tokens of T5; zeros stand for it where it is not there."""


class SD3(Transformer):
    """The `Architecture` of `StableDiffusion3Pipeline`."""

    def encode(
        self, pipeline: Any, cache: TextCache, settings: Settings, _: int
    ) -> tuple[Text, Text | None]:
        """The texts of all encoders in one row, and the two pooled ones in another."""

        def read(text: str, skipped: int | None = None) -> Text:
            found = pipeline.encode_prompt(
                prompt=text,
                prompt_2=None,
                prompt_3=None,
                do_classifier_free_guidance=False,
                clip_skip=skipped,
                max_sequence_length=LENGTH,
            )
            return tuple(found[0::2])

        skipped = settings.clip_skip - 1 or None  # diffusers counts the layers skipped
        return encoded(cache, settings, lambda text: read(text, skipped), read)
