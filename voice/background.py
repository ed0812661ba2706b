"""Small work that a voice process does beside its calls."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def every(seconds: float, work: Callable[[], object], name: str) -> threading.Event:
    """Run `work` every so often in a daemon thread, until the event it returns is set; faults are logged."""
    stopped = threading.Event()

    def loop() -> None:
        while not stopped.wait(seconds):
            try:
                work()
            except Exception:
                log.exception("background_failed", work=name)

    threading.Thread(target=loop, name=name, daemon=True).start()

    return stopped
