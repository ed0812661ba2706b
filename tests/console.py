"""A console over real SQL with the demonstration's rules, and people who enter it through its own forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import stores
from config.settings import Settings
from console.access import tables
from console.access.door import KEY
from console.access.roles import Grant, Role, Stage
from console.app import create_app
from console.office import Office
from routing import store
from tests.conftest import until, up_to_date

EVENING = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # 23 h in Pau
PASSWORD = "une phrase pour le soir"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class Clock:
    """A clock the test moves."""

    at: datetime = EVENING

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Console:
    """One console, and the accounts made for it."""

    app: Flask
    clock: Clock
    accounts: dict[str, str] = field(default_factory=dict)

    @property
    def office(self) -> Office:
        office: Office = self.app.extensions["office"]
        return office

    def person(self, role: Role, association: str | None = None, *, second: bool = True) -> str:
        """An account's e-mail, made when it is first asked for."""
        email = f"{role.value}@{association or 'federation'}.example"
        if email not in self.accounts:
            made = self.office.accounts.create(
                email, email.partition("@")[0], (Grant(role, association),), self.clock()
            )
            with self.office.engine.begin() as connection:
                mine = tables.accounts.update().where(tables.accounts.c.id == made)
                connection.execute(mine.values(password=_hashed()))
            if second:
                self.office.second.set(made, SECRET, self.clock())
            self.accounts[email] = made
        return email

    def entered(self, role: Role, association: str | None = None) -> Browser:
        """Somebody of this role, within as after both factors; how people enter has tests of its own."""
        browser, account = self.browser(), self.office.accounts.by_email(self.person(role, association))
        assert account
        self.clock.advance(seconds=60)
        address = self.office.slowing.address("127.0.0.1")  # known from now on, as the forms make it
        key = self.office.sessions.begin(account, Stage.FULL, address, "Firefox", self.clock())
        with browser.client.session_transaction() as held:
            held[KEY] = key
        return browser

    def browser(self) -> Browser:
        """Somebody who has not entered."""
        return Browser(self.app.test_client())

    def code(self) -> str:
        """What the telephone's application shows now."""
        return pyotp.TOTP(SECRET).at(int(self.clock().timestamp()))


@dataclass
class Browser:
    """Sends forms as a browser does: with the token of the page they are on."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def send(self, path: str, page: str | None = None, **form: object) -> TestResponse:
        """POST a form found on `page` (the path itself when not told)."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page or path).text)
        assert token, f"no form on {page or path}"
        return self.client.post(path, data={**form, "csrf_token": token[1]})


@cache
def _hashed() -> str:
    """Slow on purpose: once for all the people of the tests."""
    return PasswordHasher().hash(PASSWORD)


@contextmanager
def console(settings: Settings, clock: Clock | None = None) -> Iterator[Console]:
    """A console with the demonstration's rules published."""
    clock = clock or Clock()
    up_to_date(settings)
    engine = stores.engine(settings)
    store.ensure_demo(engine)
    engine.dispose()
    made = Console(create_app(settings, clock), clock)
    until(lambda: made.office.book.version > 0)  # a busy machine may take longer than a start waits
    yield made
    made.office.live_book.stop()
    made.office.engine.dispose()
