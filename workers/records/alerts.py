"""Alerts: opened once, told in one message a round, repeated until acknowledged, closed when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from config.journal import FEDERATION, Change, append
from workers.records import chosen
from workers.records.conditions import Condition, Thresholds, in_sql
from workers.records.heralds import Notice, Route, Routes
from workers.records.tables import alerts

AGAIN = timedelta(minutes=30)  # an alert nobody acknowledged is told again
QUIET = timedelta(minutes=2)  # without the condition: over, and not merely flickering
log = structlog.get_logger(__name__)


class Alerts:
    """The watch over everything; one instance a ledger process. Without `limits`, those chosen in SQL.

    `outside` looks at what needs no database, and never raises; `beside` asks more of the database.
    """

    def __init__(
        self,
        engine: Engine,
        routes: Routes,
        send: Callable[[Route, Sequence[Notice]], bool],
        outside: Callable[[datetime], list[Condition]],
        beside: Sequence[Callable[[datetime], Iterable[Condition]]] = (),
        limits: Thresholds | None = None,
    ) -> None:
        self._engine, self._routes, self._send, self._outside = engine, routes, send, outside
        self._beside, self._limits = beside, limits
        self._known_routes: Sequence[Route] = ()
        self._sql_down_told: datetime | None = None

    def round(self, now: datetime) -> int:
        """Look at everything, tell what is new or unheeded; returns how many notices were told."""
        found = self._outside(now)
        try:
            asked = [one for ask in self._beside for one in ask(now)]
            with self._engine.begin() as connection:
                self._known_routes = self._routes.active(connection)
                found += in_sql(connection, now, self._limits or chosen.thresholds(connection))
                notices = [*_noted(connection, [*found, *asked], now), *_over(connection, now)]
        except SQLAlchemyError as fault:
            return self._without_sql(found, fault, now)
        self._sql_down_told = None
        return self._tell(notices)

    def _without_sql(self, found: list[Condition], fault: SQLAlchemyError, now: datetime) -> int:
        """The database is what is wrong: memory stands in for it, and the routes are those last read."""
        if self._sql_down_told and now - self._sql_down_told < AGAIN:
            return 0
        self._sql_down_told = now
        down = Condition("sql_down", "", f"La base ne répond pas ({type(fault).__name__}).")
        return self._tell([Notice(one, now, over=False, id=None) for one in (down, *found)])

    def _tell(self, notices: Sequence[Notice]) -> int:
        """One message for each route, with everything that concerns it."""
        for notice in notices:
            log.warning("alert", kind=notice.condition.kind, scope=notice.condition.scope, over=notice.over)
        for route in self._known_routes:
            mine = [notice for notice in notices if route.concerns(notice.condition.scope)]
            if mine and not self._send(route, mine):
                log.error("alert_not_sent", channel=route.channel)
        return len(notices)


def acknowledged(engine: Engine, alert_id: str, by: str, now: datetime) -> bool:
    """Somebody takes care of an alert: it is told no more. False when it is over, or taken already."""
    alive = (alerts.c.id == alert_id) & alerts.c.closed_at.is_(None) & alerts.c.acknowledged_at.is_(None)
    with engine.begin() as connection:
        taken = update(alerts).where(alive).values(acknowledged_at=now, acknowledged_by=by[:80])
        if not connection.execute(taken).rowcount:
            return False
        said = connection.scalar(select(alerts.c.said).where(alerts.c.id == alert_id))
        append(connection, by, [Change(FEDERATION, "alert_taken", str(said))])
    return True


def open_alerts(connection: Connection) -> Sequence[Any]:
    """What is wrong now, the oldest first (rows of `alerts`)."""
    return connection.execute(
        select(alerts).where(alerts.c.closed_at.is_(None)).order_by(alerts.c.opened_at)
    ).all()


def _noted(connection: Connection, found: Sequence[Condition], now: datetime) -> list[Notice]:
    known = {(row.kind, row.scope): row for row in open_alerts(connection)}
    told = []
    for condition in found:
        row = known.get((condition.kind, condition.scope))
        unheeded = row is not None and row.acknowledged_at is None and now - row.told_at >= AGAIN
        alert_id = row.id if row is not None else str(uuid4())
        if row is None:
            connection.execute(insert(alerts).values(_row(alert_id, condition, now)))
        else:
            changes = {"seen_at": now, "said": condition.said}
            connection.execute(
                update(alerts)
                .where(alerts.c.id == row.id)
                .values(changes | ({"told_at": now} if unheeded else {}))
            )
        if row is None or unheeded:
            told.append(Notice(condition, now, over=False, id=alert_id))
    return told


def _row(alert_id: str, condition: Condition, now: datetime) -> dict[str, Any]:
    what = {"kind": condition.kind, "scope": condition.scope, "said": condition.said}
    return what | {"id": alert_id, "opened_at": now, "seen_at": now, "told_at": now}


def _over(connection: Connection, now: datetime) -> list[Notice]:
    over = [row for row in open_alerts(connection) if now - row.seen_at >= QUIET]
    for row in over:
        connection.execute(update(alerts).where(alerts.c.id == row.id).values(closed_at=now))
    return [Notice(Condition(row.kind, row.scope, row.said), now, over=True, id=row.id) for row in over]
