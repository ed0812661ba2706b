"""Small work that a voice process does beside its calls."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def every(seconds: float, work: Callable[[], object], name: str) -> None:
    """Run `work` every so often in a daemon thread; what it raises is logged, and it goes on."""

    def loop() -> None:
        pause = threading.Event()
        while not pause.wait(seconds):
            try:
                work()
            except Exception:
                log.exception("background_failed", work=name)

    threading.Thread(target=loop, name=name, daemon=True).start()
