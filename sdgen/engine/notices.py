"""What the user must know about settings that are allowed but do less than they seem to."""

from typing import Any

from sdgen.models import LocalModel
from sdgen.models.words import known_words, unknown_words
from sdgen.recipe.settings import Settings

EFFECTIVE_SEEDS = 2**32
"""torch's CPU generator looks at the low 32 bits of a seed only."""


def notices_on(pipeline: Any, model: LocalModel, settings: Settings) -> list[str]:
    """What of the prompts is cut off or not known, and what has no effect.

    diffusers cuts a prompt at the tokenizer's length (77 tokens, of which two are marks) with only
    a log line, and the negative prompt without any.
    """
    notices = []
    known = known_words(model.folder)
    for name in ("prompt", "negative_prompt"):
        text = getattr(settings, name)
        if tail := _cut_off(pipeline, text):
            notices.append(f"the model does not read the end of the {name}: {tail!r}")
        if known and (strange := unknown_words(text, known)):
            notices.append(
                f"{model.name} was not taught these words of the {name}: " + ", ".join(strange)
            )
    if settings.guidance_scale <= 1:
        idle = [name for name in ("negative_prompt", "guidance_rescale") if getattr(settings, name)]
        notices += [f"{name} has no effect with a guidance_scale of 1 or less" for name in idle]
    if settings.seed >= EFFECTIVE_SEEDS:
        same = settings.seed % EFFECTIVE_SEEDS
        notices.append(f"seed {settings.seed} draws what seed {same} draws: only 32 bits count")
    return notices


def _cut_off(pipeline: Any, text: str) -> str:
    """The end of `text` that the shortest of the pipeline's tokenizers drops; empty if it fits."""
    tails = [_tail(tokenizer, text) for tokenizer in _tokenizers(pipeline)]
    return max(tails, key=len, default="")


def _tokenizers(pipeline: Any) -> list[Any]:
    named = (getattr(pipeline, name, None) for name in ("tokenizer", "tokenizer_2"))
    return [tokenizer for tokenizer in named if tokenizer is not None]


def _tail(tokenizer: Any, text: str) -> str:
    """The end of `text` from the first token on that has no room."""
    options = {"add_special_tokens": False, "truncation": False, "verbose": False}
    pieces = tokenizer(text, return_offsets_mapping=True, **options).offset_mapping
    room = tokenizer.model_max_length - 2
    return text[pieces[room][0] :] if len(pieces) > room else ""
