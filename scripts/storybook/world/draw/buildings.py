"""Houses, towers, castles: drawn up from (0, 0), about 100 units tall unless said."""

from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen

WALLS = ("#f4dfc0", "#f2c9a8", "#cfe0e8", "#f7efe0", "#e8b9a8", "#d8e2c4")
ROOFS = ("#c2503f", "#a8473d", "#4a6fa0", "#5a8a6a", "#8a5a8f", "#d0743c")
WINDOW_LIT = "#ffe08a"


def window_colour(pen: Pen) -> str:
    """Glass by day, lamplight by night."""
    return WINDOW_LIT if pen.light.glow else "#8fc3dd"


def window(pen: Pen, x: float, y: float, w: float, h: float) -> None:
    """A window with rounded top corners, lit at night."""
    pen.rect(
        (x - w / 2, y - h / 2, w, h, w * 0.2), window_colour(pen), raw=pen.light.glow, line=True
    )


def house(pen: Pen, wall: str = "", roof: str = "") -> None:
    """A cottage 90 wide."""
    rng = pen.rng
    wall = wall or jitter(rng, rng.choice(WALLS), 0.03)
    roof = roof or jitter(rng, rng.choice(ROOFS), 0.04)
    half, eaves = rng.uniform(32, 40), rng.uniform(-54, -46)
    if rng.random() < 0.6:
        pen.rect((half * 0.4, -92, 11, 34), darker(roof, 0.25))
    pen.rect((-half, eaves, half * 2, -eaves), wall)
    pen.poly([(-half - 9, eaves + 3), (0, -98), (half + 9, eaves + 3)], roof)
    door = jitter(rng, rng.choice(("#8a5a3c", "#5a7a9a", "#a8564a")), 0.04)
    pen.path("M-9 0L-9 -22Q-9 -31 0 -31Q9 -31 9 -22L9 0Z", door)
    for x in (-half * 0.6, half * 0.6):
        window(pen, x, eaves * 0.52, 14, 15)
    pen.circle(0, eaves - 14, 7, window_colour(pen), raw=pen.light.glow, line=True)


def tower_block(pen: Pen, width: float, tall: float, colour: str) -> None:
    """A city building ``tall`` high with big windows."""
    rng = pen.rng
    pen.rect((-width / 2, -tall, width, tall + 4), colour)
    kind = rng.random()
    if kind < 0.25:
        pen.poly(
            [(-width / 2, -tall), (0, -tall - width * 0.35), (width / 2, -tall)],
            darker(colour, 0.2),
        )
    elif kind < 0.5:
        pen.rect((-width * 0.3, -tall - 9, width * 0.6, 10), darker(colour, 0.15))
    columns = 2 if width < 44 else 3
    step_x, step_y = width / columns, 22
    for row in range(int((tall - 26) / step_y)):
        for column in range(columns):
            if rng.random() < 0.22:
                continue
            x = -width / 2 + step_x * (column + 0.5)
            y = -tall + 16 + row * step_y
            glass = window_colour(pen) if not pen.light.glow or rng.random() < 0.7 else "#39426b"
            pen.rect(
                (x - step_x * 0.27, y - 6, step_x * 0.54, 12), glass, raw=pen.light.glow, line=False
            )


def _tower(pen: Pen, x: float, width: float, tall: float, wall: str, roof: str) -> None:
    half = width / 2
    pen.rect((x - half, -tall, width, tall), wall)
    pen.rect((x - half, -tall, width * 0.3, tall), lighter(wall, 0.2), line=False)
    pen.rect((x - half - 2, -tall - 2, width + 4, 7, 2), darker(wall, 0.12))
    peak = width * pen.rng.uniform(1.3, 1.9)
    pen.poly([(x - half - 5, -tall), (x, -tall - peak), (x + half + 5, -tall)], roof)
    pen.line([(x, -tall - peak), (x, -tall - peak - 9)], "#6b4b3a", 1.6, line=False)
    flag = mix(roof, "#ffd24a", 0.6)
    pen.poly(
        [(x, -tall - peak - 10), (x + 12, -tall - peak - 6), (x, -tall - peak - 2)],
        flag,
        line=False,
    )
    window(pen, x, -tall * 0.72, width * 0.32, width * 0.5)


