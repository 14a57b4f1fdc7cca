"""Z-Image: a language model (Qwen3) reads the prompt, in Chinese or English, as a message to it."""

from typing import Any

import torch

from sdgen.engine.families.architecture import Texts
from sdgen.engine.families.flow import Call, Given, Transformer, called, encoded, words_of
from sdgen.engine.prompts import Text, TextCache
from sdgen.models.families import FAMILIES
from sdgen.models.whole_tokens import as_message
from sdgen.recipe.settings import Settings

LENGTH = FAMILIES["z-image"].readers[-1].length
BLOCK = 32
"""Tokens to whose multiple the network fills a text up, and a mask that says so if others of the
call are longer."""


class ZImage(Transformer):
    """The `Architecture` of `ZImagePipeline`."""

    def lengths(self, pipeline: Any, settings: Settings) -> int:
        """A number for each pair of lengths of the two texts, in blocks."""
        blocks = [self._blocks(pipeline, words_of(settings, "prompt")), 0]
        if settings.guidance_scale > 1:
            blocks[1] = self._blocks(pipeline, words_of(settings, "negative_prompt"))
        return blocks[0] + blocks[1] * (LENGTH // BLOCK + 1)

    def encode(
        self, pipeline: Any, cache: TextCache, settings: Settings, _: int
    ) -> tuple[Text, Text | None]:
        """Each as long as it is."""

        def read(text: str) -> Text:
            inputs = _read(pipeline, text, padding="max_length", return_tensors="pt")
            device = pipeline._execution_device
            mask = inputs.attention_mask.to(device).bool()
            output = pipeline.text_encoder(
                input_ids=inputs.input_ids.to(device),
                attention_mask=mask,
                output_hidden_states=True,
            )
            return (output.hidden_states[-2][0][mask[0]],)

        return encoded(cache, settings, read, read)

    def arguments(self, settings: Settings, texts: Texts) -> dict[str, Any]:
        """Its guidance counts from 0, which is off; up to 1 it is off in all of sdgen."""
        guidance = settings.guidance_scale if settings.guidance_scale > 1 else 0.0
        return {
            "prompt_embeds": [prompt[0] for prompt, _ in texts],
            "negative_prompt_embeds": [negative[0] for _, negative in texts if negative],
            "guidance_scale": guidance,
        }

    def packed(self, _: Any, latents: torch.Tensor) -> torch.Tensor:
        """In float32 in every step, whatever the network has."""
        return latents.float()

    def seen(self, _: Any, given: Given, output: Any, like: torch.Size) -> Call:
        """It counts its time from the noise on, says the opposite, and takes prompts first."""
        (samples, time, *_), _ = given
        sample, said = (torch.stack(list(each)).squeeze(2) for each in (samples, output[0]))
        prompts_last = [each.roll(like[0], 0) for each in (sample, -said)]
        return called(prompts_last[0], 1 - float(time[0]), prompts_last[1], like[0])

    def guided(self, call: Call, guidance: float) -> torch.Tensor:
        """Its guidance counts from 0."""
        return super().guided(call, guidance + 1)

    def _blocks(self, pipeline: Any, text: str) -> int:
        return -(-len(_read(pipeline, text).input_ids) // BLOCK)


def _read(pipeline: Any, text: str, **options: Any) -> Any:
    """The tokens of `text` as a message; the model's own template would be code from its folder."""
    message = as_message(text)
    return pipeline.tokenizer(message, max_length=LENGTH, truncation=True, **options)
