"""The synthetic call: through the real webhooks to the document that rings, and in no figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select

from config.settings import Settings
from config.stores import engine as engine_of
from routing import store
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.geography.places import Places
from routing.model import Need
from tests.conftest import until
from tests.service import Service, running
from workers import synthetic_calls
from workers.beats import Beats, heard
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.reserved import SYNTHETIC
from workers.records.tables import journals
from workers.synthetic import place_call, script
from workers.synthetic_calls import Outcome, failing, keep, latest

NOW = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.load()


@pytest.fixture
def service(env: dict[str, str], sqlite_engine: Engine, redis_client: Redis) -> Iterator[Service]:
    del redis_client
    store.ensure_demo(sqlite_engine)
    with running(env) as made:
        until(lambda: bool(made.app.extensions["health"].book.current.version))
        made.clock.at = datetime.now(UTC)
        yield made


@pytest.fixture(scope="module")
def book(places: Places) -> RuleBook:
    from routing.demo import demo_document

    return compile_book(demo_document(), 1, places)


def test_it_reaches_the_desk_the_rules_name_and_leaves_no_trace_in_the_figures(
    service: Service, book: RuleBook, places: Places, sqlite_engine: Engine, redis_client: Redis
) -> None:
    done = place_call(service.settings, book, places, "hand", 0, "pau")
    assert (done.ok, done.rang, done.said) == (True, "pau", "64000 (Pau) : Régulation Pau sonnerait.")
    assert [step for step, _ in done.steps] == ["arrivée", "code postal", "touche", "raccroché"]
    assert done.call.startswith(SYNTHETIC)
    assert len(done.call) == 34
    log = service.app.extensions["line"].log
    until(lambda: bool(log.drain() or redis_client.xlen("calls:events")))
    told = [fields[b"e"].decode() for _, fields in redis_client.xrange("calls:events")]
    assert any(done.call in line for line in told), "it went the way of every call"
    Ledger(sqlite_engine, MonthKeys(service.settings.secret_keys)).take(told)
    with sqlite_engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(journals)) == 0


def test_each_association_has_its_turn_and_no_turn_books_a_call_back(book: RuleBook, places: Places) -> None:
    found = [script(book, places, turn, NOW) for turn in range(len(book.associations))]
    assert len({one.association for one in found}) > 50
    for one in found:
        assert one.targets
        assert len(one.keys) <= 2
    assert Need.TELECONSULTATION not in {one.targets[0].regulator for one in found}


def test_a_service_that_is_away_is_told_and_two_such_calls_are_an_alert(
    settings: Settings, book: RuleBook, places: Places, sqlite_engine: Engine
) -> None:
    done = place_call(settings, book, places, "clock", 0, "pau")
    assert not done.ok
    assert done.said == "64000 (Pau) : « arrivée » : le service ne répond pas (ConnectionError)."
    keep(sqlite_engine, done)
    now = done.at + timedelta(seconds=1)
    assert failing(sqlite_engine, now) == ()
    keep(
        sqlite_engine, Outcome(**{n: getattr(done, n) for n in Outcome.__dataclass_fields__} | {"call": "2"})
    )
    (alert,) = failing(sqlite_engine, now)
    assert alert.kind == "synthetic_failed"
    assert "activez le renvoi de secours" in alert.next_step
    assert failing(sqlite_engine, now + timedelta(hours=1)) == (), "old news"
    assert latest(sqlite_engine, association="pau")[0].total_ms == 0


def test_another_desk_than_the_rules_say_is_a_failure(
    service: Service, book: RuleBook, places: Places
) -> None:
    """The process kept an older book."""
    document = book.document
    assert document is not None
    one = next(one for one in document.associations if one.slug == "pau")
    moved = one.model_copy(update={"regulators": ("lille",), "overflow": ()})
    others = tuple(moved if other.slug == "pau" else other for other in document.associations)
    changed = compile_book(document.model_copy(update={"associations": others}), 2, places)
    done = place_call(service.settings, changed, places, "hand", 0, "pau")
    assert (done.ok, done.expected) == (False, "lille")
    assert done.said == "64000 (Pau) : un autre poste sonnerait."


def test_a_process_beats_in_redis_else_in_sql(env: dict[str, str], redis_client: Redis) -> None:
    settings = Settings.from_env(env)
    from config import migrate

    migrate.upgrade(settings)
    sql = engine_of(settings)
    now = datetime.now(UTC)
    Beats(redis_client, sql, "web").beat(book=4)
    gone = Redis.from_url("redis://127.0.0.1:1/0")
    Beats(gone, sql, "clock").beat(book=3)
    Beats(gone, sql, "clock").beat(book=4)
    found = {one.process: one.told for one in heard(redis_client, sql, now)}
    assert found == {"web": {"book": 4}, "clock": {"book": 4}}
    assert {one.process for one in heard(gone, sql, now)} == {"clock"}
    assert heard(redis_client, sql, now + timedelta(hours=1)) == [], "what was stopped is forgotten"
    assert synthetic_calls.latest(sql) == ()
    sql.dispose()
