"""What the worker runs. A job's name lies in Redis: moving one needs a stub for a release."""

from __future__ import annotations

from collections.abc import Callable

_ring: list[Callable[[], object]] = []


def wire(ring: Callable[[], object]) -> None:
    """Give this process what its jobs do, once, before it takes any."""
    _ring[:] = [ring]


def ring(callback_id: str) -> None:
    """The bell of one call-back: the most urgent one is rung, which need not be this one.

    May run twice, late, or for a row long closed: the reservation decides.
    """
    del callback_id
    if not _ring:
        raise RuntimeError("this process was not wired: jobs run in `python -m workers.worker`")
    _ring[0]()
