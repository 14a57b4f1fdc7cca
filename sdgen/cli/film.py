"""`sdgen film PROMPT`: how the picture came out of the noise, and where the model looked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from sdgen.api import plan_picture
from sdgen.cli.drawing import draw_one, report, save, steps
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.options import (
    Configs,
    Device,
    Json,
    LoraDirs,
    Offload,
    Overwrite,
    Quiet,
    with_settings,
)  # fmt: skip
from sdgen.cli.output import Output
from sdgen.cli.output import display as safe
from sdgen.cli.progress import open_display
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.cli.target import Target, refuse_picture
from sdgen.cli.wording import StyleNames, StylesFile, WildcardFolder
from sdgen.engine import OnStep
from sdgen.engine.watch import Glimpse, Watch
from sdgen.errors import InputError, with_hint
from sdgen.files.names import file_stem
from sdgen.files.names import words as name_words
from sdgen.files.wording import wording_of
from sdgen.files.write import publish
from sdgen.models.capabilities import check_ability
from sdgen.models.finding import Search
from sdgen.models.resolve import Plan
from sdgen.models.words import known_words, places_of, seen_words
from sdgen.recipe.layers import Layer
from sdgen.recipe.passes import hires_size, steps_drawn
from sdgen.recipe.post import enlarged_size
from sdgen.recipe.prompt.weights import parse
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop

if TYPE_CHECKING:
    from PIL import Image

    from sdgen.gallery.film import Motion

FilmFolder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="Else outputs/NAME-film."),
]
As = Annotated[
    list[str],
    typer.Option(
        "--as", metavar="gif|webp|mp4|none", help="Moving picture; repeatable; else webp."
    ),
]
Words = Annotated[
    list[str],
    typer.Option(
        "--word", metavar="TEXT",
        help="Map this word of the prompt, or several in a row; repeatable; else each word.",
    ),
]  # fmt: skip
STEPS_HINT = "a smaller --shown, or fewer --frames"
WORDS_HINT = "a smaller --shown, or fewer words, with --word"
"""Where a strip would be too large."""

NoWords = Annotated[bool, typer.Option("--no-words", help="Make no maps of words.")]
Frames = Annotated[
    int, typer.Option("--frames", min=2, max=24, metavar="N", help="Steps on the strip.")
]
Size = Annotated[
    int,
    typer.Option("--shown", min=64, max=1024, metavar="PIXELS", help="Longest side on the strips."),
]


@with_settings(prompt=True)
def film(
    *,
    flags: Layer,
    motion: As = [],
    word: Words = [],
    no_words: NoWords = False,
    frames: Frames = 8,
    shown: Size = 256,
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    device: Device = "auto",
    offload: Offload = "auto",
    output: FilmFolder = None,
    overwrite: Overwrite = False,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw PROMPT and show how: the steps as a strip and as a film, and a map for each word.

    The picture is the same as without. A map shows where the model looked for the word.
    """
    out = Output(as_json=json, quiet=quiet)
    kinds = _kinds(motion)
    if no_words and word:
        raise InputError("--no-words contradicts --word")
    lock = open_lock(locked=locked, path=lock_file)
    planned = plan_picture(with_stdin_prompt(flags), config, Search(lora_dir))
    check_locked(lock, [planned.model])
    settings, written = wording_of(wildcards, style, styles_file, config).worded(planned.settings)
    if word:
        check_ability("word maps", "--word", planned.model)
    maps_words = not no_words and "word maps" in planned.model.family.can
    sought = _sought(settings, planned, word) if maps_words else []
    folder = output or Path("outputs") / f"{file_stem(settings)}-film"
    refuse_picture(folder, "a film")
    _check_strips(settings, len(sought), frames, shown)
    target = Target(folder, "png", "picture", ".png", overwrite).checked(1)
    with stop_on_signals() as stop, open_display(out) as display:
        reel = Reel(steps(display, stop), words=sought)
        plan = replace(planned, settings=settings)
        drawing, seconds = draw_one((plan, written), device, out, display, reel, offload)
        report(out, drawing, save(drawing, 0, target), seconds)
        display.picture("developing the film")
        _Developed(drawing.image, reel, frames, shown, stop).write(kinds, target, out)


class Reel(Watch):
    """Keeps what was seen at each step."""

    def __init__(self, on_step: OnStep, *, words: Sequence[str] = ()) -> None:
        super().__init__(on_step, words=words)
        self.seen: list[Glimpse] = []

    def __call__(self, done: int, total: int) -> None:
        """Keep the step; a picture that is begun again, in another way, begins a new film."""
        if done == 1:
            self.seen.clear()
        if self.glimpse is not None:
            self.seen.append(self.glimpse)
        super().__call__(done, total)


