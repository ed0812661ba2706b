"""The journal of changes: append-only rows, hash-chained per association, written with the change itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.dialects import postgresql, sqlite

from config.stores import database_now, reading

FEDERATION = ""  # the chain of what belongs to no association
NOTHING = "0" * 64  # what the first row of a chain follows
_metadata = sa.MetaData()
lines = sa.Table(
    "journal",
    _metadata,
    sa.Column("chain", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),  # ISO text, UTC: hashed exactly as it is stored
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
heads = sa.Table(
    "journal_heads",
    _metadata,
    sa.Column("chain", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What changed; never a patient's number or name. `chain` is an association's slug, "" for none."""

    chain: str
    action: str  # a word of the code; the console has it in French
    subject: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row, as read."""

    chain: str
    number: int
    at: datetime
    author: str
    action: str
    subject: str
    before: str
    after: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends. Noted elsewhere, it proves later that nothing before it was touched."""

    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain does not hold, and what is wrong there (French)."""

    chain: str
    number: int
    wrong: str


def append(connection: Connection, author: str, changes: Iterable[Change]) -> None:
    """Write changes inside the transaction that makes them: both happen, or neither.

    The chains' heads are locked in one order, so that two writers wait for each other and never for ever.
    """
    wanted = sorted(changes, key=lambda change: change.chain)
    if not wanted:
        return
    at = database_now(connection).astimezone(UTC).isoformat(timespec="microseconds")
    ends, rows = _locked(connection, sorted({change.chain for change in wanted})), []
    for change in wanted:
        end = ends[change.chain]
        row: dict[str, Any] = {name: _plain(value) for name, value in asdict(change).items()}
        row |= {
            "number": end.number + 1,
            "at": at,
            "author": _plain(author)[:120],
            "previous": end.hash,
        }
        row["hash"] = digest(row)
        ends[change.chain] = Head(change.chain, row["number"], row["hash"])
        rows.append(row)
    connection.execute(lines.insert(), rows)
    moved = heads.update().where(heads.c.chain == sa.bindparam("of"))
    connection.execute(
        moved.values(number=sa.bindparam("to"), hash=sa.bindparam("seal")),
        [{"of": end.chain, "to": end.number, "seal": end.hash} for end in ends.values()],
    )


def digest(row: dict[str, Any]) -> str:
    """The hash of a row: of everything in it, the hash before it included."""
    names = ("chain", "number", "at", "author", "action", "subject", "before", "after", "previous")
    canonical = json.dumps([row[name] for name in names], ensure_ascii=False, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def read(
    engine: Engine,
    chain: str | None = None,
    *,
    action: str = "",
    words: str = "",
    named: Mapping[str, str] | None = None,
    before: tuple[str, str, int] | None = None,
    limit: int = 50,
) -> tuple[Line, ...]:
    """The newest first, of one chain or (None) of all; `before`: (at, chain, number) of the last one seen.

    Every one of `words` must occur in the line, or in what `named` calls its action.
    """
    query = sa.select(lines).order_by(lines.c.at.desc(), lines.c.chain.desc(), lines.c.number.desc())
    if chain is not None:
        query = query.where(lines.c.chain == chain)
    if action:
        query = query.where(lines.c.action == action)
    for word in words.split()[:8]:
        fields = (lines.c.author, lines.c.subject, lines.c.before, lines.c.after)
        called = [one for one, name in (named or {}).items() if word.lower() in name]
        there = [field.icontains(word, autoescape=True) for field in fields]
        query = query.where(sa.or_(lines.c.action.in_(called), *there))
    if before is not None:
        query = query.where(sa.tuple_(lines.c.at, lines.c.chain, lines.c.number) < before)
    with reading(engine).connect() as connection:
        return tuple(map(_line, connection.execute(query.limit(limit))))


def verify(engine: Engine, noted: Iterable[Head] = ()) -> tuple[tuple[Head, ...], tuple[Fault, ...]]:
    """Every chain's head, and every fault: an edited, removed, added or reordered row, the last one included.

    `noted` are heads written down elsewhere: they must still be there, so that even whoever rewrites a whole
    chain with its head is found out.
    """
    with reading(engine).connect() as connection:
        if connection.dialect.name == "postgresql":  # one picture of both tables while others write
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        ends = {row.chain: Head(*row) for row in connection.execute(sa.select(heads))}
        found: list[Fault] = []
        seen: dict[tuple[str, int], str] = {}
        wanted = {(head.chain, head.number) for head in noted}
        ordered = connection.execute(
            sa.select(lines).order_by(lines.c.chain, lines.c.number).execution_options(yield_per=1000)
        )
        met = set()
        for chain, rows in groupby(ordered, key=lambda row: row.chain):
            met.add(chain)
            found += _walked(chain, rows, ends.get(chain), wanted, seen)
    found += [
        Fault(end.chain, end.number, "toutes les lignes de la chaîne ont été retirées")
        for end in ends.values()
        if end.chain not in met
    ]
    found += [
        Fault(head.chain, head.number, "ce n'est plus la ligne qui avait été notée")
        for head in noted
        if seen.get((head.chain, head.number)) != head.hash
    ]
    return tuple(ends[chain] for chain in sorted(ends)), tuple(found)


def _walked(
    chain: str,
    rows: Iterable[Row[Any]],
    end: Head | None,
    wanted: set[tuple[str, int]],
    seen: dict[tuple[str, int], str],
) -> Iterator[Fault]:
    last = Head(chain, 0, NOTHING)
    for row in rows:
        if row.number != last.number + 1:
            yield Fault(chain, last.number + 1, f"ligne retirée ou déplacée : la ligne {row.number} suit")
        elif row.previous != last.hash:
            yield Fault(chain, row.number, "ne suit pas la ligne d'avant")
        if row.hash != digest(dict(row._mapping)):
            yield Fault(chain, row.number, "ligne modifiée")
        last = Head(chain, row.number, row.hash)
        if (chain, row.number) in wanted:
            seen[chain, row.number] = row.hash
    if end is None:
        yield Fault(chain, last.number, "la fin de la chaîne n'est notée nulle part")
    elif end != last:
        yield Fault(chain, max(last.number, end.number), f"la chaîne doit finir à la ligne {end.number}")


def _locked(connection: Connection, chains: list[str]) -> dict[str, Head]:
    """The heads of these chains, made where there are none, locked until the transaction ends."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    fresh = [{"chain": chain, "number": 0, "hash": NOTHING} for chain in chains]
    connection.execute(insert(heads).on_conflict_do_nothing(), fresh)
    query = sa.select(heads).where(heads.c.chain.in_(chains)).order_by(heads.c.chain).with_for_update()
    return {row.chain: Head(*row) for row in connection.execute(query)}


def _plain(text: str) -> str:
    """Without what PostgreSQL cannot keep, so that what is hashed is what is stored."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _line(row: Row[Any]) -> Line:
    told = {name: getattr(row, name) for name in Line.__dataclass_fields__}
    return Line(**told | {"at": datetime.fromisoformat(row.at)})
