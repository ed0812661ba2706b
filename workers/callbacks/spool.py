"""Bookings kept as fsynced, sealed files while the database is away; merged once it is back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from config.sealing import Sealer, Unsealable
from routing.model import Need
from workers.callbacks.callback import AgeClass, Booking, Promise


class Spool:
    """One file per booking, named by its id: the same booking twice is one file.

    The writer may be alive or dead when another process merges: a file appears whole (rename) or not at all.
    """

    def __init__(self, directory: Path, sealer: Sealer) -> None:
        self._directory, self._sealer = directory, sealer

    def keep(self, booking: Booking, promise: Promise) -> None:
        """Write and wait for the disk. Raises OSError when the disk refuses."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / booking.id
        fresh = path.with_suffix(f".{os.getpid()}")
        text = self._sealer.seal(_packed(booking, promise), booking.id.encode())
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path.with_suffix(".booking"))
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name, not only the content
        finally:
            os.close(directory)

    def merge(self, take: Callable[[Booking, Promise], object]) -> int:
        """Hand every booking to `take`, which must be idempotent; a file goes once it has returned.

        A file that does not open (keys lost, disk fault) is set aside, never deleted: someone must see it.
        """
        merged = 0
        for path in sorted(self._directory.glob("*.booking")):
            try:
                booking, promise = _unpacked(self._sealer.unseal(path.read_text(), path.stem.encode()))
            except FileNotFoundError:
                continue  # another process merged it
            except (Unsealable, ValueError):
                path.replace(path.with_suffix(".unreadable"))
                continue
            take(booking, promise)
            path.unlink(missing_ok=True)
            merged += 1
        return merged

    def waiting(self) -> int:
        """How many bookings are not in the database yet."""
        return sum(1 for _ in self._directory.glob("*.booking"))


def _packed(booking: Booking, promise: Promise) -> bytes:
    return json.dumps(
        {
            "call_sid": booking.call_sid,
            "number": booking.number,
            "need": booking.need,
            "asked_at": booking.asked_at.isoformat(),
            "waiting_since": booking.waiting_since.isoformat(),
            "commune": booking.commune,
            "association": booking.association,
            "age": booking.age,
            "video": booking.video,
            "occurrence": booking.occurrence,
            "by": promise.by.isoformat(),
            "measured": promise.measured,
        }
    ).encode()


def _unpacked(text: bytes) -> tuple[Booking, Promise]:
    told = json.loads(text)
    booking = Booking(
        call_sid=told["call_sid"],
        number=told["number"],
        need=Need(told["need"]),
        asked_at=datetime.fromisoformat(told["asked_at"]),
        waiting_since=datetime.fromisoformat(told["waiting_since"]),
        commune=told["commune"],
        association=told["association"],
        age=AgeClass(told["age"]) if told["age"] else None,
        video=told["video"],
        occurrence=told["occurrence"],
    )
    return booking, Promise(datetime.fromisoformat(told["by"]), told["measured"])
