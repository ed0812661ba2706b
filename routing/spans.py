"""Sets of instants as sorted, disjoint, half-open pairs of seconds: union, intersection, difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Pair = tuple[float, float]
Pairs = tuple[Pair, ...]


def union(*sets: Iterable[Pair]) -> Pairs:
    """All instants of any set; the sets need not be sorted or disjoint."""
    merged: list[Pair] = []
    for since, until in sorted(pair for one in sets for pair in one if pair[0] < pair[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return tuple(merged)


def minus(left: Sequence[Pair], right: Sequence[Pair]) -> Pairs:
    """The instants of `left` that are not in `right`; both sorted and disjoint."""
    kept: list[Pair] = []
    place = 0
    for since, until in left:
        while place < len(right) and right[place][1] <= since:
            place += 1
        cursor, ahead = since, place
        while ahead < len(right) and right[ahead][0] < until:
            if cursor < right[ahead][0]:
                kept.append((cursor, right[ahead][0]))
            cursor = max(cursor, right[ahead][1])
            ahead += 1
        if cursor < until:
            kept.append((cursor, until))
    return tuple(kept)


def within(left: Sequence[Pair], since: float, until: float) -> Pairs:
    """The instants of `left`, sorted and disjoint, from `since` up to `until`."""
    if left and since <= left[0][0] and left[-1][1] <= until:
        return tuple(left)
    return tuple((max(a, since), min(b, until)) for a, b in left if max(a, since) < min(b, until))


def total(pairs: Iterable[Pair]) -> float:
    """How many seconds they last together."""
    return sum(until - since for since, until in pairs)
