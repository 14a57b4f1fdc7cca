"""What people wear: legs, torso and arms for every kind of clothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from world.draw.palette import darker, lighter
from world.draw.pen import Pen, Point
from world.scene import Scene

if TYPE_CHECKING:
    from world.draw.people import Body

LONG = ("dress", "robe")
PUFFY = ("space suit", "armour")


def legs(pen: Pen, body: Body, scene: Scene) -> None:
    """Legs and shoes; trousers where the clothes have them."""
    rng, kind = pen.rng, scene.clothing
    colour = {"dress": body.skin, "robe": body.skin, "skirt": body.skin}.get(kind, body.other)
    if kind in ("overalls", "suit", "space suit"):
        colour = body.cloth
    if kind == "armour":
        colour = "#9aa2ae"
    spread = body.half * rng.uniform(0.42, 0.62)
    step = rng.choice((0, 0, 0, 6, 10))
    width = body.limb * (1.25 if kind not in ("dress", "skirt", "robe") else 1)
    short = kind == "shirt" and scene.subject in ("boy", "girl") and rng.random() < 0.4
    for side in (-1, 1):
        foot = side * (spread + step * 0.5), -3 - (step * 0.4 if side > 0 else 0)
        hip = side * spread * 0.8, body.hip
        if short:
            pen.line([hip, foot], body.skin, width * 0.85)
            knee = ((hip[0] + foot[0]) / 2, body.hip * 0.52)
            pen.line([hip, knee], colour, width * 1.35)
        else:
            pen.line([hip, foot], colour, width)
        pen.ellipse((foot[0] + side * 2, -2.5), 6 if kind not in PUFFY else 7.5, 3.8, body.shoes)


def arm(pen: Pen, body: Body, scene: Scene, side_hand: tuple[int, Point]) -> None:
    """An arm from the shoulder over a soft elbow to the hand."""
    side, hand = side_hand
    kind = scene.clothing
    start = side * (body.half - 1.5), body.shoulder + 4
    elbow = (start[0] + hand[0]) / 2 + side * 3.5, (start[1] + hand[1]) / 2 + 1
    bare = kind in ("dress", "shirt") and scene.subject != "baby"
    sleeve = {"overalls": body.other, "skirt": body.other, "armour": "#b4bcc6"}.get(
        kind, body.cloth
    )
    width = body.limb * {"robe": 1.7, "coat": 1.4, "space suit": 1.6, "sweater": 1.35}.get(
        kind, 1.1
    )
    if bare:
        pen.line([start, elbow, hand], body.skin, body.limb * 0.9)
        upper = (start[0] * 0.55 + elbow[0] * 0.45, start[1] * 0.55 + elbow[1] * 0.45)
        pen.line([start, upper], sleeve, width * 1.15)
    else:
        pen.line([start, elbow, hand], darker(sleeve, 0.06), width)
    pen.circle(*hand, body.limb * 0.55, body.skin if kind != "space suit" else lighter(sleeve))


def torso(pen: Pen, body: Body, scene: Scene) -> None:
    """The clothes on the body."""
    KINDS.get(scene.clothing, _shirt)(pen, body)


def _trunk(pen: Pen, body: Body, low: float, flare: float, colour: str) -> None:
    half, top = body.half, body.shoulder
    pen.path(
        f"M{-half * 0.55:.1f} {top - 1:.1f}Q{-half:.1f} {top:.1f} {-half:.1f} {top + 6:.1f}"
        f"L{-half * flare:.1f} {low:.1f}Q0 {low + 3:.1f} {half * flare:.1f} {low:.1f}"
        f"L{half:.1f} {top + 6:.1f}Q{half:.1f} {top:.1f} {half * 0.55:.1f} {top - 1:.1f}Z",
        colour,
    )


def _skirt(pen: Pen, body: Body, top: float, hem: float, wide: float) -> None:
    half = body.half
    sway = pen.rng.uniform(-3, 3)
    pen.path(
        f"M{-half * 0.8:.1f} {top:.1f}Q{-half * 1.1:.1f} {(top + hem) / 2:.1f} "
        f"{-wide + sway:.1f} {hem:.1f}"
        f"Q{-wide * 0.5 + sway:.1f} {hem + 4:.1f} {sway:.1f} {hem + 1:.1f}"
        f"Q{wide * 0.5 + sway:.1f} {hem + 4:.1f} {wide + sway:.1f} {hem:.1f}"
        f"Q{half * 1.1:.1f} {(top + hem) / 2:.1f} {half * 0.8:.1f} {top:.1f}Z",
        body.cloth,
    )
    shade = darker(body.cloth, 0.13)
    for share in (-0.35, 0.3):
        x = wide * share + sway
        pen.path(
            f"M{half * share:.1f} {top + 5:.1f}L{x - 3:.1f} {hem:.1f}L{x + 3:.1f} {hem:.1f}Z",
            shade,
            line=False,
        )


def _dress(pen: Pen, body: Body) -> None:
    rng = pen.rng
    hem = body.hip * rng.uniform(0.2, 0.52)
    _skirt(pen, body, body.waist, hem, body.half * rng.uniform(2.0, 2.7))
    _trunk(pen, body, body.waist + 1, 0.8, body.cloth)
    if rng.random() < 0.6:
        pen.rect(
            (-body.half * 0.84, body.waist - 2, body.half * 1.68, 4.5, 2),
            darker(body.cloth, 0.3),
            line=False,
        )


def _skirt_and_top(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.waist + 2, 0.85, body.other)
    _skirt(
        pen,
        body,
        body.waist,
        body.hip * pen.rng.uniform(0.45, 0.6),
        body.half * pen.rng.uniform(1.7, 2.2),
    )


def _shirt(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.hip + 3, 0.98, body.cloth)
    if pen.rng.random() < 0.35:
        y = (body.shoulder + body.hip) / 2
        pen.rect(
            (-body.half * 0.95, y - 3, body.half * 1.9, 6), lighter(body.cloth, 0.4), line=False
        )


def _sweater(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.hip + 4, 1.12, body.cloth)
    shade = darker(body.cloth, 0.16)
    pen.rect((-body.half * 1.1, body.hip, body.half * 2.2, 5, 2), shade, line=False)
    pen.rect((-6, body.shoulder - 4, 12, 6, 3), shade)
    for i in range(2):
        y = body.shoulder + 9 + i * 8
        pen.rect((-body.half * 0.95, y, body.half * 1.9, 3), lighter(body.cloth, 0.3), line=False)


def _coat(pen: Pen, body: Body) -> None:
    low = body.hip * pen.rng.uniform(0.4, 0.6)
    _trunk(pen, body, low, 1.4, body.cloth)
    pen.rect(
        (-1, body.shoulder + 4, 2.2, low - body.shoulder - 4), darker(body.cloth, 0.3), line=False
    )
    for i in range(3):
        pen.circle(4.5, body.shoulder + 11 + i * 9, 1.7, "#f6e7bd", line=False)
    pen.path(
        f"M-7 {body.shoulder - 3}L0 {body.shoulder + 7}L7 {body.shoulder - 3}Z",
        lighter(body.cloth, 0.35),
    )


def _robe(pen: Pen, body: Body) -> None:
    _trunk(pen, body, -3, pen.rng.uniform(1.7, 2.1), body.cloth)
    shade = darker(body.cloth, 0.18)
    pen.path(f"M-2 {body.waist}L-9 -3L9 -3L2 {body.waist}Z", shade, line=False)
    pen.rect((-body.half * 1.1, body.waist - 2, body.half * 2.2, 5, 2), "#e9c766")


def _overalls(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.waist + 3, 0.95, body.other)
    top = body.shoulder + 9
    pen.path(
        f"M{-body.half * 0.62:.1f} {top}H{body.half * 0.62:.1f}L{body.half:.1f} "
        f"{body.waist - 1}V{body.hip + 6}"
        f"H{-body.half:.1f}V{body.waist - 1}Z",
        body.cloth,
    )
    for side in (-1, 1):
        x = side * body.half * 0.55
        pen.line([(x, body.shoulder + 1), (x, top + 3)], body.cloth, 3.6, line=False)
    pen.rect((-5, top + 5, 10, 7, 2), darker(body.cloth, 0.18), line=False)


def _suit(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.hip + 7, 1.05, body.cloth)
    top = body.shoulder
    pen.poly([(-6.5, top - 1), (0, top + 17), (6.5, top - 1)], "#fdfaf2", line=False)
    tie = "#b53a3a" if body.cloth[1] < "9" else "#3a4a7a"
    pen.poly([(-2.4, top + 1), (0, top + 14), (2.4, top + 1)], tie, line=False)
    pen.circle(0, top + 21, 1.7, lighter(body.cloth, 0.5), line=False)


def _armour(pen: Pen, body: Body) -> None:
    _trunk(pen, body, body.hip + 6, 1.05, "#b4bcc6")
    pen.poly(
        [(-7, body.shoulder + 3), (7, body.shoulder + 3), (9, body.hip + 14), (-9, body.hip + 14)],
        body.cloth,
    )
    pen.circle(0, body.shoulder + 14, 3.4, "#f4d56a", line=False)
    for side in (-1, 1):
        pen.circle(side * body.half, body.shoulder + 4, 5.5, "#cdd4dc")


def _space_suit(pen: Pen, body: Body) -> None:
    pen.rect(
        (-body.half - 5, body.shoulder - 2, body.half * 2 + 10, 24, 6), darker(body.cloth, 0.25)
    )
    _trunk(pen, body, body.hip + 6, 1.15, body.cloth)
    pen.rect((-7, body.shoulder + 9, 14, 10, 2), "#5a6a85")
    pen.circle(-3, body.shoulder + 14, 1.9, "#f0604a", line=False)
    pen.circle(3, body.shoulder + 14, 1.9, "#6ad08a", line=False)


KINDS: dict[str, Callable[[Pen, Body], None]] = {
    "dress": _dress,
    "skirt": _skirt_and_top,
    "shirt": _shirt,
    "sweater": _sweater,
    "coat": _coat,
    "robe": _robe,
    "overalls": _overalls,
    "suit": _suit,
    "armour": _armour,
    "space suit": _space_suit,
}