def _kinds(motion: Sequence[str]) -> "list[Motion]":
    from sdgen.gallery.film import Motion

    known = get_args(Motion)
    wanted = [kind.lower() for kind in motion] or ["webp"]
    if wrong := next((kind for kind in wanted if kind not in (*known, "none")), None):
        raise InputError(f"unknown --as {wrong!r}", hint="gif, webp, mp4 or none")
    if "mp4" in wanted:
        _check_mp4()
    return [kind for kind in known if kind in wanted]


def _check_mp4() -> None:
    """Tell before the work that the library for it is missing."""
    from importlib.util import find_spec

    if find_spec("av") is None:
        from sdgen.gallery.film import without_pyav

        raise without_pyav()


def _check_strips(settings: Settings, words: int, frames: int, shown: int) -> None:
    """Tell before the work that a strip would be too large.

    Raises:
        InputError: It would be.
    """
    from sdgen.gallery.film import check_steps, check_words

    size = hires_size(settings)
    with with_hint(STEPS_HINT):
        check_steps(min(frames, steps_drawn(settings)), size, shown)
    with with_hint(WORDS_HINT):
        check_words(words, enlarged_size(size, settings.post), shown)


def plain_text(settings: Settings) -> str:
    """The words of the prompt, without weights and the signs for them."""
    if settings.prompt_syntax == "plain":
        return settings.prompt
    return "\n".join("".join(span.text for span in part) for part in parse(settings.prompt))


def _sought(settings: Settings, planned: Plan, asked: Sequence[str]) -> list[str]:
    """The words to map.

    Raises:
        InputError: One that was asked for is not in the prompt.
    """
    text = plain_text(settings)
    for word in asked:
        if not places_of(word, text):
            raise InputError(f"--word: {word!r} is not in the prompt")
    return list(asked) or seen_words(text, known_words(planned.model.folder))


@dataclass(frozen=True, slots=True)
class _Developed:
    """The files of a film, beside the picture."""

    picture: "Image.Image"
    reel: Reel
    frames: int
    shown: int
    stop: Stop
    _done: dict[tuple[int, bool], "Image.Image"] = field(default_factory=dict)

    def write(self, kinds: "Sequence[Motion]", target: Target, out: Output) -> None:
        """Write the strip of steps, the moving pictures, and the words."""
        from sdgen.gallery.film import moving, overlaid, word_strip

        if self.reel.seen:
            self._publish("steps.png", self._steps(), target, out)
        if kinds and self.reel.seen:
            film = [self._developed(at, guess=False) for at in range(len(self.reel.seen))]
            for kind in kinds:
                self._put(f"film.{kind}", moving([*film, self.picture], kind), target, out)
        if not self.reel.maps:
            return
        with with_hint(WORDS_HINT):
            strip = word_strip(self.picture, self.reel.maps, self.shown)
        self._publish("words.png", strip, target, out)
        for number, (word, heat) in enumerate(self.reel.maps, 1):
            name = f"words/{number:02}-{name_words(word) or 'word'}.png"
            self._publish(name, overlaid(self.picture, heat), target, out)

    def _steps(self) -> "Image.Image":
        from sdgen.gallery.film import chosen, step_strip

        picked = chosen(len(self.reel.seen), self.frames)
        noises = [self._developed(at, guess=False) for at in picked]
        guesses = [self._developed(at, guess=True) for at in picked]
        names = [f"step {at + 1} of {len(self.reel.seen)}" for at in picked]
        with with_hint(STEPS_HINT):
            return step_strip(noises, guesses, names, self.shown)

    def _developed(self, at: int, *, guess: bool) -> "Image.Image":
        """Step `at`, decoded once."""
        if (at, guess) not in self._done:
            self.stop.check()
            self._done[at, guess] = self.reel.seen[at].whole(guess=guess)
        return self._done[at, guess]

    def _publish(self, name: str, image: "Image.Image", target: Target, out: Output) -> None:
        from sdgen.files.sheets import encode_sheet

        self._put(name, encode_sheet(image, "film", {}, "png"), target, out)

    def _put(self, name: str, data: bytes, target: Target, out: Output) -> None:
        path = publish(data, target.folder / name, overwrite=target.overwrite)
        out.result(safe(str(path)))
        out.json({"film": name.partition(".")[0].partition("/")[0], "file": str(path)})
