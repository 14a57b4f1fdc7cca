r"""Choices in a prompt, made from the seed: `{a|b}`, `{0.5::a|b}`, `{2$$a|b|c}`, `__name__`.

`\{`, `\}`, `\|` and `\__` are the signs themselves. Nothing of a prompt is run: all that it can ask
for is one of the written words, or one of the lines that its caller has for a name.

The numbers come from SHA-256 of the seed, the setting's name and their place in the row, and from
no library's generator, so that a seed chooses the same words everywhere and for ever, and the noise
of the picture has nothing to do with them.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sdgen.recipe.prompt.loras import TAG

MOST_DEEP = 20
"""Braces in braces and names in the lines of names, both counted together."""

MOST_CHOICES = 1000
"""Choices made for one prompt."""

MOST_CHARACTERS = 10_000
"""Of a prompt while it is put together."""

JOINER = ", "
"""Stands between several that are chosen."""

Lines = Callable[[str], Sequence[str]]
"""The lines that `__name__` stands for; raises `InputError` where there are none."""

_SIGN = re.compile(
    rf"\\(?:__|[{{}}|])|{TAG.pattern}|__(?P<name>[^\s_{{}}|][^\s{{}}|]*?)__|[{{}}|]",
    re.IGNORECASE,
)
SIGNS = re.compile(r"[\\<{}|]|__")
"""A text without any of them is filled as it is."""

_COUNT = re.compile(r"\s*(\d{1,4})(?:-(\d{1,4}))?\s*\$\$")
_WEIGHT = re.compile(r"\s*(\d{0,9}\.?\d{1,9})::")


class Draws:
    """Numbers from 0 to less than 1, always the same for a seed and a setting's name."""

    def __init__(self, seed: int, name: str) -> None:
        self._start = f"sdgen.prompt\x1f{seed}\x1f{name}\x1f"
        self._made = 0

    def next(self) -> float:
        """The next one.

        Raises:
            ValueError: More were asked for than a person would write.
        """
        self._made += 1
        if self._made > MOST_CHOICES:
            raise ValueError(f"makes more than {MOST_CHOICES} choices")
        digest = hashlib.sha256(f"{self._start}{self._made}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def pick(self, weights: Sequence[float]) -> int:
        """The place of one, each as likely as it weighs; at least one weighs something."""
        at = self.next() * sum(weights)
        for place, weight in enumerate(weights):
            at -= weight
            if at < 0:
                return place
        return max(place for place, weight in enumerate(weights) if weight)  # rounding


@dataclass(frozen=True, slots=True)
class Name:
    """One of the lines that a caller has for it."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`least` to `most` of the options, in the order in which they were drawn."""

    options: tuple["Template", ...]
    weights: tuple[float, ...]
    least: int = 1
    most: int = 1
    joiner: str = JOINER


Template = tuple[str | Name | Choice, ...]


def filled(template: str, draws: Draws, lines: Lines) -> str:
    """`template` with its choices made.

    Raises:
        ValueError: It cannot be read, or becomes too large; the message goes on after the
            setting's name.
        InputError: From `lines`.
    """
    return _Filling(draws, lines).text(parse(template), 0)


def literal(text: str) -> str:
    """`text` as a template whose only reading is `text` itself."""
    return re.sub(r"__|[{}]|(?<=\\)\|", r"\\\g<0>", text)


def parse(template: str) -> Template:
    """Read the choices of a prompt.

    Raises:
        ValueError: Braces do not pair, or a number in them makes no sense.
    """
    reader = _Parser(template)
    found, end = reader.until_end(0)
    if end:
        raise ValueError(r"has a } without its {; \} is the sign itself")
    return found[0]


class _Parser:
    """Reads signs from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def until_end(self, depth: int) -> tuple[list[Template], str]:
        """The parts up to a closing brace or the end, and which it was; `|` parts in braces."""
        if depth > MOST_DEEP:
            raise ValueError(f"nests braces more than {MOST_DEEP} deep")
        parts: list[list[str | Name | Choice]] = [[]]
        while match := _SIGN.search(self._text, self._at):
            parts[-1].append(self._text[self._at : match.start()])
            self._at = match.end()
            sign = match[0]
            if sign == "}":
                return list(map(tuple, parts)), sign
            if sign == "|" and depth:
                parts.append([])
            elif sign == "{":
                parts[-1].append(self._choice(depth + 1))
            elif match["name"] is not None:
                parts[-1].append(Name(match["name"]))
            else:
                parts[-1].append(sign.removeprefix("\\"))
        parts[-1].append(self._text[self._at :])
        self._at = len(self._text)
        return list(map(tuple, parts)), ""

    def _choice(self, depth: int) -> Choice:
        start = self._at
        least, most = self._count()
        joiner = self._joiner() if self._at > start else JOINER
        options, end = self.until_end(depth)
        shown = self._shown(start)
        if not end:
            raise ValueError(rf"has a {{ that is not closed: {shown}; \{{ is the sign itself")
        weights, plain = zip(*map(_weighed, options), strict=True)
        if not least <= most <= sum(weight > 0 for weight in weights):
            raise ValueError(f"asks for more than there is, or for nothing: {shown}")
        return Choice(plain, weights, least, most, joiner)

    def _count(self) -> tuple[int, int]:
        match = _COUNT.match(self._text, self._at)
        if not match:
            return 1, 1
        self._at = match.end()
        return int(match[1]), int(match[2] or match[1])

    def _joiner(self) -> str:
        """` and ` of `{2$$ and $$a|b}`; it is text, without choices."""
        end = self._text.find("$$", self._at)
        joiner = self._text[self._at : end]
        if end < 0 or any(sign in joiner for sign in "{}|"):
            return JOINER
        self._at = end + 2
        return joiner

    def _shown(self, start: int) -> str:
        text = self._text[start - 1 : self._at]
        return text if len(text) <= 40 else f"{text[:40]}…"


def _weighed(option: Template) -> tuple[float, Template]:
    """`0.5::fox` is a fox half as likely as others."""
    first = option[0] if option else ""
    match = _WEIGHT.match(first) if isinstance(first, str) else None
    if not match or not isinstance(first, str):
        return 1.0, option
    return float(match[1]), (first[match.end() :], *option[1:])


@dataclass(frozen=True, slots=True)
class _Filling:
    draws: Draws
    lines: Lines

    def text(self, template: Template, depth: int) -> str:
        if depth > MOST_DEEP:
            raise ValueError(f"nests choices more than {MOST_DEEP} deep")
        text = ""
        for part in template:
            text += part if isinstance(part, str) else self._one(part, depth + 1)
            if len(text) > MOST_CHARACTERS:
                raise ValueError(f"becomes longer than {MOST_CHARACTERS} characters")
        return text

    def _one(self, part: Name | Choice, depth: int) -> str:
        if isinstance(part, Name):
            lines = self.lines(part.name)
            return self.text(parse(lines[self.draws.pick([1] * len(lines))]), depth)
        return part.joiner.join(self.text(option, depth) for option in self._picked(part))

    def _picked(self, choice: Choice) -> Iterator[Template]:
        """None is taken twice."""
        weights = list(choice.weights)
        count = choice.least
        if choice.most > choice.least:
            count += self.draws.pick([1] * (choice.most - choice.least + 1))
        for _ in range(count):
            place = self.draws.pick(weights)
            weights[place] = 0
            yield choice.options[place]
