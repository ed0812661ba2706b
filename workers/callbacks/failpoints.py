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
    "connected_committed",
    "missed_committed",
    "concluded_committed",
    "booked_committed",
    "listed",  # the carrier's list was read, nothing written
    "notice_taken",
    "spool_merged",
    "records_told",
)
_armed = [os.environ.get("FAILPOINT", "")]  # noqa: TID251 - not a setting: a fault, never in a settings file


def arm(name: str) -> None:
    """Arm a process that was forked after this module was loaded."""
    _armed[0] = name


def failpoint(name: str) -> None:
    """Die here, as if by `kill -9`, when armed."""
    if name == _armed[0]:
        os.kill(os.getpid(), signal.SIGKILL)
