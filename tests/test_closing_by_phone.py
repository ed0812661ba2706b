"""Closing by telephone: who may, what is read back, and what the next patient meets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config import migrate
from routing import store
from routing.decision import decide
from routing.model import Located, Need, Outcome, PlaceSource
from tests.conftest import environment
from tests.service import Service, running
from tests.signed import fields_of, post
from workers.callbacks.vault import Vault
from workers.closers import CloserRefused, Closers

NIGHT = datetime(2026, 1, 13, 22, 10, tzinfo=UTC)  # 23 h 10 in Pau
TELEPHONE, OTHER, THIRD, PIN = "+33639980011", "+33639980014", "+33639980015", "4321"
PAU = Located("64445", 1.0, PlaceSource.POSTCODE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Service]:
    """One service for all of these: each test that closes something opens it again."""
    with running(environment(tmp_path_factory.mktemp("closing"), redis_server)) as made:
        migrate.upgrade(made.settings)
        store.ensure_demo(_engine(made))
        made.app.extensions["closing"].book.refresh()
        _closers(made).register("pau", "Mme Lacaze", TELEPHONE, PIN, "Mme Garat")
        _closers(made).register("bayonne", "M. Etcheverry", OTHER, PIN, "Mme Garat")
        _closers(made).register("bordeaux", "Mme Dupuy", THIRD, PIN, "Mme Garat")
        yield made


@pytest.fixture(autouse=True)
def night(service: Service) -> None:
    service.clock.at = NIGHT


def _engine(service: Service) -> Engine:
    sql: Engine = service.app.extensions["closing"].sql
    return sql


def _closers(service: Service) -> Closers:
    return Closers(_engine(service), Vault.of(service.settings.secret_keys))


class Phone:
    """One call to the closing line, keys one after the other."""

    def __init__(self, service: Service, number: str = TELEPHONE, sid: str = "CAfermeture01") -> None:
        self._service, self._client, self._sid = service, service.app.test_client(), sid
        self.number = number
        self.said = self._post("/voice/closing")

    def press(self, keys: str) -> str:
        where = fields_of(self.said)[0].removeprefix(self._service.settings.public_url)
        self.said = self._post(where, Digits=keys)
        return self.said

    def _post(self, path: str, **fields: str) -> str:
        call = {"CallSid": self._sid, "From": self.number, "To": "+33199003699"}
        answer = post(self._client, self._service, path, **call, **fields)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)


def visits_of_pau(service: Service) -> Outcome:
    book = service.app.extensions["closing"].book.current
    return decide(book, PAU, Need.VISIT, service.clock.at).outcome


def test_visits_close_until_six_after_the_read_back_and_open_again(service: Service) -> None:
    phone = Phone(service)
    assert "Tapez votre code" in phone.said
    assert "SOS Médecins, Pau." in phone.press(PIN)
    assert "Jusqu'à 6 heures, tapez 2" in phone.press("1").replace("&#x27;", "'").replace("&#39;", "'")
    read_back = phone.press("2")
    assert "visite à domicile, à Pau" in read_back
    assert "demain, 6 heures" in read_back
    assert visits_of_pau(service) is Outcome.CONNECT, "nothing is closed before it is confirmed"
    assert "est fermé" in phone.press("1")
    assert visits_of_pau(service) is Outcome.CLOSED
    closed = store.history(_engine(service))[0]
    assert (closed.author, closed.reason) == (
        "Mme Lacaze (par téléphone)",
        "Fermeture de Pau, par téléphone",
    )
    service.clock.at += timedelta(minutes=5)
    again = Phone(service, sid="CAfermeture02")
    assert "Fermé jusqu" in again.press(PIN)
    assert "Vous rouvrez Pau" in again.press("3")
    assert "est rouvert" in again.press("1")
    assert visits_of_pau(service) is Outcome.CONNECT


def test_a_repeated_confirmation_closes_once(service: Service) -> None:
    phone = Phone(service, OTHER)
    for keys in (PIN, "2", "1"):
        phone.press(keys)
    confirm = phone.said
    phone.press("1")
    version = store.current_version(_engine(service))
    phone.said = confirm
    phone.press("1")
    assert store.current_version(_engine(service)) == version
    document = service.app.extensions["closing"].book.current.document
    assert [c.needs for c in document.closures if c.association == "bayonne"] == [()]


@pytest.mark.parametrize("keys", [("1", "2", "2"), ("1", "2", ""), ("1", ""), ("",), ("3", "2")])
def test_whoever_hesitates_changes_nothing(service: Service, keys: tuple[str, ...]) -> None:
    before, phone = store.current_version(_engine(service)), Phone(service)
    phone.press(PIN)
    for key in keys:
        phone.press(key)
    assert "Rien n" in phone.said
    assert "Hangup" in phone.said
    assert store.current_version(_engine(service)) == before


def test_an_unclear_key_asks_the_same_again(service: Service) -> None:
    phone = Phone(service)
    phone.press(PIN)
    assert "pas compris" in phone.press("9")
    phone.press("1")
    assert "pas compris" in phone.press("8")
    assert "Vous fermez" in phone.press("3")


def test_a_stranger_a_wrong_code_and_a_stolen_url_close_nothing(service: Service) -> None:
    before = store.current_version(_engine(service))
    assert "pas inscrit" in Phone(service, "+33639980012").said
    assert "refusé" in Phone(service, THIRD).press("0000")
    mine, other = Phone(service, THIRD), Phone(service, THIRD, sid="CAother")
    mine.press(PIN)
    other.said = mine.said
    assert "Rien n" in other.press("1"), "a URL is bound to its call"
    for _ in range(5):
        Phone(service, THIRD).press("0000")
    assert "refusé" in Phone(service, THIRD).press(PIN), "locked for a quarter of an hour"
    assert store.current_version(_engine(service)) == before


@pytest.mark.parametrize(
    ("label", "number", "pin"),
    [
        ("", TELEPHONE, PIN),
        ("Mme B", "+3624", PIN),
        ("Mme B", "+33639980013", "12"),
        ("Mme B", TELEPHONE, PIN),
    ],
)
def test_what_cannot_be_registered_is_refused(service: Service, label: str, number: str, pin: str) -> None:
    with pytest.raises(CloserRefused):
        _closers(service).register("pau", label, number, pin, "Mme Garat")
    assert [one.label for one in _closers(service).of("pau")] == ["Mme Lacaze"]


# The last of these: the service has no database afterwards.
def test_while_sql_is_gone_nobody_is_told_that_it_closed(service: Service, tmp_path: Path) -> None:
    phone = Phone(service)
    for keys in (PIN, "1", "2"):
        phone.press(keys)
    service.app.extensions["closing"].sql.dispose()
    (service.settings.var_dir / "3624.sqlite3").rename(tmp_path / "away.sqlite3")
    assert "Rien n" in phone.press("1")
