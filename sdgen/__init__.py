"""Text to image whose every picture can be made again."""

__version__ = "0.1.0"
