"""What a torrent got over time, as lines in a box: free and bought speed, the wish, price, spent, unpaid blocks.

The bought speed lies on the free one. All is in whole units of the box: the window's begin is at x = 0, its end at
`WIDTH`, zero at the bottom. Where time is missing nothing is drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

WIDTH = 720
SPEED_HEIGHT = 200
STRIP_HEIGHT = 48
COLUMNS = 360  # more points than these are drawn as means
LENGTH_S = 10  # of a sample that none was before
GAP_S = 30  # without a sample nothing is known; looks are ten seconds apart
COARSE_GAP_S = 660  # old samples are let go but for one in five minutes
STEPS = 4  # between the lines of the scale
LARGEST_NEED = 10  # times what came: just before its time an unfinished torrent needs any speed


@dataclass(frozen=True, slots=True)
class Point:
    """What was seen in the time that ended then."""

    at_s: int
    total_bytes_per_s: int
    free_bytes_per_s: int
    needed_bytes_per_s: int
    price_ubtt_per_gib: int  # 0: there was no lane
    spent_ubtt: int
    is_control: bool = False
    is_coarse: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Points of polygons and polylines, as SVG writes them; each stretch of known time is one of its own."""

    free: tuple[str, ...]
    bought: tuple[str, ...]
    wish: tuple[str, ...]
    price: tuple[str, ...]
    spent: tuple[str, ...]
    bands: tuple[Band, ...]
    top_bytes_per_s: int
    top_price_ubtt_per_gib: int
    top_spent_ubtt: int
    mean_bytes_per_s: int  # over the time that is known
    mean_free_bytes_per_s: int


