"""Sessions in SQL: who entered, how far, from where; each can be ended at once. Redis plays no part."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Engine, insert, select, update

from config.stores import reading
from console.access.accounts import Account, grants_from
from console.access.ending import end_sessions, over
from console.access.roles import Stage, Way, Who
from console.access.tables import accounts, sessions

NOTED_EVERY = timedelta(minutes=1)
KNOWN_FOR = timedelta(days=90)
FRESH = timedelta(minutes=15)  # after entering: what guards the account may be changed


@dataclass(frozen=True, slots=True)
class Session:
    """One of an account's sessions, as its owner sees it."""

    id: str
    browser: str
    began_at: datetime
    seen_at: datetime
    way: Way


class Sessions:
    """Every method is one short transaction; `now` is the caller's clock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        account: Account,
        stage: Stage,
        address: str,
        browser: str,
        now: datetime,
        *,
        instead: str = "",
        way: Way = Way.PASSWORD,
    ) -> str:
        """A new session's key, for the cookie alone; the session `instead` (a key) ends with it."""
        key = secrets.token_urlsafe(32)
        row = {
            "digest": _digest(key),
            "id": str(uuid4()),
            "account_id": account.id,
            "stage": stage.value,
            "address": address,
            "browser": browser[:120],
            "began_at": now,
            "seen_at": now,
            "way": way.value,
        }
        with self._engine.begin() as connection:
            if instead:
                old = update(sessions).where(sessions.c.digest == _digest(instead))
                connection.execute(old.where(sessions.c.ended_at.is_(None)).values(ended_at=now))
            connection.execute(insert(sessions).values(row))
        return key

    def who(self, key: str, now: datetime, *, demonstrates: bool) -> Who | None:
        """Whose key this is, while the session lives. A demonstration account never enters for real."""
        query = select(sessions, accounts.c.name, accounts.c.email, accounts.c.demonstration).join(
            accounts, accounts.c.id == sessions.c.account_id
        )
        alive = (sessions.c.digest == _digest(key)) & sessions.c.ended_at.is_(None) & accounts.c.active
        with reading(self._engine).connect() as connection:
            row = connection.execute(query.where(alive)).one_or_none()
            if row is None or (row.demonstration and not demonstrates) or over(row, now):
                return None
            grants = grants_from(connection, row.account_id)
        if now - row.seen_at > NOTED_EVERY:
            with self._engine.begin() as connection:
                seen = update(sessions).where(sessions.c.digest == row.digest)
                connection.execute(seen.values(seen_at=now))
        fresh = now - row.began_at <= FRESH
        return Who(row.account_id, row.name, row.email, grants, row.id, Stage(row.stage), Way(row.way), fresh)

    def knows(self, account_id: str, address: str, now: datetime) -> bool:
        """Whether this account has entered from this address before, wholly."""
        query = select(sessions.c.id).where(
            sessions.c.account_id == account_id,
            sessions.c.address == address,
            sessions.c.stage == Stage.FULL,
            sessions.c.began_at > now - KNOWN_FOR,
        )
        with reading(self._engine).connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def listed(self, account_id: str, now: datetime) -> list[Session]:
        """The sessions that live, the newest first."""
        mine = (sessions.c.account_id == account_id) & sessions.c.ended_at.is_(None)
        with reading(self._engine).connect() as connection:
            rows = connection.execute(select(sessions).where(mine).order_by(sessions.c.seen_at.desc())).all()
        return [
            Session(row.id, row.browser, row.began_at, row.seen_at, Way(row.way))
            for row in rows
            if not over(row, now)
        ]

    def lives(self, session_id: str, now: datetime) -> bool:
        """Whether this session, entered wholly, is still under way."""
        query = select(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
        with reading(self._engine).connect() as connection:
            row = connection.execute(query).one_or_none()
        return row is not None and row.stage == Stage.FULL and not over(row, now)

    def end(self, account_id: str, session_id: str, now: datetime) -> bool:
        """End one of this account's sessions, on another device. False when it is not theirs, or over."""
        with self._engine.begin() as connection:
            return end_sessions(connection, account_id, now, only=session_id) == 1

    def end_others(self, account_id: str, mine: str, now: datetime) -> int:
        """End all of an account's sessions but this one; how many."""
        with self._engine.begin() as connection:
            return end_sessions(connection, account_id, now, but=mine)

    def leave(self, session_id: str, now: datetime) -> None:
        """Out by the door one came in by: neither is in the journal, which tells what was changed."""
        mine = update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
        with self._engine.begin() as connection:
            connection.execute(mine.values(ended_at=now))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
