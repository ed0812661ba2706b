"""Named places where a process can be made to kill itself: `FAILPOINT=name`, for the fault campaign only."""

from __future__ import annotations

import os
import signal

NAMES = (
    "reserved",  # committed, nothing sent
    "posted",  # the carrier answered, nothing written
    "placed_committed",
    "uncertain_committed",
    "status_between",
    "accepted_committed",
    "listed",  # the carrier's list was read, nothing written
    "notice_taken",
    "spool_merged",
)
_ARMED = os.environ.get("FAILPOINT")  # noqa: TID251 - not a setting: a fault, and never in a settings file


def failpoint(name: str) -> None:
    """Die here, as if by `kill -9`, when armed."""
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
