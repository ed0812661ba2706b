"""Closures kept secret until their hour: the journal of the association they close is told of them then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from config import journal
from config.stores import database_now, reading
from routing.closures import secret
from routing.differences import differences
from routing.document import Closure, Document
from routing.tables import untold


def keep(connection: Connection, document: Document, author: str, now: datetime) -> None:
    """Note what this document keeps secret and from whom, in the transaction that puts it in force.

    What was secret and is withdrawn is forgotten; what is public before its hour is due at once. The
    federation's closures are the nation's: its own journal has told of them.
    """
    held = {one.id: one for one in document.closures}
    wanted = {name: one for name, one in held.items() if one.association and secret(one, now)}
    known = set(connection.scalars(sa.select(untold.c.closure)))
    for name in known:
        mine = untold.c.closure == name
        if name not in held:
            connection.execute(untold.delete().where(mine))
        else:
            connection.execute(untold.update().where(mine).values(at=_hour(wanted.get(name), now)))
    rows = [
        {"closure": name, "association": one.association, "author": author, "at": _hour(one, now)}
        for name, one in wanted.items()
        if name not in known
    ]
    if rows:
        connection.execute(untold.insert(), rows)


def _hour(closure: Closure | None, now: datetime) -> datetime:
    # SQLite drops the offset: what is kept is UTC.
    return ((closure and closure.published_at) or now).astimezone(UTC)


def tell_due(engine: Engine, in_force: Callable[[], tuple[int, Document] | None]) -> int:
    """Tell each association of the closures that are secret no more; how many.

    For a clock that calls it every few seconds: two clocks may run, one of them tells.
    """
    with reading(engine).connect() as connection:
        if not connection.scalars(_come(connection)).all():
            return 0
    with engine.begin() as connection:
        rows = connection.execute(_come(connection).with_for_update()).all()
        version, document = (rows and in_force()) or (0, None)
        for row in rows:
            connection.execute(untold.delete().where(untold.c.closure == row.closure))
            subject = f"Règles n° {version} : une fermeture tenue secrète jusque-là par la fédération"
            for said in _in_words(document, row.closure):
                told = journal.Change(row.association, "closure_unveiled", subject, after=said)
                journal.append(connection, row.author, [told])
    return len(rows)


def _come(connection: Connection) -> sa.Select[tuple[str, str, str]]:
    return sa.select(untold).where(untold.c.at <= database_now(connection)).order_by(untold.c.closure)


def _in_words(document: Document | None, name: str) -> list[str]:
    """As if it had been added now; nothing of one that is in force no more."""
    if document is None:
        return []
    others = tuple(one for one in document.closures if one.id != name)
    without = document.model_copy(update={"closures": others})
    return [one.said for one in differences(without, document) if one.rule == f"closures/{name}"]
