"""Call-backs promised, and how many of the promises were kept: read from the call-backs' own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, Select, bindparam, cast, func, select

from workers.callbacks.callback import Conclusion
from workers.callbacks.tables import Instant, callbacks
from workers.records import paris

MINUTES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 360)  # edges of the classes of delays
_c = callbacks.c


@dataclass(frozen=True, slots=True)
class Promises:
    """Call-backs promised in a span and what became of them; delays go from the promise to t3."""

    promised: int = 0
    kept: int = 0
    late: int = 0
    joined: int = 0
    within_10_min: int = 0
    within_20_min: int = 0
    tries: int = 0
    to_the_15: int = 0
    delay_50: float | None = None  # minutes
    delay_90: float | None = None

    @property
    def kept_rate(self) -> float | None:
        """Tenus / promised."""
        return round(self.kept / self.promised, 4) if self.promised else None


# What the screens say beside each figure, as `figures.DEFINITIONS`.
DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "promised": ("Rappels à faire", "Demandes de rappel enregistrées, quelle qu'en soit l'origine."),
    "kept": ("Rappels tenus", "Le patient a eu un médecin en ligne avant l'heure annoncée."),
    "late": (
        "Rappels en retard",
        "Joint après l'heure annoncée, ou pas encore joint alors qu'elle est passée.",
    ),
    "joined": ("Patients joints", "Un médecin et le patient se sont parlé (t3), à l'heure ou non."),
    "within_10_min": ("Rappelés en 10 min", "Un médecin en ligne dix minutes au plus après la demande."),
    "within_20_min": ("Rappelés en 20 min", "Un médecin en ligne vingt minutes au plus après la demande."),
    "tries": ("Tentatives", "Essais de rappel, aboutis ou non."),
    "delay_50": ("Délai de rappel, médian", "Un rappel sur deux joint le patient plus tôt, en minutes."),
    "delay_90": (
        "Délai de rappel, 90e centile",
        "Neuf rappels sur dix joignent le patient plus tôt, en minutes.",
    ),
}


def promises(
    connection: Connection, first: date, last: date, association: str | None, now: datetime | None = None
) -> Promises:
    """Call-backs asked for between two days, both counted. With `now`, one open past its time is late too."""
    query = _asked(connection.dialect.name, now is not None)
    if association:
        query = query.where(_c.association == association)
    return _told(connection.execute(query, _within(first, last, now)).mappings().one())


def promises_by_association(
    connection: Connection, first: date, last: date, now: datetime | None = None
) -> dict[str, Promises]:
    """The same for each association at once; "" is nobody's."""
    query = _asked(connection.dialect.name, now is not None)
    rows = connection.execute(
        query.add_columns(_c.association).group_by(_c.association), _within(first, last, now)
    )
    return {row["association"] or "": _told(row) for row in rows.mappings()}


def _within(first: date, last: date, now: datetime | None) -> dict[str, datetime]:
    span = {"first": paris.began(first), "ended": paris.began(last + timedelta(days=1))}
    return span | {"now": now} if now else span


@lru_cache(maxsize=4)
def _asked(dialect: str, judged: bool) -> Select[Any]:
    """Built once: a table of months asks it thirteen times. `judged`: one open past its time is late."""
    late = _c.kept_at > _c.promised_by
    if judged:
        late = late | (_c.kept_at.is_(None) & (_c.promised_by < bindparam("now", type_=Instant)))
    delay = _seconds_between(dialect, _c.asked_at, _c.kept_at) / 60
    columns = {
        "promised": func.count(),
        "kept": _counting(_c.kept_at <= _c.promised_by),
        "late": _counting(late),
        "joined": _counting(_c.kept_at.is_not(None)),
        "tries": func.coalesce(func.sum(_c.tries), 0),
        "to_the_15": _counting(_c.conclusion == Conclusion.FIFTEEN.value),
    } | {f"upto_{edge}": _counting(delay <= edge) for edge in MINUTES}
    span = (bindparam(name, type_=Instant) for name in ("first", "ended"))
    return select(*(column.label(name) for name, column in columns.items())).where(
        _c.asked_at >= next(span), _c.asked_at < next(span)
    )


def _told(row: Mapping[Any, Any]) -> Promises:
    upto = {edge: int(row[f"upto_{edge}"]) for edge in MINUTES}
    counts = {name: int(row[name]) for name in ("promised", "kept", "late", "joined", "tries", "to_the_15")}
    return Promises(
        **counts,
        within_10_min=upto[10],
        within_20_min=upto[20],
        delay_50=_centile(upto, counts["joined"], 0.5),
        delay_90=_centile(upto, counts["joined"], 0.9),
    )


def _centile(upto: Mapping[int, int], joined: int, rank: float) -> float | None:
    """Drawn within its class of delays; 360 stands for « above »."""
    wanted, below, lower = rank * joined, 0, 0
    for edge, count in upto.items():
        if count > below and count >= wanted:
            return round(lower + (edge - lower) * (wanted - below) / (count - below), 1)
        below, lower = count, edge
    return float(MINUTES[-1]) if joined else None


def _counting(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def _seconds_between(
    dialect: str, start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[float]:
    if dialect == "postgresql":
        return cast(func.extract("epoch", end - start), Float)
    return (func.julianday(end) - func.julianday(start)) * 86_400
