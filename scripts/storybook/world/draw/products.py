"""Things to sell, for the posters: about 100 units tall, base at (0, 0)."""

from collections.abc import Callable

from world.draw.palette import darker, lighter
from world.draw.pen import Pen


def phone(pen: Pen, colour: str) -> None:
    """A smartphone with a bright screen."""
    pen.rect((-27, -104, 54, 104, 10), darker(colour, 0.35))
    pen.rect((-22, -97, 44, 90, 5), pen.linear((lighter(colour, 0.55), colour)), line=False)
    pen.circle(0, -68, 11, "#fff6e0", line=False)
    pen.rect((-15, -44, 30, 7, 3.5), "#fff6e0", line=False)
    pen.rect((-11, -30, 22, 6, 3), "#fff6e0", line=False)


def bottle(pen: Pen, colour: str) -> None:
    """A bottle of perfume."""
    pen.rect((-9, -104, 18, 20, 4), "#e9c766")
    pen.rect((-6, -86, 12, 10), "#f6f2e8")
    pen.path("M-34 -8Q-38 -66 -12 -78H12Q38 -66 34 -8Q0 4 -34 -8Z", colour)
    pen.rect((-17, -48, 34, 24, 4), "#fff8ea", line=False)
    pen.ellipse((-23, -44), 4, 18, lighter(colour, 0.55), line=False)


def headphones(pen: Pen, colour: str) -> None:
    """A pair of headphones."""
    band = pen.tint(darker(colour, 0.3))
    pen.parts.append(
        f'<path d="M-40 -42A40 44 0 0 1 40 -42" fill="none" stroke="{band}" stroke-width="12"/>'
    )
    for side in (-1, 1):
        pen.rect((side * 39 - 13, -54, 26, 50, 12), colour)
        pen.rect((side * 30 - 6, -48, 12, 38, 6), lighter(colour, 0.4), line=False)


def watch(pen: Pen, colour: str) -> None:
    """A wrist watch."""
    pen.path("M-17 -104H17L22 -72H-22Z", darker(colour, 0.2))
    pen.path("M-22 -32H22L17 0H-17Z", darker(colour, 0.2))
    pen.rect((-33, -84, 66, 64, 18), colour)
    pen.rect((-25, -76, 50, 48, 12), "#222a3a", line=False)
    pen.line([(0, -52), (0, -69)], "#ffffff", 4.5, line=False)
    pen.line([(0, -52), (12, -46)], "#ffd25a", 4.5, line=False)


def shoe(pen: Pen, colour: str) -> None:
    """A sneaker 150 wide."""
    pen.path(
        "M-70 -76Q-58 -84 -44 -76Q-34 -64 -14 -72Q8 -44 48 -40Q74 -34 74 -16H-72Q-78 -44 -70 -76Z",
        colour,
    )
    pen.path("M-74 -20H76Q78 -2 66 0H-66Q-76 -4 -74 -20Z", "#fffaf0")
    for i in range(3):
        pen.line(
            [(-12 + i * 15, -54 + i * 7), (-22 + i * 15, -42 + i * 7)], "#fffaf0", 6, line=False
        )
    pen.path("M-56 -30Q-20 -28 16 -34Q-22 -52 -56 -30Z", lighter(colour, 0.55), line=False)


def coffee(pen: Pen, colour: str) -> None:
    """A cup of coffee with steam."""
    for x in (-16, 12):
        pen.line([(x, -78), (x + 7, -90), (x - 3, -100), (x + 4, -112)], "#fffaf0", 5, a=0.8)
    ear = pen.tint(darker(colour, 0.1))
    pen.parts.append(
        f'<path d="M36 -54Q66 -54 60 -32Q54 -16 32 -18" fill="none" stroke="{ear}" '
        'stroke-width="9"/>'
    )
    pen.path("M-42 -66H42Q42 -8 16 -6H-16Q-42 -8 -42 -66Z", colour)
    pen.ellipse((0, -66), 42, 8.5, "#6b4028")
    pen.ellipse((0, -3), 56, 6.5, lighter(colour, 0.4))


def camera(pen: Pen, colour: str) -> None:
    """A camera 130 wide."""
    pen.rect((-28, -88, 48, 24, 6), darker(colour, 0.2))
    pen.rect((-64, -74, 128, 74, 12), colour)
    pen.rect((-64, -56, 128, 13), lighter(colour, 0.4), line=False)
    pen.circle(0, -36, 31, "#3a3f4c")
    pen.circle(0, -36, 21, "#6ab4e0", line=False)
    pen.circle(-7, -43, 7, "#eaf7ff", line=False)
    pen.rect((36, -68, 18, 11, 3), "#fff2b0", line=False)


def laptop(pen: Pen, colour: str) -> None:
    """An open laptop 150 wide."""
    pen.rect((-56, -88, 112, 76, 7), darker(colour, 0.35))
    pen.rect((-48, -80, 96, 60, 3), pen.linear((lighter(colour, 0.6), colour)), line=False)
    pen.circle(0, -52, 13, "#fff6e0", line=False)
    pen.path("M-76 -12H76Q76 0 64 0H-64Q-76 0 -76 -12Z", "#cfd5dd")


DRAWN: dict[str, Callable[[Pen, str], None]] = {
    "phone": phone,
    "bottle": bottle,
    "headphones": headphones,
    "watch": watch,
    "shoe": shoe,
    "coffee": coffee,
    "camera": camera,
    "laptop": laptop,
}
