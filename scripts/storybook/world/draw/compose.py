"""A scene as SVG: sky, place, things behind, figures, things in front, weather."""

from collections.abc import Callable

from world.draw import (
    cast,
    magic,
    places_above,
    places_built,
    places_room,
    places_water,
    places_wild,
)
from world.draw.pen import Pen, Point
from world.draw.sky import draw_sky, draw_weather, light_of, sky_stops
from world.draw.stage import Stage
from world.scene import Scene

PlaceDrawer = Callable[[Pen, Scene, list[str], float, Point], Stage]
DRAWN: dict[str, PlaceDrawer] = {
    "beach": places_water.beach,
    "ocean": places_water.ocean,
    "forest": places_wild.forest,
    "mountains": places_wild.mountains,
    "snowy mountains": places_wild.mountains,
    "city": places_built.city,
    "castle": places_built.castle,
    "desert": places_wild.desert,
    "snow": places_wild.snow_field,
    "garden": places_built.garden,
    "village": places_built.village,
    "lake": places_water.lake,
    "space": places_above.space,
    "underwater": places_water.underwater,
    "room": places_room.room,
    "meadow": places_wild.meadow,
    "river": places_water.river,
    "waterfall": places_water.waterfall,
    "island": places_water.island,
    "farm": places_built.farm,
    "sky": places_above.sky_place,
    "volcano": places_wild.volcano,
}
NO_SKY = ("space", "underwater", "room")
HORIZON = {
    "beach": (0.46, 0.58),
    "ocean": (0.4, 0.58),
    "island": (0.42, 0.52),
    "waterfall": (0.5, 0.56),
}


def draw_scene(pen: Pen, scene: Scene) -> None:
    """A place with what is in it."""
    known = scene if scene.time != "none" else scene.without(time="day", weather="clear")
    stops = sky_stops(pen.rng, known)
    if scene.mood == "fantasy":
        stops = magic.tinted(pen, stops)
    pen.light = light_of(known, stops)
    pen.season = scene.season
    horizon = pen.height * pen.rng.uniform(*HORIZON.get(scene.place, (0.5, 0.6)))
    pen.rect((0, horizon, pen.width, pen.height), pen.light.haze, raw=True)
    shine = (pen.width / 2, horizon)
    if scene.place not in NO_SKY:
        shine = draw_sky(pen, known, stops, horizon if scene.place != "sky" else pen.height)
    if scene.mood == "fantasy":
        magic.behind(pen, scene, horizon)
    stage = DRAWN[scene.place](pen, known, stops, horizon, shine)
    cast.draw_cast(pen, scene, stage)
    if stage.front:
        stage.front()
    if scene.mood == "fantasy":
        magic.before(pen)
    if scene.place not in NO_SKY:
        draw_weather(pen, known)
