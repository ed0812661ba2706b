"""Cases an association wants to stay true: at this place, for this need, then, that desk answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Engine, Row

from config import journal
from config.stores import database_now, reading
from routing.compiled import RuleBook
from routing.decision import decide
from routing.model import Located, Need, PlaceSource
from routing.tables import aware
from routing.tables import cases as _cases
from routing.words import NEEDS


@dataclass(frozen=True, slots=True)
class Case:
    """One of them. `name` is how people call it."""

    id: str
    association: str
    name: str
    commune: str  # INSEE code
    need: Need | None
    at: datetime  # aware; one instant, so that it means the same for ever
    regulator: str  # the desk that must ring first
    author: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that would not hold, and the desk that would ring instead."""

    case: Case
    instead: str


def failing(book: RuleBook, cases: Iterable[Case]) -> Iterator[Failure]:
    """Those that do not hold under this book."""
    for case in cases:
        found = answering(book, case.commune, case.need, case.at)
        if found != case.regulator:
            yield Failure(case, found)


def answering(book: RuleBook, commune: str, need: Need | None, at: datetime) -> str:
    """The desk that rings first, every line free."""
    return decide(book, Located(commune, 1.0, PlaceSource.CHOSEN), need, at).targets[0].regulator


def named(place: str, need: Need | None, at: str) -> str:
    """« Pau, visite à domicile, lundi 3 h »."""
    return f"{place}, {NEEDS[need] if need else 'besoin non dit'}, {at}"[:120]


def kept(engine: Engine, association: str | None = None) -> tuple[Case, ...]:
    """An association's, or everybody's, in the order they were made."""
    query = sa.select(*(_cases.c[name] for name in Case.__dataclass_fields__)).order_by(_cases.c.made_at)
    if association is not None:
        query = query.where(_cases.c.association == association)
    with reading(engine).connect() as connection:
        return tuple(map(_case, connection.execute(query).all()))


def keep(
    engine: Engine,
    association: str,
    name: str,
    commune: str,
    need: Need | None,
    at: datetime,
    regulator: str,
    author: str,
) -> str:
    """One more; its id."""
    made = str(uuid4())
    values = {"name": name, "commune": commune, "need": need, "at": at.astimezone(UTC), "author": author}
    with engine.begin() as connection:
        now = database_now(connection)
        row = {"id": made, "association": association, "regulator": regulator, "made_at": now, **values}
        connection.execute(_cases.insert().values(**row))
        told = journal.Change(association, "case_kept", f"Cas enregistré : {name}", after=regulator)
        journal.append(connection, author, [told])
    return made


def drop(engine: Engine, association: str, case_id: str, by: str) -> bool:
    """It need not hold any more. False when there was no such one."""
    mine = (_cases.c.id == case_id) & (_cases.c.association == association)
    with engine.begin() as connection:
        row = connection.execute(sa.select(_cases.c.name, _cases.c.regulator).where(mine)).first()
        if row is None or not connection.execute(_cases.delete().where(mine)).rowcount:
            return False
        told = journal.Change(
            association, "case_dropped", f"Cas enregistré : {row.name}", before=row.regulator
        )
        journal.append(connection, by, [told])
    return True


def _case(row: Row[Any]) -> Case:
    need = Need(row.need) if row.need else None
    return Case(**{**row._mapping, "need": need, "at": aware(row.at)})
