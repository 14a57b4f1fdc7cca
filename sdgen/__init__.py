"""Text to image whose every picture can be made again.

import sdgen
sdgen.generate("a girl in a white dress on a sunset beach").save("girl.png")
"""

from typing import TYPE_CHECKING, Any

from sdgen.version import __version__

if TYPE_CHECKING:
    from sdgen.api import Picture, generate

__all__ = ["Picture", "__version__", "generate"]


def __getattr__(name: str) -> Any:
    """Load the interface on first use, so that `import sdgen` costs nothing."""
    if name in {"generate", "Picture"}:
        from sdgen import api

        return getattr(api, name)
    raise AttributeError(f"module 'sdgen' has no attribute {name!r}")
