"""Pictures with their record inside: the door to encoding and reading them."""

from sdgen.files.encoding import encode
from sdgen.files.reading import open_pixels, read_record_of, records_disagree

__all__ = ["encode", "open_pixels", "read_record_of", "records_disagree"]
