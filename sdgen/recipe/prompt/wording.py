"""From the prompts as they were written to the ones that are drawn: styles, then choices."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer, resolve
from sdgen.recipe.prompt.choices import MOST_CHARACTERS, SIGNS, Draws, Lines, filled
from sdgen.recipe.prompt.loras import lora_tags
from sdgen.recipe.prompt.styles import Style, with_styles
from sdgen.recipe.settings import PROMPTS, Settings

FindStyles = Callable[[Sequence[str]], tuple[Style, ...]]


def no_lines(name: str) -> Sequence[str]:
    """Stands where there is no folder of wildcards.

    Raises:
        InputError: Always.
    """
    raise InputError(f"there is no wildcard {name!r}", hint="say where it is: --wildcards FOLDER")


@dataclass(frozen=True, slots=True)
class Written:
    """The prompts of a picture as they were written, where others are drawn, and the styles."""

    prompt: str
    negative_prompt: str
    styles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What prompts are put together from beside themselves: styles, and lines for names."""

    styles: tuple[Style, ...] = ()
    lines: Lines = no_lines
    table: FindStyles | None = None
    """Where further styles are found by their names; None is the usual place."""

    def within(self, styles: Sequence[Style], lines: Lines | None = None) -> "Wording":
        """The same with `styles` around the others, and with `lines` in place of its own."""
        if not styles and lines is None:
            return self
        return replace(self, styles=(*self.styles, *styles), lines=lines or self.lines)

    def worded(
        self, settings: Settings, names: Iterable[str] = PROMPTS
    ) -> tuple[Settings, Written | None]:
        """`settings` with the prompts that are drawn; None says that they are as they were written.

        Args:
            settings: Of one picture, with its seed. Plain prompts have no choices.
            names: The prompts to put together.

        Raises:
            InputError: A prompt cannot be, or cannot be drawn then.
        """
        texts = {name: self._text(settings, name) for name in names}
        if all(text == getattr(settings, name) for name, text in texts.items()):
            return settings, None
        if lora_tags(texts.get("prompt", settings.prompt))[1] != lora_tags(settings.prompt)[1]:
            raise InputError("LoRA tags cannot come from choices or styles", hint="use --lora")
        source = f"put together for seed {settings.seed}"
        found = resolve([Layer(source, {**settings.model_dump(), **texts})]).settings
        styles = tuple(style.name for style in self.styles)
        return found, Written(settings.prompt, settings.negative_prompt, styles)

    def _text(self, settings: Settings, name: str) -> str:
        styled = with_styles(getattr(settings, name), (getattr(each, name) for each in self.styles))
        if settings.prompt_syntax == "plain":
            return styled
        if len(styled) <= MOST_CHARACTERS and not SIGNS.search(styled):
            return styled  # most prompts of a large file
        try:
            return filled(styled, Draws(settings.seed, name), self.lines)
        except ValueError as error:
            raise InputError(f"{name} {error}") from None
        except InputError as error:
            raise InputError(f"{name}: {error}", hint=error.hint) from None


AS_WRITTEN = Wording()