def castle(pen: Pen, wall: str = "", roof: str = "") -> None:
    """A castle 130 wide and up to 150 tall: a keep, a wall with a gate, towers."""
    rng = pen.rng
    wall = wall or jitter(
        rng, rng.choice(("#c9bdb4", "#d8cbb8", "#b9b6c4", "#e6d8cc", "#d9c2cf")), 0.03
    )
    roof = roof or jitter(rng, rng.choice(ROOFS), 0.04)
    wide = rng.uniform(46, 58)
    keep = rng.uniform(84, 104)
    inner = rng.uniform(20, 27)
    _tower(pen, -inner, 20, keep * rng.uniform(0.72, 0.86), darker(wall, 0.1), roof)
    _tower(pen, inner, 20, keep * rng.uniform(0.66, 0.9), darker(wall, 0.1), roof)
    _tower(pen, rng.uniform(-4, 4), 27, keep, wall, roof)
    _wall(pen, wide, wall)
    _tower(pen, -wide, 24, rng.uniform(50, 68), wall, roof)
    _tower(pen, wide, 24, rng.uniform(50, 68), wall, roof)
    pen.path("M-14 0L-14 -20Q-14 -34 0 -34Q14 -34 14 -20L14 0Z", "#5d3f2e")
    pen.path("M-10 0L-10 -20Q-10 -30 0 -30Q10 -30 10 -20L10 0Z", "#7d563a", line=False)


def _wall(pen: Pen, wide: float, wall: str) -> None:
    top = -42
    data = f"M{-wide:.1f} 0L{-wide:.1f} {top}"
    teeth = 6
    step = 2 * wide / teeth
    for i in range(teeth):
        x = -wide + i * step
        data += (
            f"L{x:.1f} {top - 9}L{x + step * 0.6:.1f} {top - 9}L{x + step * 0.6:.1f} {top}"
            f"L{x + step:.1f} {top}"
        )
    pen.path(data + f"L{wide:.1f} 0Z", mix(wall, "#ffffff", 0.08))


def lighthouse(pen: Pen, colour: str = "") -> None:
    """A lighthouse with bands of its colour."""
    colour = colour or "#d9403a"
    if pen.light.glow:
        pen.path("M0 -86L130 -116L130 -62Z", "#fff2b0", a=0.4, raw=True)
        pen.glow((0, -86), 34, "#fff0b0", 0.8)
    pen.poly([(-19, 0), (-12, -74), (12, -74), (19, 0)], "#fbf5ea")
    for low, high in ((-10, -26), (-44, -60)):
        a, b = 19 + low * 7 / 74, 19 + high * 7 / 74
        pen.poly([(-a, low), (-b, high), (b, high), (a, low)], colour, line=False)
    pen.rect((-16, -78, 32, 6, 2), darker(colour, 0.3))
    pen.rect((-9, -93, 18, 16), "#fff0a8", raw=pen.light.glow, line=True)
    pen.path("M-13 -92Q0 -112 13 -92Z", colour)


def windmill(pen: Pen, colour: str = "") -> None:
    """A windmill with four sails."""
    rng = pen.rng
    wall = colour or jitter(rng, "#f1e3cd", 0.03)
    pen.poly([(-22, 0), (-14, -66), (14, -66), (22, 0)], wall)
    pen.path("M-17 -64Q0 -92 17 -64Z", "#b5553f")
    pen.path("M-7 0L-7 -16Q0 -26 7 -16L7 0Z", "#7d563a")
    window(pen, 0, -42, 9, 11)
    turn = rng.uniform(10, 80)
    for i in range(4):
        with pen.group((0, -68), rot=turn + 90 * i):
            pen.poly([(-2, 0), (-2, -44), (11, -44), (8, -8)], "#fffaf0")
    pen.circle(0, -68, 4.5, "#7d563a")


def barn(pen: Pen) -> None:
    """A red barn 100 wide, 80 tall."""
    red = jitter(pen.rng, "#b9443a", 0.04)
    pen.rect((-44, -46, 88, 46), red)
    pen.poly([(-50, -44), (-34, -70), (0, -82), (34, -70), (50, -44)], "#7c5a4a")
    pen.rect((-17, -32, 34, 32), "#f6ead8")
    pen.rect((-13, -28, 26, 28), darker(red, 0.2), line=False)
    window(pen, 0, -57, 14, 12)
