"""A line without a scale: how a few numbers rise and fall, in a box of fixed size."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 200, 40
EDGE = 2  # so that the line's own width is inside


@dataclass(frozen=True, slots=True)
class Spark:
    """Points of a polyline, as SVG writes them, and of the polygon below it."""

    points: str
    area: str


def spark(values: Sequence[int], *, top: int) -> Spark:
    """Draw numbers from left to right, zero at the bottom and `top` at the top; rounded down."""
    last = max(len(values) - 1, 1)
    room = HEIGHT - 2 * EDGE
    line = [
        (index * WIDTH // last, HEIGHT - EDGE - (value * room // top if top > 0 else 0))
        for index, value in enumerate(values)
    ]
    area = [(0, HEIGHT), *line, (WIDTH, HEIGHT)]
    return Spark(_written(line), _written(area))


def _written(points: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
