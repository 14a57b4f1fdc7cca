"""InvokeAI before version 3: JSON in `sd-metadata`, and a command line in `Dream`.

The command line is data: its flags are read, and it is never run.
"""

import re
import shlex
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, child, lenient_object
from sdgen.metadata.formats.foreign import Carried, Foreign

MAX_COMMAND = 2**16

_FLAGS = {
    "s": "steps", "S": "seed", "W": "width", "H": "height", "C": "cfg_scale", "A": "sampler",
    "f": "strength",
}  # fmt: skip
_SHORT = re.compile(r"-([A-Za-z])(.*)", re.DOTALL)
_BRACKETS = re.compile(r" ?\[([^\[\]]*)\]")


def read(carried: Carried) -> Foreign | None:
    """The recipe in `sd-metadata`, or else in `Dream`; None if there is neither."""
    found = lenient_object(carried.texts.get("sd-metadata", ""))
    if image := child(found, "image"):
        app = {key: value for key, value in found.items() if key != "image"}
        return _recipe({**app, **image, "prompt": _prompt(image.get("prompt"))})
    command = carried.texts.get("Dream", "")
    return _recipe(_command(command)) if command else None


def _recipe(found: Mapping[str, Any]) -> Foreign:
    said = Facts(found)
    prompt = said.text("prompt")
    return Foreign(
        tool="InvokeAI",
        version=said.text("app_version"),
        prompt=_BRACKETS.sub("", prompt).strip(),
        negative_prompt=", ".join(_BRACKETS.findall(prompt)),
        dialect="invokeai",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        guidance_scale=said.number("cfg_scale"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        strength=said.number("strength"),
        model=said.text("model_weights", "model"),
        model_hash=said.text("model_hash"),
        extras=said.rest(),
    )


def _prompt(said: Any) -> str:
    """The prompt: text, or a list of prompts with their weights."""
    if isinstance(said, str):
        return said
    parts = said if isinstance(said, list) else []
    texts = [child(part).get("prompt") for part in parts]
    return ", ".join(text for text in texts if isinstance(text, str))


def _command(line: str) -> dict[str, Any]:
    """Values by their flags; `prompt` is what stands before them."""
    try:
        words = deque(shlex.split(line[:MAX_COMMAND]))
    except ValueError:  # a quote that never ends
        words = deque(line[:MAX_COMMAND].split())
    found: dict[str, Any] = {}
    prompt = list(_without_flags(words, found))
    return {"prompt": " ".join(prompt), **found}


def _without_flags(words: deque[str], found: dict[str, Any]) -> Iterator[str]:
    """The words that are no flags; flags and their values go into `found`."""
    while words:
        word = words.popleft()
        short = _SHORT.fullmatch(word)
        if word.startswith("--"):
            key, _, value = word[2:].partition("=")
            found[key] = value or _value(words, is_switch=True)
        elif short and short[1] in _FLAGS:
            found[_FLAGS[short[1]]] = short[2] or _value(words, is_switch=False)
        else:
            yield word


def _value(words: deque[str], *, is_switch: bool) -> str:
    """The value of a flag; one that may be a mere switch takes no other flag for it."""
    if not words or (is_switch and words[0].startswith("-")):
        return "on" if is_switch else ""
    return words.popleft()
