"""Lines between two regions: spliced where nothing branches off, simplified, and put together to rings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Border:
    """A line with a region on either side; "" is nobody's land, or the sea."""

    left: str
    right: str
    line: list[Point]

    def turned(self) -> Border:
        """The same, walked the other way."""
        return Border(self.right, self.left, self.line[::-1])


def spliced(borders: Iterable[Border]) -> list[Border]:
    """The same lines as long as can be: two that meet alone, between the same regions, become one."""
    pool = list(borders)
    at: dict[Point, list[int]] = defaultdict(list)
    for i, border in enumerate(pool):
        at[border.line[0]].append(i)
        at[border.line[-1]].append(i)
    used = [False] * len(pool)

    def onward(border: Border) -> Border | None:
        """What goes on from the end of this line, walked from there."""
        meeting = at[border.line[-1]]
        if len(meeting) != 2:
            return None
        following = next((i for i in meeting if not used[i]), None)
        if following is None:
            return None
        after = pool[following]
        after = after if after.line[0] == border.line[-1] else after.turned()
        if (after.left, after.right) != (border.left, border.right):
            return None
        used[following] = True
        return after

    found = []
    for i, border in enumerate(pool):
        if used[i]:
            continue
        used[i] = True
        whole = _extended(_extended(border, onward).turned(), onward)
        found.append(whole)
    return found


def simplified(border: Border, tolerance: float) -> Border:
    """The border with fewer points, none of those left out farther than `tolerance` from it."""
    line = border.line
    if tolerance <= 0 or len(line) < 3:
        return border
    if line[0] != line[-1]:
        return Border(border.left, border.right, _thinned(line, tolerance))
    # An island: its two halves, cut at the point farthest from where the line begins.
    far = max(range(len(line)), key=lambda i: _square(line[0], line[i]))
    halves = _thinned(line[: far + 1], tolerance)[:-1] + _thinned(line[far:], tolerance)
    return Border(border.left, border.right, halves)


def rings(borders: Iterable[Border], region: str) -> list[list[Point]]:
    """The closed lines round a region, those round its holes too; the first point is not said again."""
    starts: dict[Point, list[list[Point]]] = defaultdict(list)
    for border in borders:
        if region in (border.left, border.right):
            line = border.line if border.left == region else border.line[::-1]
            starts[line[0]].append(line)
    found = []
    while starts:
        first, lines = next(iter(starts.items()))
        ring: list[Point] = []
        here = first
        while lines:
            line = lines.pop()
            if not lines:
                del starts[here]
            ring += line[:-1]
            here = line[-1]
            lines = starts.get(here, [])
        if len(ring) > 2:
            found.append(ring)
    return found


def _extended(border: Border, onward: Callable[[Border], Border | None]) -> Border:
    whole = Border(border.left, border.right, list(border.line))
    while whole.line[0] != whole.line[-1] and (after := onward(whole)) is not None:
        whole.line.extend(after.line[1:])
    return whole


def _thinned(line: list[Point], tolerance: float) -> list[Point]:
    """Douglas and Peucker's: the farthest point from the chord stays, and so on for both halves."""
    kept = [False] * len(line)
    kept[0] = kept[-1] = True
    limit = tolerance * tolerance
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        (ax, ay), (bx, by) = line[first], line[last]
        ux, uy = bx - ax, by - ay
        length = ux * ux + uy * uy or 1
        worst, at = limit * length, 0
        for i in range(first + 1, last):
            x, y = line[i]
            across = (x - ax) * uy - (y - ay) * ux
            if (away := across * across) > worst:
                worst, at = away, i
        if at:
            kept[at] = True
            todo += [(first, at), (at, last)]
    return [point for point, keep in zip(line, kept, strict=True) if keep]


def _square(a: Point, b: Point) -> int:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
