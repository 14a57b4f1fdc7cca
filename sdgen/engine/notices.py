"""What the user must know about settings that are allowed but do less than they seem to."""

from typing import Any

from sdgen.models import LocalModel
from sdgen.models.tokens import MARKS, tail, text_notices
from sdgen.recipe.settings import Settings

EFFECTIVE_SEEDS = 2**32
"""torch's CPU generator looks at the low 32 bits of a seed only."""


def notices_on(pipeline: Any, model: LocalModel, settings: Settings) -> list[str]:
    """What of the prompts is cut off or not known, and what has no effect.

    diffusers cuts a prompt at the tokenizer's length (77 tokens, of which two are marks) with only
    a log line, and the negative prompt without any.
    """
    notices = []
    for name in ("prompt", "negative_prompt"):
        text = getattr(settings, name)
        tails = [_tail(tokenizer, text) for tokenizer in _tokenizers(pipeline)]
        notices += text_notices(name, text, tails, model)
    if settings.guidance_scale <= 1:
        idle = [name for name in ("negative_prompt", "guidance_rescale") if getattr(settings, name)]
        notices += [f"{name} has no effect with a guidance_scale of 1 or less" for name in idle]
    if settings.seed >= EFFECTIVE_SEEDS:
        same = settings.seed % EFFECTIVE_SEEDS
        notices.append(f"seed {settings.seed} draws what seed {same} draws: only 32 bits count")
    return notices


def _tokenizers(pipeline: Any) -> list[Any]:
    named = (getattr(pipeline, name, None) for name in ("tokenizer", "tokenizer_2"))
    return [tokenizer for tokenizer in named if tokenizer is not None]


def _tail(tokenizer: Any, text: str) -> str:
    """The end of `text` that `tokenizer` drops."""
    options = {"add_special_tokens": False, "truncation": False, "verbose": False}
    spans = tokenizer(text, return_offsets_mapping=True, **options).offset_mapping
    return tail(text, spans, tokenizer.model_max_length - MARKS)
