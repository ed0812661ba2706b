"""What happened to a call, as versioned events: into a spool that loses nothing, from there to Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from msgspec import Struct
from msgspec.json import Encoder
from redis import Redis

from config.patience import Breaker
from workers.records import load
from workers.records.reserved import SYNTHETIC
from workers.records.spool import Spool

log = structlog.get_logger(__name__)

STREAM = "calls:events"
# Events; some days of a stopped ledger. A full stream leaves the rest in the spool, it never trims.
CAP = 500_000
VERSION = 1
REST = 1.0  # seconds that Redis is left alone after it refused a batch
OTHERS_EVERY = 2.0  # seconds between two looks for what a process that has gone left behind

Value = str | int | float | None
_encoded = Encoder().encode


class Event(Struct, frozen=True):
    """One thing that happened. `id` makes it countable once, however often it arrives."""

    id: str  # CallSid:step:index
    call: str  # CallSid
    name: str
    at: datetime  # aware, UTC
    data: tuple[tuple[str, Value], ...] = ()

    def text(self) -> str:
        """One line of JSON."""
        fields = {"v": VERSION, "id": self.id, "call": self.call, "name": self.name}
        at = self.at.astimezone(UTC).isoformat(timespec="milliseconds")
        return _encoded({**fields, "at": at, **dict(self.data)}).decode()


def read(text: str) -> Event:
    """The event of one line. Raises ValueError on anything that is not one of a known version."""
    try:
        fields: dict[str, Any] = json.loads(text)
    except RecursionError:
        raise ValueError("nested without end") from None
    if not isinstance(fields, dict) or fields.pop("v", None) != VERSION:
        raise ValueError("not an event of a known version")
    try:
        at = datetime.fromisoformat(fields.pop("at"))
        event_id, call, name = (str(fields.pop(key)) for key in ("id", "call", "name"))
    except (KeyError, TypeError) as error:
        raise ValueError("an event without its id, call, name or time") from error
    if at.tzinfo is None:
        raise ValueError("a time of no zone")
    return Event(event_id, call, name, at, tuple(fields.items()))


class EventLog:
    """Where voice writes: a file of its own, in one write, emptied into Redis a few milliseconds later.

    What is written survives the process (the page cache is the system's), Redis keeps it on disk within the
    next batch, and a webhook waits for neither.
    """

    def __init__(self, redis: Redis, breaker: Breaker, spool: Spool) -> None:
        self._redis, self._breaker, self._spool = redis, breaker, spool
        self._put = load.recorder(redis, SYNTHETIC)
        self._rests_until = self._looks_again = 0.0
        self._well = False  # Redis took the last batch

    def emit(self, events: Sequence[Event]) -> None:
        """Keep the events of one step. Never raises, never waits for a store."""
        if not events:
            return
        texts = [event.text() for event in events]
        try:
            self._spool.append(texts)
        except OSError as fault:
            if self._take(texts):
                return
            # Neither the disk nor Redis: the call goes on, and the carrier's list tells what was missed.
            log.error("events_lost", count=len(texts), fault=type(fault).__name__)

    def spooled(self) -> int:
        """Bytes of events waiting on disk."""
        return self._spool.size()

    def close(self) -> None:
        """Bring what is left to the stream, or leave it to another process."""
        self._spool.drain(self._take)

    def drain(self) -> int:
        """Bring what was written to the stream; returns how many events. For one background thread."""
        now = time.monotonic()
        if now < self._rests_until:
            self._spool.sync()  # Redis keeps nothing for us at present: the disk must
            return 0
        if not self._spool.written and now < self._looks_again:
            return 0
        if not self._well and not self._breaker.call(lambda: bool(self._redis.ping()), default=False):
            self._rests_until = now + REST
            return 0
        self._looks_again = now + OTHERS_EVERY
        return self._spool.drain(self._take)

    def _take(self, texts: list[str]) -> bool:
        taken = self._breaker.call(lambda: self._put(STREAM, CAP, texts), default=False)
        self._well = taken
        if not taken:
            self._rests_until = time.monotonic() + REST  # else each turn would leave a file of its own
        return taken
