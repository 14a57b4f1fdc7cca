"""What of A1111's syntax sdgen does not do, refused where it would be painted as words."""

import re
from collections.abc import Iterator

from sdgen.recipe.prompt.loras import lora_tags
from sdgen.recipe.prompt.weights import parse

MOST_WEIGHT = 100.0

_AND = re.compile(r"\bAND\b")
_NUMBER = re.compile(r"\s*(\d*\.)?\d+\s*")
_TOKEN = re.compile(r"\\.|[\[\](){}|:]|[^\\\[\](){}|:]+|\\", re.DOTALL)


def refusal(prompt: str, *, is_negative: bool = False) -> str:
    """Why `prompt` cannot be drawn, to go on after the setting's name; empty if it can.

    Its choices in braces may still be open.
    """
    if _AND.search(prompt):
        return "joins prompts with AND, which sdgen does not do; in small letters it is a word"
    try:
        _, tags = lora_tags(prompt)
    except ValueError as error:
        return str(error)
    if tags and is_negative:
        return f"has a tag of the LoRA {tags[0].name!r}, which belongs into the prompt"
    for kind in _square_brackets(prompt):
        return f"has {kind}, which changes words between steps; sdgen does not do that"
    for section in parse(prompt):
        for span in section:
            if not abs(span.weight) <= MOST_WEIGHT:
                shown = span.text if len(span.text) <= 30 else f"{span.text[:30]}…"
                return f"gives {shown!r} the weight {span.weight:g}; at most {MOST_WEIGHT:g}"
    return ""


def _square_brackets(prompt: str) -> Iterator[str]:
    """The kinds of scheduling in `prompt`, each bracket judged by what stands right inside it."""
    inside: list[list[str]] = []
    for match in _TOKEN.finditer(prompt):
        token = match[0]
        if token in ("[", "(", "{"):
            inside.append([token])
        elif token in ("]", ")", "}"):
            parts = inside.pop() if inside else [""]
            if token == "]" and parts[0] == "[":
                yield from _kind(parts[1:])
            if inside:
                inside[-1].append("()")
        elif inside:
            inside[-1].append(token)


def _kind(parts: list[str]) -> Iterator[str]:
    if "|" in parts and any(part.strip(" |:") for part in parts):
        yield "[a|b]"
    elif parts[-2:-1] == [":"] and _NUMBER.fullmatch(parts[-1]):
        yield "[from:to:when]"
