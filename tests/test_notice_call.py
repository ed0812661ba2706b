"""The short call that tells a landline of a delay, through the whole service: who is dialled on key 2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from config import migrate
from config.stores import engine
from routing import store
from routing.model import Need
from tests.conftest import environment
from tests.service import Service, running
from tests.signed import fields_of, post
from workers.callbacks.callback import Booking, State
from workers.callbacks.links import Links
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault

LANDLINE, TOULOUSES_POOL = "+33536490001", "+33536495250"
RANG, PROMISED = datetime(2026, 1, 13, 9, 0, tzinfo=UTC), timedelta(minutes=5)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Service]:
    with running(environment(tmp_path_factory.mktemp("notice"), redis_server)) as made:
        migrate.upgrade(made.settings)
        store.ensure_demo(engine(made.settings))
        made.app.extensions["closing"].book.refresh()
        yield made


def test_on_key_2_the_associations_own_pool_is_dialled(service: Service) -> None:
    settings = service.settings
    callbacks = Callbacks(engine(settings), Vault.of(settings.secret_keys))
    booking = Booking("CAb", LANDLINE, Need.TELECONSULTATION, RANG, RANG + PROMISED, "31555", "toulouse")
    booked = callbacks.book(booking)
    client = service.app.test_client()

    def ask(url: str, **fields: str) -> str:
        path = url.removeprefix(settings.public_url)
        return post(client, service, path, CallSid="CAnotice", **fields).get_data(as_text=True)

    told = ask(Links(settings.public_url, settings.secret_keys).notice("notice", booked.id))
    assert "Pour parler à quelqu" in told
    (on,) = re.findall(r"<Redirect[^>]*>([^<]+)<", ask(fields_of(told)[0], Digits="2"))
    rung = ask(unescape(on))
    assert "Je vous passe quelqu" in rung
    assert re.findall(r"<Number[^>]*>([^<]+)<", rung) == [TOULOUSES_POOL]
    kept = callbacks.get(booked.id)
    assert kept is not None
    assert kept.state is State.DUE
