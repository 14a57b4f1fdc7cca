"""What the benchmarks have in common: medians, the machine, tables, plots, and where they go."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "diffusers", "transformers", "pillow")

Points = Sequence[tuple[float, float]]


def machine() -> dict[str, Any]:
    """Date, processor, cores and versions, for the head of a table."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), 4),
        "low": round(min(values), 4),
        "high": round(max(values), 4),
    }


def ratios(other: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """How many times as long the other arm takes, round by round: above 1 we are faster."""
    return summary([a / b for a, b in zip(other, ours, strict=True)])


def spread(found: Mapping[str, float], digits: int = 2) -> str:
    """A summary as a cell of a table: `1.52 (1.48 to 1.60)`."""
    median, low, high = (f"{found[name]:.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def head_of(title: str, facts: Mapping[str, Any]) -> str:
    """The first lines of a report."""
    return f"# {title}\n\n" + ", ".join(f"{key} {value}" for key, value in facts.items()) + "\n\n"


def write(folder: str, name: str, found: Mapping[str, Any], text: str) -> None:
    """Write `name`.json and `name`.md into `folder`, and print the latter."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (place / f"{name}.md").write_text(text, encoding="utf-8")
    print(text, end="")


_WIDTH, _HEIGHT, _LEFT, _TOP = 420, 256, 52, 46
_COLOURS = ("#1f5fa8", "#c2410c", "#3f7d20")


def plot(title: str, across: str, lines: Mapping[str, Points]) -> str:
    """An SVG of curves over one axis; both axes begin at 0, seconds go up."""
    points = [point for line in lines.values() for point in line]
    most_x, most_y = (max(values) for values in zip(*points, strict=True))
    across_by = (_WIDTH - _LEFT - 20) / most_x
    up_by = (_HEIGHT - _TOP - 40) / (1.1 * most_y)
    floor = _HEIGHT - 40

    def place(x: float, y: float) -> tuple[float, float]:
        return round(_LEFT + across_by * x, 1), round(floor - up_by * y, 1)

    axes = f"M{_LEFT} {_TOP}V{floor}H{_WIDTH - 20}"
    parts = [_text(_LEFT, 18, title, weight="bold"), _text(_WIDTH / 2, _HEIGHT - 6, across)]
    parts.append(f'<path d="{axes}" fill="none" stroke="#888"/>')
    for share in (0.5, 1.0):
        parts.append(_text(6, place(0, share * most_y)[1] + 4, f"{share * most_y:.2f} s"))
    for x in sorted({x for x, _ in points}):
        parts.append(_text(place(x, 0)[0] - 6, floor + 14, f"{x:g}"))
    for number, ((name, line), colour) in enumerate(zip(lines.items(), _COLOURS, strict=False)):
        places = [place(x, y) for x, y in line]
        path = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(_LEFT + 120 * number, 36, name, colour=colour))
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n' \
           f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'  # fmt: skip


def _text(x: float, y: float, words: str, *, weight: str = "normal", colour: str = "#222") -> str:
    style = f'font-family="sans-serif" font-size="12" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{words}</text>'
