"""What happens to pictures after they were drawn."""

from pathlib import Path

from PIL import Image

from sdgen.files.encoding import encode
from sdgen.files.images import read_record_of


def tamper(path: Path) -> None:
    """Change one pixel and keep the record."""
    record = read_record_of(path)
    with Image.open(path) as image:
        image.load()
    image.putpixel((0, 0), (1, 2, 3))
    path.write_bytes(encode(image, record, "png"))


def strip(path: Path) -> None:
    """Save the picture as a program does that knows nothing of records."""
    with Image.open(path) as image:
        image.copy().save(path)
