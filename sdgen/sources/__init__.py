"""Which pictures to draw from: a path becomes pixels as a person sees them, named by content."""

from sdgen.sources.store import Source, find_source, pixels_named, sources_of

__all__ = ["Source", "find_source", "pixels_named", "sources_of"]
