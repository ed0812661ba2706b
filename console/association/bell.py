"""Rings the workers' bell from a page; its silence harms nothing, for the sweeper rings what is due."""

from __future__ import annotations

from console.office import Office
from workers import queue


def ring(here: Office, callback_id: str) -> None:
    """Ask for this call-back to be dialled now."""
    here.breaker.call(lambda: queue.sweeping_bell(here.redis)(callback_id), default=None)
