"""What stands along a street."""

from world.draw.pen import Pen


def street_lamp(pen: Pen) -> None:
    """A street lamp; it shines in the dark."""
    if pen.light.glow:
        pen.glow((0, -88), 46, "#ffe9a0", 0.9)
    pen.rect((-2.6, -78, 5.2, 78), "#3f4450")
    pen.rect((-9, -5, 18, 6, 2), "#3f4450")
    pen.poly([(-8, -78), (-12, -97), (12, -97), (8, -78)], "#ffe9a0", raw=pen.light.glow, line=True)
    pen.poly([(-14, -96), (0, -108), (14, -96)], "#3f4450")
