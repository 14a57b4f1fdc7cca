"""Pictures that are not scenes."""

from collections.abc import Callable

from world.pen import Pen
from world.scene import Scene

DRAWN: dict[str, Callable[[Pen, Scene], None]] = {}
