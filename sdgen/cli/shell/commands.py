"""The commands of the shell: each reads the rest of its line and changes the session, or draws."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sdgen.cli.explain import explained, row
from sdgen.cli.output import Output
from sdgen.cli.shell.session import HERE, Point, Session, Shot
from sdgen.cli.shell.studio import Studio
from sdgen.cli.shell.words import (
    ALSO,
    WORDS,
    Line,
    is_free_seed,
    names_of,
    pairs,
    share,
    whole_number,
)
from sdgen.engine import Drawing
from sdgen.errors import InputError, InterruptedRunError, SdgenError, did_you_mean
from sdgen.files.configs import load_config, write_config
from sdgen.files.save import SavedPicture
from sdgen.recipe.layers import Layer, layer_from
from sdgen.recipe.seeds import DRAWN_BELOW
from sdgen.recipe.texts import shown

VARY_STRENGTH = 0.2
MORE_STRENGTH = 0.1
SEVERAL = 3
"""So many neighbours where nobody says how many."""

OF_THE_PICTURE = ("variation_seed", "variation_strength")


class LeaveError(Exception):
    """The person wants to leave the shell."""


@dataclass(slots=True)
class Shell:
    """A session, what draws for it, and where it tells."""

    session: Session
    studio: Studio
    out: Output
    _does: dict[str, Callable[[Line], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._does = {name: getattr(self, f"_{name}") for name in WORDS}

    def do(self, line: Line) -> None:
        """Do what a line says.

        Raises:
            SdgenError: It cannot be done; the session stands where it stood.
            LeaveError: It says to leave.
        """
        self._does[line.word](line)

    def _draw(self, line: Line) -> None:
        if not line.rest:
            raise InputError("draw what?", hint="draw a set of cups")
        point = self.session.now.saying(Layer(HERE, {"prompt": line.rest}))
        self._picture(point)

    def _again(self, line: Line) -> None:
        count = whole_number(line, line.rest, 1)
        self._refuse_without_prompt()
        seed = Layer("again", {"seed": secrets.randbelow(DRAWN_BELOW)})
        self._picture(self.session.now, count, over=seed)

    def _redraw(self, line: Line) -> None:
        line.nothing()
        settings = self.session.shot.settings
        noise = {name: getattr(settings, name) for name in OF_THE_PICTURE}
        under = Layer("the picture", noise if settings.variation_strength else {})
        over = Layer("the picture", {"seed": settings.seed})
        self._picture(self.session.now, under=under, over=over)

    def _vary(self, line: Line) -> None:
        first, _, second = line.rest.partition(" ")
        count = whole_number(line, first, SEVERAL)
        self._neighbours(count, share(line, second.strip(), VARY_STRENGTH))

    def _more(self, line: Line) -> None:
        rest = line.rest.removeprefix("like this").strip()
        self._neighbours(whole_number(line, rest, SEVERAL), MORE_STRENGTH)

    def _neighbours(self, count: int, strength: float) -> None:
        settings = self.session.shot.settings
        if settings.variation_strength:
            self.out.say(f"near seed {settings.seed}, of which the picture is a neighbour itself")
        over = {
            "seed": settings.seed,
            "variation_seed": secrets.randbelow(DRAWN_BELOW),
            "variation_strength": strength,
        }
        self._picture(self.session.now, count, over=Layer("vary", over))

    def _picture(
        self,
        point: Point,
        count: int = 1,
        *,
        under: Layer | None = None,
        over: Layer | None = None,
    ) -> None:
        """Draw what `point` says, and look at the last picture then."""
        layers = [*point.layers, *([over] if over else [])]
        planned = self.studio.plan(layers, [under] if under else [])
        shots = self.session.shots
        before = len(shots)

        def keep(drawing: Drawing, saved: SavedPicture) -> None:
            shots.append(Shot(saved.path, drawing.record.settings, point.layers))

        is_kept = True
        try:
            self.studio.draw(planned, count, keep)
        except SdgenError as error:
            is_kept = isinstance(error, InterruptedRunError) or len(shots) > before
            raise
        finally:
            if is_kept:
                self._look_at_the_last(point, before)
        if count > 1:
            self.out.say(f"pictures {before + 1} to {len(shots)}; use N goes on from one")

    def _look_at_the_last(self, point: Point, before: int) -> None:
        """Stand at `point`; the picture is the last that was drawn, or the one of before."""
        shots = self.session.shots
        shot = len(shots) if len(shots) > before else self.session.now.shot
        here = Point(point.layers, shot)
        if here != self.session.now:
            self.session.go(here)

    def _refuse_without_prompt(self) -> None:
        if "prompt" not in self.session.now.said:
            raise InputError("there is no prompt yet", hint="type what a picture should show")

    def _set(self, line: Line) -> None:
        if not line.rest:
            self._show_settings()
            return
        said = pairs(line)
        unseeded = [key for key, value in said.items() if is_free_seed(key, value)]
        for key in unseeded:
            del said[key]
        layer = layer_from(HERE, said, text=True)
        point = self.session.now.without(["seed"] if unseeded else [])
        self._stand(point.saying(layer), [*layer.values, *(["seed"] if unseeded else [])])

    def _stand(self, point: Point, changed: list[str]) -> None:
        """Stand at `point`, if its settings are sound, and tell what has changed."""
        planned = self.studio.looked_over(point.layers)
        self.session.go(point)
        for name in changed:
            value = shown(getattr(planned.settings, name))
            is_free = name == "seed" and "seed" not in point.said
            self.out.say(f"{name} {'another for every picture' if is_free else value or '(none)'}")
            self.out.json({"set": name, "value": None if is_free else value})

    def _unset(self, line: Line) -> None:
        if not line.rest:
            raise InputError("unset what?", hint="unset steps")
        names = [name for word in line.rest.split() for name in names_of(word)]
        point = self.session.now
        for name in names:
            if name not in point.said:
                source = self.studio.looked_over(point.layers).sources[name]
                raise InputError(f"{name} is not set here: it comes from {source}")
        self._stand(point.without(names), names)

    def _size(self, line: Line) -> None:
        self._shortcut(line, "size")

    def _negative(self, line: Line) -> None:
        layer = Layer(HERE, {"negative_prompt": line.rest})
        self._stand(self.session.now.saying(layer), ["negative_prompt"])

    def _model(self, line: Line) -> None:
        self._shortcut(line, "model")

    def _shortcut(self, line: Line, name: str) -> None:
        """`size 192x320` is `set size 192x320`."""
        if not line.rest:
            raise InputError(f"{name} lacks a value", hint="set shows what it is")
        try:
            self._set(Line("set", f"{name} {line.rest}", line.text))
        except SdgenError as error:
            error.hint = "; ".join(filter(None, [error.hint, line.as_prompt]))
            raise

    def _keep(self, line: Line) -> None:
        line.nothing()
        layer = Layer(HERE, {"seed": self.session.shot.settings.seed})
        self._stand(self.session.now.saying(layer), ["seed"])

    def _undo(self, line: Line) -> None:
        line.nothing()
        self.session.undo()
        self._tell_where()

    def _redo(self, line: Line) -> None:
        line.nothing()
        self.session.redo()
        self._tell_where()

    def _use(self, line: Line) -> None:
        if not line.rest:
            raise InputError("use which?", hint="history shows the numbers")
        self._go_to(whole_number(line, line.rest, 1))

    def _back(self, line: Line) -> None:
        steps = whole_number(line, line.rest, 1)
        self.session.shot  # noqa: B018  # there must be one
        self._go_to(self.session.now.shot - steps)

    def _go_to(self, number: int) -> None:
        shot = self.session.numbered(number)
        self.session.go(Point(shot.layers, number))
        self._tell_where()

    def _tell_where(self) -> None:
        number = self.session.now.shot
        if not number:
            self.out.say("no picture")
            return
        shot = self.session.shot
        self.out.say(f"picture {number}, seed {shot.settings.seed}: {shot.path}")

    def _history(self, line: Line) -> None:
        line.nothing()
        numbered = list(enumerate(self.session.shots, 1))
        for number, shot in numbered:
            is_here = number == self.session.now.shot
            self.out.json({"number": number, "image": str(shot.path), "here": is_here,
                           "settings": shot.settings.model_dump()})  # fmt: skip
        rows = [
            (f"{'*' if number == self.session.now.shot else ' '}{number}", *shot.row)
            for number, shot in numbered
        ]
        self.out.table(rows, (" nr", "seed", "steps", "size", "prompt", "file"))

    def _show(self, line: Line) -> None:
        from sdgen.cli.show import show

        line.nothing()
        show([self.session.shot.path], as_json=self.out.as_json)

    def _open(self, line: Line) -> None:
        line.nothing()
        self.out.result(str(self.session.shot.path))
        self.out.json({"image": str(self.session.shot.path)})

    def _show_settings(self) -> None:
        lines = explained(self.studio.looked_over(self.session.now.layers))
        for name, value, source in lines:
            self.out.json({"name": name, "value": value, "source": source})
        self.out.table(map(row, lines), ("setting", "value", "from"))

    def _save(self, line: Line) -> None:
        if not line.rest:
            raise InputError("save under which name?", hint="save night, or save night.yaml")
        layers = [*self.studio.base, *self.session.now.layers]
        said = Point(tuple(layers)).said
        prompt = said.pop("prompt", None)
        if not said:
            raise InputError("there is nothing to save: no setting was said")
        path = write_config(line.rest, said, f"as it drew {prompt}" if prompt else "")
        self.out.result(str(path))
        self.out.json({"config": str(path)})

    def _load(self, line: Line) -> None:
        if not line.rest:
            raise InputError("load which config?", hint="load portrait, or load night.yaml")
        layer = load_config(line.rest)
        self._stand(self.session.now.saying(layer), list(layer.values))

    def _help(self, line: Line) -> None:
        name = ALSO.get(line.rest, line.rest)
        if name and name not in WORDS:
            raise InputError(f"no command {name!r}", hint=did_you_mean(name, WORDS))
        rows = [(word.usage, word.summary) for word in WORDS.values() if name in ("", word.name)]
        for usage, summary in rows:
            self.out.json({"usage": usage, "summary": summary})
        self.out.table(rows)
        if not name:
            self.out.say('Any other line is a prompt, and draws; so do words in "quotes".')

    def _quit(self, line: Line) -> None:
        line.nothing()
        raise LeaveError
