"""The page: HTML, style and script, which lie apart in `page/`, joined with the data into one file.

Nothing in it comes from elsewhere, and its policy forbids that anything does: the style and the
script are allowed by their hashes, pictures from the file itself and from beside it.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from sdgen.files.names import legible

_UNSAFE = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
"""What could end the script that the data stands in, or, in old engines, a line of it."""


@lru_cache(maxsize=4)
def part(name: str) -> str:
    """One of the files that the page is made of."""
    return (files("sdgen.gallery") / "page" / name).read_text(encoding="utf-8")


def page(title: str, cards: list[Any], *, live: bool = False, state: str = "") -> str:
    """The whole page.

    Args:
        title: Shown at its top.
        cards: From `card_of`.
        live: It is served, and asks its server for new pictures.
        state: What it shows by now, for that question.
    """
    data = {"cards": numbered(cards), "live": live, "state": state}
    return filled(
        part("page.html"),
        {
            "policy": html.escape(policy(live=live)),
            "title": html.escape(legible(title)),
            "style": part("page.css"),
            "script": part("page.js"),
            "data": json_for_script(data),
        },
    )


def numbered(cards: list[Any]) -> list[Any]:
    """The cards, each with its place in the order of paths."""
    return [{**card, "at": at} for at, card in enumerate(cards)]


def json_for_script(value: Any) -> str:
    """`value` as JSON that can stand in a script element, whatever text is in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)
    return legible(text)  # half a pair of surrogates becomes JSON's own escape


def filled(template: str, values: Mapping[str, str]) -> str:
    """`template` with `{{name}}` replaced, once: what is put in is not looked at again."""
    pieces = template.split("{{")
    whole = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        whole += [values[name], rest]
    return "".join(whole)


def policy(*, live: bool) -> str:
    """The content security policy: nothing but the page's own, and pictures beside it."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'sha256-{_hash(part('page.js'))}'",
        "style-src": f"'sha256-{_hash(part('page.css'))}'",
        "img-src": "'self' data:" if live else "'self' data: file:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if live:
        rules["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
