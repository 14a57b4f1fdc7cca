"""What a picture shows, as plain facts: every one of them can be said in a caption."""

import hashlib
from dataclasses import dataclass, replace

NONE = "none"
HELD_OUT_SHARE = 0.03
_HELD_OUT_SALT = "storybook-7"


@dataclass(frozen=True)
class Thing:
    """An object beside the main subject, or the main subject of a scene without figures."""

    name: str
    colour: str = NONE
    count: int = 1
    held: bool = False


@dataclass(frozen=True)
class Scene:
    """Everything that a caption may speak of. ``"none"`` stands for what is not there.

    ``width`` and ``height`` are pixels. ``subject`` is a species ("girl", "cat", …); ``clothing``
    and ``colour`` are the kind and colour of a person's clothes; an animal or robot has clothing
    "none", and ``colour`` is its own. For posters, motifs and patterns ``theme`` names what is
    shown and ``colour`` the colour of the background.
    """

    width: int = 256
    height: int = 256
    kind: str = "scene"
    place: str = NONE
    time: str = NONE
    weather: str = NONE
    style: str = "flat"
    mood: str = NONE
    season: str = NONE
    subject: str = NONE
    count: int = 1
    hair: str = NONE
    hair_style: str = NONE
    clothing: str = NONE
    colour: str = NONE
    accessory: str = NONE
    companion: str = NONE
    companion_colour: str = NONE
    position: str = "center"
    distance: str = "near"
    objects: tuple[Thing, ...] = ()
    theme: str = NONE
    view: str = NONE

    @property
    def hero(self) -> Thing | None:
        """The thing that a scene without figures is about, if any."""
        return self.objects[0] if self.objects and self.subject == NONE else None

    def without(self, **changes: object) -> "Scene":
        """A copy with some facts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def is_held_out(scene: Scene) -> bool:
    """Whether training must never show this (subject, place, time, colour): a stable 3 %."""
    if scene.kind not in ("scene", "panorama") or scene.subject == NONE:
        return False
    text = "|".join((_HELD_OUT_SALT, scene.subject, scene.place, scene.time, scene.colour))
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") < HELD_OUT_SHARE * 2**32


def attributes(scene: Scene) -> dict[str, str]:
    """Flat labels for the evaluation's classifier; ``"none"`` where there is nothing."""
    person = scene.clothing != NONE
    first = scene.objects[0] if scene.objects else Thing(NONE)
    second = scene.objects[1] if len(scene.objects) > 1 else Thing(NONE)
    figure = scene.subject != NONE
    return {
        "kind": scene.kind,
        "place": scene.place,
        "time": scene.time,
        "weather": scene.weather,
        "style": scene.style,
        "mood": scene.mood,
        "season": scene.season,
        "subject": scene.subject,
        "count": str(scene.count) if figure else NONE,
        "clothing": scene.clothing,
        "clothing_colour": scene.colour if person else NONE,
        "animal_colour": scene.colour if figure and not person else NONE,
        "hair": scene.hair,
        "hair_style": scene.hair_style,
        "accessory": scene.accessory,
        "companion": scene.companion,
        "position": scene.position if figure or first.name != NONE else NONE,
        "distance": scene.distance if figure else NONE,
        "object": first.name,
        "object_colour": first.colour,
        "object_count": str(first.count) if first.name != NONE else NONE,
        "object2": second.name,
        "theme": scene.theme,
        "view": scene.view,
    }
