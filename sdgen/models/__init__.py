"""Which weights: a name becomes a verified local folder, with its defaults and its sizes."""

from sdgen.models.local import LocalModel, find_model

__all__ = ["LocalModel", "find_model"]
