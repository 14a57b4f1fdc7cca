"""A foreign recipe's prompts as sdgen's: programs read the same brackets in different ways."""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import ValidationError

from sdgen.metadata.formats.foreign import Dialect, Foreign
from sdgen.metadata.formats.reports import Fidelity, FieldReport, Taken, short
from sdgen.recipe.prompt.loras import TAG
from sdgen.recipe.prompt.weights import parse
from sdgen.recipe.settings import REFUSED, Settings
from sdgen.recipe.texts import MAX_PROMPT_CHARACTERS

_SQUARE = re.compile(r"(?<!\\)([\[\]])")
_COMPEL = re.compile(r"\)\s?(\d|\+|-)|\w[+-]{1,10}(?=[\s,.]|$)")
_BRACES = re.compile(r"[{}\[\]]|\d::")
_ROUND = re.compile(r"(?<!\\)[()\[\]]")
_OWN = ("AUTOMATIC1111", "Forge", "sdgen")

Judgement = tuple[str, Fidelity, str]
"""The prompt as it is taken, how well, and why not better."""


def prompts_of(found: Foreign) -> Taken:
    """Prompt, negative prompt, and the one syntax in which both are read."""
    said = {"prompt": found.prompt, "negative_prompt": found.negative_prompt}
    syntax = "plain" if found.dialect in ("plain", "novelai") else "a1111"
    judged = {name: _judged(text, found) for name, text in said.items()}
    if syntax == "a1111":
        judged["negative_prompt"] = _without_tags(*judged["negative_prompt"])
    refused = (_refused(name, text, syntax) for name, (text, _, _) in judged.items())
    if reason := next(filter(None, refused), ""):
        syntax = "plain"
        judged = {name: _as_words(text, reason) for name, text in said.items()}
    values = {name: text for name, (text, _, _) in judged.items() if said[name]}
    return Taken({**values, "prompt_syntax": syntax}, tuple(_reports(said, judged)))


def _reports(said: dict[str, str], judged: dict[str, Judgement]) -> Iterator[FieldReport]:
    for name, (text, fidelity, reason) in judged.items():
        if said[name]:
            yield FieldReport(name, short(said[name]), short(text), fidelity, reason)
    if not said["prompt"]:
        yield FieldReport("prompt", "", "", "unknown", "it is not in the file")


def _judged(text: str, found: Foreign) -> Judgement:
    if len(text) > MAX_PROMPT_CHARACTERS:  # refused later; brackets in a book are not counted
        return text, "exact", ""
    return _JUDGES[found.dialect](text, found)


def _without_tags(text: str, fidelity: Fidelity, reason: str) -> Judgement:
    """A negative prompt asks for no LoRA: A1111 takes the tag for words."""
    bare = TAG.sub("", text).strip()
    if len(text) > MAX_PROMPT_CHARACTERS or bare == text:
        return text, fidelity, reason
    return bare, "close", "tags of LoRAs are left out, as they belong into the prompt"


def _refused(name: str, text: str, syntax: str) -> str:
    """What this syntax does not do in `text`; empty where it does all, or the text is unsound."""
    if len(text) > MAX_PROMPT_CHARACTERS:
        return ""
    try:
        Settings.model_validate({"prompt": "fox", "seed": 0, "prompt_syntax": syntax, name: text})
    except ValidationError as error:
        reasons = (fault["msg"] for fault in error.errors() if fault["type"] == REFUSED)
        return next(reasons, "")
    return ""


def _as_words(text: str, reason: str) -> Judgement:
    """`text` without the tags that would be painted, read without weights."""
    return TAG.sub("", text).strip(), "approximated", f"is read as plain words: it {reason}"


def _weighs(text: str) -> bool:
    return any(span.weight != 1 for section in parse(text) for span in section)


def _from_a1111(text: str, found: Foreign) -> Judgement:
    emphasis = found.extras.get("Emphasis", "Original")
    if _weighs(text) and emphasis != "Original":
        return text, "approximated", f"sdgen weighs words as A1111's Original, not as {emphasis}"
    if _weighs(text) and found.tool not in _OWN:
        return text, "close", "weights are computed as A1111 does"
    return text, "exact", ""


def _from_comfyui(text: str, _found: Foreign) -> Judgement:
    """ComfyUI has round brackets only: square ones are letters there."""
    taken = _SQUARE.sub(r"\\\1", text)
    if _weighs(taken):
        return taken, "approximated", "ComfyUI computes weights otherwise"
    return taken, "exact", ""


def _from_invokeai(text: str, _found: Foreign) -> Judgement:
    if _COMPEL.search(text):
        return text, "approximated", "InvokeAI's weights, word++ and (words)1.2, are not read"
    return text, "exact", ""


def _from_novelai(text: str, _found: Foreign) -> Judgement:
    if _BRACES.search(text):
        return text, "approximated", "NovelAI's weights, {words} and [words], are read as words"
    return text, "exact", ""


def _from_plain(text: str, _found: Foreign) -> Judgement:
    if _ROUND.search(text):
        return text, "unknown", "how the program reads brackets is not known; here they are words"
    return text, "exact", ""


_JUDGES: Mapping[Dialect, Callable[[str, Foreign], Judgement]] = {
    "a1111": _from_a1111, "comfyui": _from_comfyui, "invokeai": _from_invokeai,
    "novelai": _from_novelai, "plain": _from_plain,
}  # fmt: skip
