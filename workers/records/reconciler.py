"""Asks the carrier's own list for calls that never ended here, and for callers we never saw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from config.stores import reading
from routing import numbers
from workers.callbacks.telephony import Carrier, Leg
from workers.callbacks.vault import Vault
from workers.records.callrecord import Outcome
from workers.records.events import Event
from workers.records.ledger import Ledger
from workers.records.tables import journals, lost_callers, records
from workers.records.tables import record_settings as marks

SILENT = timedelta(minutes=3)  # without news, an open call is asked for
SETTLE = timedelta(minutes=2)  # the carrier's list lags, and so may our own stream
LOOK_BACK = timedelta(hours=2)  # of the list, before the last time it was asked: calls end after they began
FURTHEST = timedelta(days=30)  # within JOURNAL_KEPT: what is older could not be counted
MARK = "reconciled_until"  # in record_settings: when the list was last gone through
KEPT = timedelta(hours=72)  # a lost caller's number
AT_ONCE = 200
GIVEN_UP = (Outcome.ABANDONED.value, Outcome.LAST_RESORT.value)
log = structlog.get_logger(__name__)


class Reconciler:
    """Both questions, each safe to repeat: what is found becomes events with ids of their own."""

    def __init__(self, engine: Engine, carrier: Carrier, ledger: Ledger, vault: Vault) -> None:
        self._engine, self._carrier, self._ledger = engine, carrier, ledger
        self._vault = vault

    def end_silent_calls(self, now: datetime) -> int:
        """Close calls whose last status was lost; returns how many."""
        ended = []
        for call in self._silent(now):
            leg = self._carrier.leg(call)
            if leg is None:
                break  # the carrier cannot say: next time
            if leg.over:
                ended.append(_end(leg, now))
        if ended:
            self._ledger.take([event.text() for event in ended], now)
        return len(ended)

    def find_lost_callers(self, now: datetime, since: datetime | None = None) -> int:
        """Calls the carrier had and no event tells of: counted, and kept to be rung back. How many.

        The numbers of those who gave up before anybody answered are read in the same list, and kept likewise.
        Looks back to the last time it did, however long ago: an outage of ours hides no caller.
        """
        legs = self._carrier.calls_since(since or self._since(now))
        if legs is None:
            return 0
        settled = [leg for leg in legs if leg.inbound and leg.over and (leg.created or now) < now - SETTLE]
        unseen = self._unseen(settled)
        self._keep([*unseen, *self._given_up(settled, now)], now)
        if unseen:
            log.error("callers_lost", count=len(unseen))
            self._ledger.take([_end(leg, now).text() for leg in unseen], now)
        self._note(now)
        return len(unseen)

    def forget_old(self, now: datetime) -> int:
        """Numbers older than 72 h; returns how many."""
        with self._engine.begin() as connection:
            old = delete(lost_callers).where(lost_callers.c.began_at <= now - KEPT)
            return int(connection.execute(old).rowcount)

    def _since(self, now: datetime) -> datetime:
        """Before the mark; without one, before the last event known; and never after the usual look back."""
        with reading(self._engine).begin() as connection:
            marked = connection.scalar(select(marks.c.changed_at).where(marks.c.name == MARK))
            known = marked or connection.scalar(select(func.max(journals.c.heard_at)))
        return max(min(known or now, now) - LOOK_BACK, now - FURTHEST)

    def _note(self, now: datetime) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(marks).where(marks.c.name == MARK))
            connection.execute(insert(marks).values(name=MARK, value=0, changed_at=now))

    def _silent(self, now: datetime) -> Sequence[str]:
        query = select(journals.c.call).where(~journals.c.closed, journals.c.heard_at < now - SILENT)
        with reading(self._engine).begin() as connection:
            return connection.scalars(query.order_by(journals.c.heard_at).limit(AT_ONCE)).all()

    def _unseen(self, legs: Sequence[Leg]) -> list[Leg]:
        """Calls without a journal, and those whose every webhook but the status failed."""
        sids = [leg.sid for leg in legs]
        missed = select(records.c.call).where(
            records.c.call.in_(sids),
            records.c.outcome == Outcome.MISSED.value,
            records.c.call.not_in(select(lost_callers.c.call)),
        )
        with reading(self._engine).begin() as connection:
            known = set(connection.scalars(select(journals.c.call).where(journals.c.call.in_(sids))))
            known -= set(connection.scalars(missed))
        return [leg for leg in legs if leg.sid not in known]

    def _given_up(self, legs: Sequence[Leg], now: datetime) -> list[Leg]:
        """Calls that are counted as lost, but for those hung up at once, their numbers not yet kept."""
        recent = {leg.sid: leg for leg in legs if (leg.created or now) > now - KEPT}
        lost = select(records.c.call).where(
            records.c.call.in_(recent),
            records.c.outcome.in_(GIVEN_UP),
            records.c.call.not_in(select(lost_callers.c.call)),
        )
        with reading(self._engine).begin() as connection:
            return [recent[call] for call in connection.scalars(lost)]

    def _keep(self, legs: Sequence[Leg], now: datetime) -> None:
        """Seal these callers' numbers. Who shows none is counted, and nobody to ring."""
        shown = [(leg, number) for leg in legs if (number := numbers.normalise(leg.shown))]
        if not shown:
            return
        made = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        rows = [
            {
                "call": leg.sid,
                "number_sealed": self._vault.seal(number, "lost_callers", "number", leg.sid),
                "number_index": self._vault.index(number),
                "began_at": leg.created or now,
                "found_at": now,
            }
            for leg, number in shown
        ]
        with self._engine.begin() as connection:
            connection.execute(made(lost_callers).on_conflict_do_nothing(), rows)


def _end(leg: Leg, now: datetime) -> Event:
    """What the lost status webhook would have said; its sequence is below any real one's."""
    ended = leg.ended or now
    began = leg.created or (ended - timedelta(seconds=leg.seconds or 0))
    data = (
        ("status", leg.status if leg.status in {"busy", "failed", "no-answer", "canceled"} else "completed"),
        ("sequence", -1),
        ("seconds", leg.seconds or 0),
        ("stamp", ended.astimezone(UTC).isoformat()),
        ("direction", "inbound"),
    )
    return Event(f"{leg.sid}:listed", leg.sid, "status", began.astimezone(UTC), data)
