"""The short call that tells a landline of a delay, through the whole service: who is dialled on key 2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import text

from config import migrate
from config.stores import engine
from routing import store
from routing.model import Need
from tests.conftest import environment
from tests.service import Service, running
from tests.signed import fields_of, post
from voice import leg_prompts
from workers.callbacks.callback import Booking, State
from workers.callbacks.links import Links
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault

LANDLINE, TOULOUSES_POOL, NATIONAL = "+33536490001", "+33536495250", "+33199003600"
RANG, PROMISED = datetime(2026, 1, 13, 9, 0, tzinfo=UTC), timedelta(minutes=5)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Service]:
    with running(environment(tmp_path_factory.mktemp("notice"), redis_server)) as made:
        migrate.upgrade(made.settings)
        store.ensure_demo(engine(made.settings))
        made.app.extensions["closing"].book.refresh()
        yield made


@dataclass
class Landline:
    """The telephone that was rung for one call-back, and the carrier's requests for it."""

    service: Service
    sid: str = "CAnotice"

    def booked(self) -> str:
        booking = Booking("CAb", LANDLINE, Need.TELECONSULTATION, RANG, RANG + PROMISED, "31555", "toulouse")
        return self.callbacks.book(booking).id

    @property
    def callbacks(self) -> Callbacks:
        settings = self.service.settings
        return Callbacks(engine(settings), Vault.of(settings.secret_keys))

    def rung(self, callback_id: str) -> str:
        settings = self.service.settings
        return self.ask(Links(settings.public_url, settings.secret_keys).notice("notice", callback_id))

    def ask(self, url: str, **fields: str) -> str:
        path, client = url.removeprefix(self.service.settings.public_url), self.service.app.test_client()
        answer = post(client, self.service, path, CallSid=self.sid, To=LANDLINE, **fields)
        assert answer.status_code == 200
        return unescape(answer.get_data(as_text=True))

    def someone(self, told: str) -> str:
        """Key 2, and where the call goes on."""
        (on,) = re.findall(r"<Redirect[^>]*>([^<]+)<", self.ask(fields_of(told)[0], Digits="2"))
        return self.ask(on)


def dialled(document: str) -> list[str]:
    return re.findall(r"<Number[^>]*>([^<]+)<", document)


def test_on_key_2_the_associations_own_pool_is_dialled(service: Service) -> None:
    phone = Landline(service)
    callback_id = phone.booked()
    told = phone.rung(callback_id)
    assert "Pour parler à quelqu'un" in told
    rung = phone.someone(told)
    assert "Je vous passe quelqu'un" in rung
    assert dialled(rung) == [TOULOUSES_POOL]
    kept = phone.callbacks.get(callback_id)
    assert kept is not None
    assert kept.state is State.DUE


def test_with_the_database_gone_the_promise_stands_and_key_2_still_rings_someone(service: Service) -> None:
    phone = Landline(service, "CAdark")
    callback_id = phone.booked()
    told = phone.rung(callback_id)
    with engine(service.settings).begin() as connection:
        connection.execute(text("ALTER TABLE callbacks RENAME TO callbacks_away"))
    try:
        assert dialled(phone.someone(told)) == [NATIONAL]
        for answer in (phone.rung(callback_id), phone.ask(fields_of(told)[0], Digits="1")):
            assert leg_prompts.NOTICE_FAILED in answer
    finally:
        with engine(service.settings).begin() as connection:
            connection.execute(text("ALTER TABLE callbacks_away RENAME TO callbacks"))
    assert leg_prompts.NOTICE_FAILED in phone.ask("/voice/legs/notice-sorry", ErrorCode="11200")
