"""Plain text: one prompt a line."""

from sdgen.batch.rows import Part, Row


def read_line(line: str, number: int) -> list[Row]:
    """The line is the prompt, less the space around it."""
    prompt = line.strip()
    place = (number, line.index(prompt) + 1)
    return [Row(place, (Part({"prompt": prompt}, {"prompt": place}),))]