@dataclass(frozen=True, slots=True)
class _Box:
    begin_s: int
    end_s: int

    def x(self, at_s: int) -> int:
        span = max(self.end_s - self.begin_s, 1)
        return min(max((at_s - self.begin_s) * WIDTH // span, 0), WIDTH)


def plot(points: Sequence[Point], *, begin_s: int, end_s: int) -> Plot:
    """Draw points, the oldest first; those outside of the window are left out."""
    inside = [point for point in points if begin_s <= point.at_s <= end_s]
    box = _Box(begin_s, end_s)
    known = _stretches(inside)
    stretches = [_thin(stretch, box) for stretch in known]
    mean, mean_free = _means(known)
    top = nice_speed(_highest(inside))
    top_price = nice_amount(max((point.price_ubtt_per_gib for point in inside), default=0))
    top_spent = nice_amount(max((point.spent_ubtt for point in inside), default=0))
    priced = [part for stretch in stretches for part in _priced(stretch)]
    return Plot(
        free=tuple(_free_area(stretch, box, top) for stretch in stretches),
        bought=tuple(_bought_area(stretch, box, top) for stretch in stretches),
        wish=tuple(
            _line((box.x(one.at_s), _y(one.needed_bytes_per_s, top, SPEED_HEIGHT)) for one in stretch)
            for stretch in stretches
            if any(one.needed_bytes_per_s for one in stretch)
        ),
        price=tuple(
            _line((box.x(one.at_s), _y(one.price_ubtt_per_gib, top_price, STRIP_HEIGHT)) for one in part)
            for part in priced
        ),
        spent=tuple(
            _line((box.x(one.at_s), _y(one.spent_ubtt, top_spent, STRIP_HEIGHT)) for one in stretch)
            for stretch in stretches
        ),
        bands=tuple(_bands(inside, box)),
        top_bytes_per_s=top,
        top_price_ubtt_per_gib=top_price,
        top_spent_ubtt=top_spent,
        mean_bytes_per_s=mean,
        mean_free_bytes_per_s=mean_free,
    )


def nice_speed(speed_bytes_per_s: int) -> int:
    """Return the top of a scale of four steps, each a power of two KiB/s or half as much again."""
    step = 1_024
    while step * STEPS < speed_bytes_per_s:
        if step * 3 // 2 * STEPS >= speed_bytes_per_s:
            return step * 3 // 2 * STEPS
        step *= 2
    return step * STEPS


def nice_amount(amount_ubtt: int) -> int:
    """Return the top of a scale for money: 1, 2 or 5 and noughts."""
    top = 1
    while True:
        for times in (1, 2, 5):
            if top * times >= amount_ubtt:
                return top * times
        top *= 10


def _highest(points: Sequence[Point]) -> int:
    """Return what the scale of speeds must reach. A need beyond all that ever came is drawn at its top."""
    came = max((point.total_bytes_per_s for point in points), default=0)
    needed = max((point.needed_bytes_per_s for point in points), default=0)
    return max(came, min(needed, came * LARGEST_NEED) if came else needed)


def _is_gap(before: Point, after: Point, fine_from_s: int | None) -> bool:
    is_old = fine_from_s is None or after.at_s <= fine_from_s
    return after.at_s - before.at_s > (COARSE_GAP_S if is_old and before.is_coarse else GAP_S)


def _fine_from(points: Sequence[Point]) -> int | None:
    """Return from when on all samples are there; before, most were let go."""
    return next((point.at_s for point in points if not point.is_coarse), None)


def _stretches(points: Sequence[Point]) -> list[list[Point]]:
    """Return points in stretches of known time, each with what was seen first from where its time began."""
    fine_from_s = _fine_from(points)
    found: list[list[Point]] = []
    for before, point in pairwise([None, *points]):
        if point is None:
            continue
        if before is None or _is_gap(before, point, fine_from_s):
            found.append([replace(point, at_s=_began(before, point))])
        found[-1].append(point)
    return found


def _began(before: Point | None, point: Point) -> int:
    began_s = point.at_s - LENGTH_S
    return began_s if before is None else max(began_s, before.at_s)


def _means(stretches: Iterable[Sequence[Point]]) -> tuple[int, int]:
    """Return the means of all and of the free speed, each sample for as long as it stands for."""
    spans = [(after.at_s - before.at_s, after) for stretch in stretches for before, after in pairwise(stretch)]
    known_s = sum(length_s for length_s, _ in spans)
    if known_s <= 0:
        return 0, 0
    total = sum(length_s * one.total_bytes_per_s for length_s, one in spans) // known_s
    free = sum(length_s * min(one.free_bytes_per_s, one.total_bytes_per_s) for length_s, one in spans) // known_s
    return total, free


def _thin(stretch: list[Point], box: _Box) -> list[Point]:
    """Return the points, or of many that share a column their mean, so that a page never becomes heavy."""
    if len(stretch) <= COLUMNS:
        return stretch
    grouped = groupby(stretch, key=lambda point: box.x(point.at_s) * COLUMNS // WIDTH)
    return [_mean(list(group)) for _, group in grouped]


def _mean(group: list[Point]) -> Point:
    count = len(group)
    return replace(
        group[-1],
        total_bytes_per_s=sum(point.total_bytes_per_s for point in group) // count,
        free_bytes_per_s=sum(min(point.free_bytes_per_s, point.total_bytes_per_s) for point in group) // count,
    )


def _priced(stretch: list[Point]) -> list[list[Point]]:
    """Return the parts of a stretch in which there was a lane; where there is only one point it lasts a sample."""
    parts = [
        list(group) for has_price, group in groupby(stretch, key=lambda one: one.price_ubtt_per_gib > 0) if has_price
    ]
    return [part if len(part) > 1 else [replace(part[0], at_s=part[0].at_s - LENGTH_S), part[0]] for part in parts]


def _bands(points: Sequence[Point], box: _Box) -> list[Band]:
    """Return where it was unpaid on purpose; what touches is one. Where most samples were let go it is not known."""
    edges: list[tuple[int, int]] = []
    fine_from_s = _fine_from(points)
    for before, point in pairwise([None, *points]):
        if point is None or not point.is_control or fine_from_s is None or point.at_s < fine_from_s:
            continue
        is_next = before is not None and point.at_s - before.at_s <= GAP_S
        began_s = before.at_s if before is not None and is_next else _began(before, point)
        if edges and edges[-1][1] >= began_s:
            edges[-1] = (edges[-1][0], point.at_s)
        else:
            edges.append((began_s, point.at_s))
    return [Band(box.x(begin), max(box.x(end) - box.x(begin), 1)) for begin, end in edges if box.x(begin) < WIDTH]


def _free_area(stretch: Sequence[Point], box: _Box, top: int) -> str:
    """Return the polygon of the free speed, from zero on."""
    free = _free_edge(stretch, box, top)
    return _line([(free[0][0], SPEED_HEIGHT), *free, (free[-1][0], SPEED_HEIGHT)])


def _bought_area(stretch: Sequence[Point], box: _Box, top: int) -> str:
    """Return the polygon of the bought speed, which lies on the free one."""
    total = [(box.x(one.at_s), _y(one.total_bytes_per_s, top, SPEED_HEIGHT)) for one in stretch]
    return _line([*total, *reversed(_free_edge(stretch, box, top))])


def _free_edge(stretch: Sequence[Point], box: _Box, top: int) -> list[tuple[int, int]]:
    return [
        (box.x(one.at_s), _y(min(one.free_bytes_per_s, one.total_bytes_per_s), top, SPEED_HEIGHT)) for one in stretch
    ]


def _y(value: int, top: int, height: int) -> int:
    return height - min(max(value, 0), top) * height // top


def _line(points: Iterable[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
