"""What happened to a call, as versioned events: to the Redis stream, or to a spool that loses nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from redis import Redis

from config.patience import Breaker
from workers.records.spool import Spool

log = structlog.get_logger(__name__)

STREAM = "calls:events"
CAP = 500_000  # events; some days of a stopped ledger. A full stream overflows to the spool, never trims.
VERSION = 1
LIVE = "live:desk:"  # + regulator id: a sorted set of the calls on its lines, scored by when a mark expires
LIVE_FOR = 4 * 3600 + 600  # seconds; a mark whose end was lost outlives no call

Value = str | int | float | None
_encoded = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":")
).encode  # made once: `dumps` makes one a line

# One command a step: lines freed, lines taken, then the events unless the stream is full.
_STEP = """
local cap, call, now, life = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local freed, taken = tonumber(ARGV[5]), tonumber(ARGV[6])
for i = 2, 1 + freed do redis.call('ZREM', KEYS[i], call) end
for i = 2 + freed, 1 + freed + taken do
  redis.call('ZADD', KEYS[i], now + life, call)
  redis.call('EXPIRE', KEYS[i], life)
end
if redis.call('XLEN', KEYS[1]) + #ARGV - 6 > cap then return 0 end
for i = 7, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Event:
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
        return _encoded({**fields, "at": at, **dict(self.data)})


def read(text: str) -> Event:
    """The event of one line. Raises ValueError on anything that is not one of a known version."""
    fields: dict[str, Any] = json.loads(text)
    if not isinstance(fields, dict) or fields.pop("v", None) != VERSION:
        raise ValueError("not an event of a known version")
    try:
        at = datetime.fromisoformat(fields.pop("at"))
        event_id, call, name = (str(fields.pop(key)) for key in ("id", "call", "name"))
    except (KeyError, TypeError) as error:
        raise ValueError("an event without its id, call, name or time") from error
    return Event(event_id, call, name, at, tuple(fields.items()))


@dataclass(frozen=True, slots=True)
class Lines:
    """Desks whose lines this step takes, and those it frees."""

    taken: tuple[str, ...] = ()
    freed: tuple[str, ...] = ()


class EventLog:
    """Where voice writes; one pipelined round trip, 250 ms at most, and the spool when that fails."""

    def __init__(self, redis: Redis, breaker: Breaker, spool: Spool) -> None:
        self._redis, self._breaker, self._spool = redis, breaker, spool
        self._step = redis.register_script(_STEP)  # loads itself again on a server that was restarted

    def emit(self, call: str, events: Sequence[Event], lines: Lines, now: float) -> None:
        """Write the events of one step, and the lines it takes or frees. Never raises, never loses."""
        texts = [event.text() for event in events]
        if self._breaker.call(lambda: self._write(call, texts, lines, now), default=False) or not texts:
            return
        try:
            self._spool.append(texts)
        except OSError as fault:
            # Neither Redis nor the disk: the call goes on, and the carrier's list tells what was missed.
            log.error("events_lost", count=len(texts), fault=type(fault).__name__)

    def lines_in_use(self, regulators: Sequence[str], now: float) -> dict[str, int]:
        """Calls on each desk's lines; empty when Redis does not answer in time."""

        def ask() -> dict[str, int]:
            pipe = self._redis.pipeline(transaction=False)
            for regulator in regulators:
                pipe.zcount(LIVE + regulator, now, "+inf")
            return {name: int(count) for name, count in zip(regulators, pipe.execute(), strict=True) if count}

        return self._breaker.call(ask, default={})

    def spooled(self) -> int:
        """Bytes of events waiting on disk."""
        return self._spool.size()

    def close(self) -> None:
        """Leave spooled events to another process."""
        self._spool.close()

    def drain(self) -> int:
        """Bring spooled lines to the stream once Redis is back; returns how many. For a background thread."""
        return self._spool.drain(lambda texts: self._breaker.call(lambda: self._append(texts), default=False))

    def _write(self, call: str, texts: list[str], lines: Lines, now: float) -> bool:
        if not texts and not lines.taken and not lines.freed:
            return True
        keys = [STREAM, *(LIVE + regulator for regulator in lines.freed + lines.taken)]
        counts = (len(lines.freed), len(lines.taken))
        return bool(self._step(keys, [CAP, call, now, LIVE_FOR, *counts, *texts]) == 1)

    def _append(self, texts: list[str]) -> bool:
        return self._write("", texts, Lines(), 0)
