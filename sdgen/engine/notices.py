"""What the user must know about settings that are allowed but do less than they seem to."""

from collections.abc import Sequence
from typing import Any

from sdgen.engine.weighted import readers
from sdgen.models import LocalModel
from sdgen.models.few_steps import guidance_notice
from sdgen.models.lora import scaled
from sdgen.models.prompts import read_prompts
from sdgen.models.scripts import spelled_out
from sdgen.models.tokens import MARKS, PromptReader, Span, tail, text_notices
from sdgen.recipe.embeddings import without_words
from sdgen.recipe.prompt.weights import parse, text_of
from sdgen.recipe.settings import PROMPTS, Settings
from sdgen.sources import sources_of

EFFECTIVE_SEEDS = 2**32
"""torch's CPU generator looks at the low 32 bits of a seed only."""


def notices_on(pipeline: Any, model: LocalModel, settings: Settings) -> list[str]:
    """What of the prompts is cut off or not known, and what has no effect.

    diffusers cuts a plain prompt at the tokenizer's length (77 tokens, of which two are marks) with
    only a log line, and the negative prompt without any.
    """
    notices = list(model.remarks)
    if model.family.flow:
        for read in read_prompts(PromptReader(model), settings):
            notices += read.notices(model)
    for name in PROMPTS if not model.family.flow else ():
        notices += _of_prompt(pipeline, model, name, settings)
    notices += _of_guidance(model, settings)
    for source in sources_of(settings):
        notices += source.notices
    if settings.seed >= EFFECTIVE_SEEDS:
        same = settings.seed % EFFECTIVE_SEEDS
        notices.append(f"seed {settings.seed} draws what seed {same} draws: only 32 bits count")
    return notices


def _of_guidance(model: LocalModel, settings: Settings) -> list[str]:
    """What the guidance leaves without effect, and whether it is too much for what draws."""
    idle = [name for name in ("negative_prompt", "guidance_rescale") if getattr(settings, name)]
    if model.guidance == "input":
        return [f"{name} has no effect: the model was distilled with its guidance" for name in idle]
    if settings.guidance_scale <= 1:
        return [f"{name} has no effect with a guidance_scale of 1 or less" for name in idle]
    acting = [
        (lora.name, lora.made_for) for lora, entry in scaled(settings, model) if entry.unet_scale
    ]
    notice = guidance_notice(settings.guidance_scale, model.name, acting, settings.scheduler)
    return [notice] if notice else []


def _of_prompt(pipeline: Any, model: LocalModel, name: str, settings: Settings) -> list[str]:
    text, own = getattr(settings, name), readers(pipeline)
    if settings.prompt_syntax == "plain":
        spans = [_spans(reader.tokenizer, text) for reader in own]
        rooms = [reader.length - MARKS for reader in own]
        tails = [tail(text, *each) for each in zip(spans, rooms, strict=True)]
        return text_notices(name, text, tails, model, spelled=_spelled(text, spans))
    chunks = max(len(reader.chunks(text)) for reader in own)
    words = without_words(text_of(parse(text)), [one.word for one in model.embeddings])
    spans = [_spans(reader.tokenizer, words) for reader in own]
    return text_notices(name, words, [], model, chunks=chunks, spelled=_spelled(words, spans))


def _spelled(text: str, spans: Sequence[Sequence[Span]]) -> str:
    return next(filter(None, (spelled_out(text, each) for each in spans)), "")


def _spans(tokenizer: Any, text: str) -> list[Span]:
    """The characters of each token of `text`."""
    options = {"add_special_tokens": False, "truncation": False, "verbose": False}
    found: list[Span] = tokenizer(text, return_offsets_mapping=True, **options).offset_mapping
    return found
