"""Heads: face, hair, hats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen
from world.scene import Scene

if TYPE_CHECKING:
    from world.draw.people import Body

EYE = "#2a2030"


def eyes(pen: Pen, x: float, y: float, gap: float, r: float) -> None:
    """Two big eyes with a glint, ``gap`` from the middle each; now and then closed in a smile."""
    if pen.rng.random() < 0.06:
        for side in (-1, 1):
            at = x + side * gap
            pen.line(
                [(at - r, y + r * 0.4), (at, y - r * 0.5), (at + r, y + r * 0.4)],
                EYE,
                r * 0.75,
                line=False,
            )
        return
    for side in (-1, 1):
        pen.ellipse((x + side * gap, y), r * 0.9, r * 1.15, EYE, line=False)
        pen.circle(x + side * gap + r * 0.3, y - r * 0.4, r * 0.36, "#ffffff", raw=True)


def face(pen: Pen, body: Body, turn: float) -> None:
    """Eyes, brows, cheeks, nose and mouth on a head of radius ``body.head``."""
    rng, r, y = pen.rng, body.head, body.head_y
    x = turn * r * 1.6
    eyes(pen, x, y + r * 0.1, r * 0.4, r * 0.178)
    blush = mix(body.skin, "#f0505a", 0.32)
    for side in (-1, 1):
        pen.ellipse((x + side * r * 0.6, y + r * 0.42), r * 0.17, r * 0.12, blush, line=False)
    mouth = darker(mix(body.skin, "#a02a3a", 0.6), 0.25)
    wide = r * rng.uniform(0.16, 0.27)
    at = y + r * 0.52
    if rng.random() < 0.25:
        pen.path(
            f"M{x - wide:.1f} {at:.1f}Q{x:.1f} {at + wide * 2:.1f} {x + wide:.1f} {at:.1f}Z",
            mouth,
            line=False,
        )
    else:
        pen.line([(x - wide, at), (x, at + wide * 0.6), (x + wide, at)], mouth, r * 0.1, line=False)


def head(pen: Pen, body: Body, scene: Scene, hair: str, turn: float) -> None:
    """The whole head with its hair and what is worn on it."""
    r, y = body.head, body.head_y
    for side in (-1, 1):
        pen.circle(side * r * 0.97, y + r * 0.12, r * 0.2, body.skin)
    pen.ellipse((0, y), r, r * 0.98, body.skin)
    if scene.subject in ("old man", "wizard"):
        _beard(pen, body, hair, long=scene.subject == "wizard")
    face(pen, body, turn)
    if scene.hair_style != "bald":
        front_hair(pen, body, scene.hair_style, hair, turn)
    if scene.accessory == "glasses":
        _glasses(pen, body, turn)
    _headgear(pen, body, scene)


def _beard(pen: Pen, body: Body, hair: str, long: bool) -> None:
    r, y = body.head, body.head_y
    low = y + r * (2.3 if long else 1.45)
    pen.path(
        f"M{-r:.1f} {y + r * 0.1:.1f}Q{-r * 0.9:.1f} {low:.1f} 0 {low:.1f}Q{r * 0.9:.1f} "
        f"{low:.1f} {r:.1f} {y + r * 0.1:.1f}"
        f"Q{r * 0.6:.1f} {y + r * 0.45:.1f} 0 {y + r * 0.36:.1f}Q{-r * 0.6:.1f} "
        f"{y + r * 0.45:.1f} {-r:.1f} {y + r * 0.1:.1f}Z",
        hair,
    )


def back_hair(pen: Pen, body: Body, style: str, hair: str) -> None:
    """What of the hair is behind the head."""
    rng, r, y = pen.rng, body.head, body.head_y
    shade = darker(hair, 0.1)
    if style == "long":
        low = y + r * rng.uniform(1.5, 2.6)
        out = r * rng.uniform(1.15, 1.4)
        pen.path(
            f"M{-r:.1f} {y:.1f}Q{-out:.1f} {y + r:.1f} {-out:.1f} {low:.1f}Q0 "
            f"{low + r * 0.35:.1f} {out:.1f} {low:.1f}"
            f"Q{out:.1f} {y + r:.1f} {r:.1f} {y:.1f}Q0 {y - r * 2:.1f} {-r:.1f} {y:.1f}Z",
            shade,
        )
    elif style == "pigtails":
        for side in (-1, 1):
            pen.ellipse((side * r * 1.28, y + r * 0.75), r * 0.36, r * 0.8, shade, rot=-12 * side)
            pen.circle(side * r * 1.12, y + r * 0.1, r * 0.17, "#f0607a", line=False)
    elif style == "ponytail":
        side = rng.choice((-1, 1))
        pen.ellipse((side * r * 1.15, y + r * 0.35), r * 0.4, r * 1.05, shade, rot=-24 * side)
    elif style == "bun":
        pen.circle(rng.uniform(-2, 2), y - r * 1.12, r * 0.46, shade)
    elif style == "curly":
        for dx, dy in (
            (-0.9, -0.4),
            (0.9, -0.4),
            (-1.05, 0.25),
            (1.05, 0.25),
            (-0.45, -0.95),
            (0.45, -0.95),
        ):
            pen.circle(dx * r, y + dy * r, r * 0.46, shade)


def front_hair(pen: Pen, body: Body, style: str, hair: str, turn: float) -> None:
    """The cap of hair and its fringe."""
    rng, r, y = pen.rng, body.head, body.head_y
    out = r * 1.07
    low = y + r * rng.uniform(-0.08, 0.12)
    cut = rng.random()
    if cut < 0.35:
        x = rng.choice((-0.4, 0.4)) * r + turn * r
        fringe = (
            f"Q{r * 0.75:.1f} {y - r * 0.45:.1f} {x:.1f} {y - r * 0.62:.1f}Q{-r * 0.6:.1f} "
            f"{y - r * 0.35:.1f} {-out:.1f} {low:.1f}Z"
        )
    elif cut < 0.7:
        fringe = (
            f"Q{r * 0.86:.1f} {y - r * 0.3:.1f} {r * 0.55:.1f} {y - r * 0.26:.1f}Q0 "
            f"{y - r * 0.44:.1f} {-r * 0.55:.1f} {y - r * 0.26:.1f}Q{-r * 0.86:.1f} "
            f"{y - r * 0.3:.1f} {-out:.1f} {low:.1f}Z"
        )
    else:
        fringe = (
            f"Q{r * 0.6:.1f} {y - r * 0.75:.1f} 0 {y - r * 0.5:.1f}Q{-r * 0.6:.1f} "
            f"{y - r * 0.75:.1f} {-out:.1f} {low:.1f}Z"
        )
    pen.path(
        f"M{-out:.1f} {low:.1f}A{out:.1f} {r * 1.12:.1f} 0 0 1 {out:.1f} {low:.1f}{fringe}", hair
    )
    pen.line(
        [(-r * 0.5, y - r * 0.8), (-r * 0.1, y - r * 0.93), (r * 0.3, y - r * 0.9)],
        lighter(hair, 0.25),
        r * 0.13,
        line=False,
    )
    if style == "curly":
        for dx in (-0.6, -0.05, 0.55):
            pen.circle(dx * r, y - r * 0.72, r * 0.34, hair, line=False)


def _glasses(pen: Pen, body: Body, turn: float) -> None:
    r, y = body.head, body.head_y + body.head * 0.1
    for side in (-1, 1):
        x = turn * r * 1.6 + side * r * 0.4
        pen.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r * 0.31:.1f}" fill="none" '
            f'stroke="#3a2f38" stroke-width="{r * 0.1:.1f}"/>'
        )


def _headgear(pen: Pen, body: Body, scene: Scene) -> None:
    if scene.subject == "wizard":
        _wizard_hat(pen, body)
    elif scene.clothing == "space suit":
        _helmet(pen, body)
    elif scene.clothing == "armour":
        _knight_helmet(pen, body)
    elif scene.accessory == "crown":
        _crown(pen, body)
    elif scene.accessory == "hat":
        _hat(pen, body)
    if scene.accessory == "scarf":
        _scarf(pen, body)


def _crown(pen: Pen, body: Body) -> None:
    r, y = body.head, body.head_y
    base, top = y - r * 0.78, y - r * 1.45
    pen.poly(
        [
            (-r * 0.62, base),
            (-r * 0.72, top),
            (-r * 0.32, base - r * 0.3),
            (0, top - r * 0.12),
            (r * 0.32, base - r * 0.3),
            (r * 0.72, top),
            (r * 0.62, base),
        ],
        "#f7c83a",
    )
    pen.circle(0, base - r * 0.17, r * 0.13, "#d9404a", line=False)


def _hat(pen: Pen, body: Body) -> None:
    rng, r, y = pen.rng, body.head, body.head_y - body.head * 0.5
    straw = jitter(rng, rng.choice(("#f0cf86", "#e8d9b0", "#b5825a", "#5a6a8a", "#c8554a")), 0.03)
    pen.path(
        (
            f"M{-r * 0.85:.1f} {y:.1f}Q{-r * 0.8:.1f} {y - r * 0.95:.1f} 0 {y - r * 0.95:.1f}"
            f"Q{r * 0.8:.1f} {y - r * 0.95:.1f} {r * 0.85:.1f} {y:.1f}Z"
        ),
        straw,
    )
    pen.ellipse((0, y), r * 1.55, r * 0.27, lighter(straw, 0.12))
    pen.rect((-r * 0.83, y - r * 0.36, r * 1.66, r * 0.22), darker(straw, 0.35), line=False)


def _wizard_hat(pen: Pen, body: Body) -> None:
    r, y = body.head, body.head_y - body.head * 0.45
    lean = pen.rng.uniform(-0.6, 0.6) * r
    colour = darker(body.cloth, 0.12)
    pen.path(
        (
            f"M{-r * 0.95:.1f} {y:.1f}Q{-r * 0.3:.1f} {y - r * 0.9:.1f} {lean:.1f} "
            f"{y - r * 2:.1f}Q{r * 0.5:.1f} {y - r * 0.8:.1f} {r * 0.95:.1f} {y:.1f}Z"
        ),
        colour,
    )
    pen.ellipse((0, y), r * 1.5, r * 0.26, colour)
    pen.circle(lean * 0.3, y - r * 0.75, r * 0.17, "#ffe27a", line=False)


def _helmet(pen: Pen, body: Body) -> None:
    r, y = body.head * 1.42, body.head_y
    pen.circle(0, y, r, "#dff2ff", a=0.14, raw=True)
    pen.parts.append(
        f'<circle cx="0" cy="{y:.1f}" r="{r:.1f}" fill="none" '
        f'stroke="{pen.tint("#f4f7fa")}" stroke-width="2.6"/>'
    )
    pen.line([(-r * 0.62, y - r * 0.45), (-r * 0.35, y - r * 0.72)], "#ffffff", 3, a=0.9, raw=True)
    pen.rect((-r * 0.8, y + r * 0.82, r * 1.6, 5, 2.5), "#c9d2dc")


def _knight_helmet(pen: Pen, body: Body) -> None:
    r, y = body.head, body.head_y
    steel = "#aeb7c2"
    pen.path(
        (
            f"M{-r * 0.2:.1f} {y - r:.1f}Q{r * 0.2:.1f} {y - r * 2:.1f} {r * 1.2:.1f} "
            f"{y - r * 1.3:.1f}Q{r * 0.6:.1f} {y - r * 1.25:.1f} {r * 0.25:.1f} {y - r:.1f}Z"
        ),
        body.cloth,
    )
    pen.path(
        (
            f"M{-r * 1.12:.1f} {y + r * 0.6:.1f}V{y - r * 0.2:.1f}A{r * 1.12:.1f} "
            f"{r * 1.05:.1f} 0 0 1 {r * 1.12:.1f} {y - r * 0.2:.1f}V{y + r * 0.6:.1f}"
            f"L{r * 0.8:.1f} {y + r * 0.7:.1f}V{y - r * 0.22:.1f}H{-r * 0.8:.1f}"
            f"V{y + r * 0.7:.1f}Z"
        ),
        steel,
    )


def _scarf(pen: Pen, body: Body) -> None:
    rng, y = pen.rng, body.shoulder
    colour = jitter(rng, rng.choice(("#d9404a", "#e8a83a", "#4a80b8", "#5a9a5a")), 0.04)
    pen.rect((-9.5, y - 5, 19, 8, 4), colour)
    pen.poly([(3, y + 1), (10, y + 1), (11, y + 20), (5, y + 20)], darker(colour, 0.12))
