"""Texts that every terminal, tokenizer and file can carry."""

import re
import unicodedata
from typing import Any

MAX_PROMPT_CHARACTERS = 10_000

_ALLOWED_CONTROLS = "\t\n"
_OF_CONTENT = re.compile(r"#[0-9a-f]{64}$")


def sound_text(text: str) -> str:
    """Refuse what no terminal, tokenizer or file can carry: controls and half characters."""
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; at most {MAX_PROMPT_CHARACTERS} are read")
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValueError("is not valid UTF-8")
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            raise ValueError(f"contains the control character U+{ord(character):04X}")
    return text


def not_blank(text: str) -> str:
    """Refuse text of blanks alone."""
    if not text.strip():
        raise ValueError("is empty")
    return text


def shown(value: Any) -> str:
    """A setting's value for people: several texts with commas, a picture by its name alone."""
    texts = value if isinstance(value, list | tuple) else [value]
    return ", ".join(_OF_CONTENT.sub("", str(text)) for text in texts)
