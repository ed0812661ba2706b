"""How many regulators an hour needs: Erlang C, the calls waiting in one queue, none giving up.

Checked against reference values made once with the package pyworkforce (tests/test_forecast.py).
"""

from __future__ import annotations

import math

MOST = 2000  # regulators; beyond, something else is wrong
TARGET, WITHIN = 0.95, 60.0  # QS60 of 95 % and above


def needed(calls: float, talk: float, within: float = WITHIN, target: float = TARGET) -> int:
    """The fewest regulators that take `target` of an hour's `calls` in `within` s; talks last `talk` s."""
    if calls <= 0 or talk <= 0:
        return 0
    load = calls * talk / 3600
    regulators = max(1, math.ceil(load))
    blocked = _blocked(regulators, load)
    while regulators < MOST and _served(regulators, load, blocked, talk, within) < target:
        regulators += 1
        blocked = load * blocked / (regulators + load * blocked)  # one step of the recursion more
    return regulators


def service(regulators: int, calls: float, talk: float, within: float = WITHIN) -> float:
    """The share taken in `within` seconds: 1 − P(wait) · e^(−(n − a) · t / talk), a = calls · talk / 3600."""
    load = calls * talk / 3600
    return _served(regulators, load, _blocked(regulators, load), talk, within)


def waits(regulators: int, load: float) -> float:
    """Erlang C: the chance to wait with `load` erlangs offered. By recursion on Erlang B: no overflow."""
    return _waiting(regulators, load, _blocked(regulators, load))


def _blocked(regulators: int, load: float) -> float:
    """Erlang B."""
    blocked = 1.0
    for n in range(1, regulators + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def _waiting(regulators: int, load: float, blocked: float) -> float:
    return blocked / (1 - load / regulators * (1 - blocked))


def _served(regulators: int, load: float, blocked: float, talk: float, within: float) -> float:
    if regulators <= load:
        return 0.0  # the queue only grows
    return 1 - _waiting(regulators, load, blocked) * math.exp(-(regulators - load) * within / talk)
