"""Brings events from the Redis stream and abandoned spools to the ledger; acknowledged after the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import ResponseError

from workers.callbacks.failpoints import failpoint
from workers.records.events import STREAM
from workers.records.ledger import Ledger, Taken
from workers.records.spool import Spool

GROUP, CONSUMER = "ledger", "ledger"  # one name: what a killed ledger left pending is the next one's
BATCH, FEWEST = (
    200,
    10,
)  # events a transaction, at first and at least; on PostgreSQL nobody waits for the ledger
BATCH_ROW_LOCKS = 500  # on PostgreSQL nobody waits for the ledger
LONG = 0.03  # seconds: SQLite has one writer, call-backs wait for it, and 50 ms are the most they may
log = structlog.get_logger(__name__)


class Intake:
    """One consumer of the stream. Two at a time (a deploy) only do some work twice, and count it once."""

    def __init__(self, redis: Redis, ledger: Ledger, spool: Spool) -> None:
        self._redis, self._ledger, self._spool = redis, ledger, spool
        self._pace = Pace(ledger.dialect)
        self._left_over = True  # what was read and never acknowledged comes first

    def take(self, block_ms: int = 1000) -> Taken | None:
        """One batch; None when nothing came in time. Raises what Redis or SQL raises, with nothing lost."""
        entries = self._read(block_ms)
        if not entries:
            return None
        failpoint("ledger_read")
        taken = self._pace.timed(lambda: self._ledger.take([_text(fields) for _, fields in entries]))
        pipe = self._redis.pipeline(transaction=True)
        ids = [entry for entry, _ in entries]
        pipe.xack(STREAM, GROUP, *ids)
        pipe.xdel(STREAM, *ids)
        pipe.execute()
        failpoint("ledger_acknowledged")
        return taken

    def drain(self) -> int:
        """Count what lies in spool files that no voice process is writing; works without Redis."""

        def take(lines: list[str]) -> bool:
            done = 0
            while done < len(lines):
                part = lines[done : done + self._pace.batch]
                self._pace.timed(lambda: self._ledger.take(part))  # noqa: B023 - called at once
                done += len(part)
            return True

        return self._spool.drain(take)

    def waiting(self) -> int:
        """Events not counted yet."""
        return int(self._redis.xlen(STREAM))

    def _read(self, block_ms: int) -> Sequence[tuple[bytes, Any]]:
        if self._left_over:
            entries = self._asked("0", None)
            if entries:
                return entries
            self._left_over = False
        return self._asked(">", block_ms)

    def _asked(self, start: str, block_ms: int | None) -> Sequence[tuple[bytes, Any]]:
        try:
            found: Any = self._redis.xreadgroup(GROUP, CONSUMER, {STREAM: start}, self._pace.batch, block_ms)
        except ResponseError as fault:
            if "NOGROUP" not in str(fault):
                raise
            # The first start, or a Redis that has lost everything: whatever the stream holds is counted.
            self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            return []
        streams = found.items() if isinstance(found, dict) else found or []
        for _, entries in streams:
            flat = entries[0] if entries and isinstance(entries[0], list) else entries
            return [(entry, fields) for entry, fields in flat]
        return []

    def again(self) -> None:
        """After a fault: what was read and not acknowledged is read again."""
        self._left_over = True


class Pace:
    """How many events a transaction takes: on SQLite as many as this disk and this base write in `LONG`."""

    def __init__(self, dialect: str) -> None:
        self._most = self.batch = BATCH_ROW_LOCKS if dialect == "postgresql" else BATCH
        self._fixed = dialect == "postgresql"

    def timed(self, work: Callable[[], Taken]) -> Taken:
        """Do one batch, and learn from how long it took."""
        began = time.perf_counter()
        taken = work()
        self.learn(taken.events, time.perf_counter() - began)
        return taken

    def learn(self, events: int, seconds: float) -> None:
        """Halve after a long one; grow slowly after a full and short one."""
        if self._fixed or not events:
            return
        if seconds > LONG:
            self.batch = max(FEWEST, self.batch // 2)
        elif events >= self.batch and seconds < LONG / 2:
            self.batch = min(self._most, self.batch + self.batch // 8 + 1)


def _text(fields: Any) -> str:
    # An entry deleted while pending has no fields: it was counted, and its acknowledgement lost.
    line = fields.get(b"e", b"") if fields else b""
    return str(line.decode(errors="replace"))
