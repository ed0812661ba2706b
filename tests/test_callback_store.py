"""A promise in SQL: one row a booking, one open row a number, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from config.sealing import Sealer
from config.settings import Settings
from config.stores import engine as engine_of
from routing.model import Need
from tests.conftest import SECRET_KEYS
from workers.callbacks.booking import Bookings, NotBooked
from workers.callbacks.callback import AgeClass, Booking, Cause, Conclusion, Promise, State
from workers.callbacks.spool import Spool
from workers.callbacks.store import Callbacks, NumberTaken
from workers.callbacks.tables import callbacks, metadata
from workers.callbacks.vault import Vault

NOW = datetime.now(UTC).replace(microsecond=0)
PATIENT, OTHER = "+33639980001", "+33199000002"
VAULT = Vault.of((SECRET_KEYS,))


def booking(number: str = PATIENT, sid: str = "CA1", **more: object) -> Booking:
    made = Booking(sid, number, Need.TELECONSULTATION, NOW, NOW - timedelta(minutes=3), "31555", "toulouse")
    return replace(made, **more)  # type: ignore[arg-type]  # test builder


def test_the_migration_makes_the_tables_the_code_writes_to(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        ours = set(metadata.tables)
        missing = [
            change
            for change in compare_metadata(context, metadata)
            if change[0] not in {"remove_table", "remove_index"} or change[1].name in ours
        ]
    assert missing == []


def test_the_same_booking_made_twice_is_one_row(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    first, second = store.book(booking()), store.book(booking())
    assert (first.id, first.promise) == (second.id, second.promise)
    assert len(store.listed(State)) == 1


def test_a_number_has_one_open_callback_and_ringing_again_finds_it(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    first = store.book(booking())
    again = store.book(booking(sid="CA2"))
    assert again.existing
    assert again.id == first.id
    assert again.promise == first.promise
    found = store.open_for(PATIENT)
    assert found is not None
    assert found.number == PATIENT
    assert store.open_for(OTHER) is None


def test_two_bookings_for_one_number_in_the_same_instant_make_one_row(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    with ThreadPoolExecutor(8) as pool:
        booked = list(pool.map(lambda n: store.book(booking(sid=f"CA{n}")), range(24)))
    assert len({one.id for one in booked}) == 1
    assert [one.existing for one in booked].count(False) == 1


def test_a_cancelled_callback_leaves_the_number_free_and_is_not_revived_by_a_repeat(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    booked = store.book(booking())
    assert store.cancel(booked.id)
    assert not store.cancel(booked.id)
    assert store.open_for(PATIENT) is None
    store.book(booking())  # the webhook, repeated
    assert store.open_for(PATIENT) is None
    assert store.book(booking(occurrence=1)).id != booked.id


def test_changing_the_number_keeps_the_place_and_never_takes_anothers(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    booked = store.book(booking())
    store.book(booking("+33199000003", sid="CA3"))
    assert store.change_number(booked.id, OTHER)
    moved = store.get(booked.id)
    assert moved is not None
    assert moved.number == OTHER
    assert moved.waiting_since == NOW - timedelta(minutes=3)
    with pytest.raises(NumberTaken):
        store.change_number(booked.id, "+33199000003")


@pytest.mark.parametrize(("number", "video"), [("+33639980009", True), (OTHER, False)])
def test_a_landline_given_instead_of_a_mobile_is_promised_no_video(
    engine: Engine, number: str, video: bool
) -> None:
    store = Callbacks(engine, VAULT)
    booked = store.book(booking(video=True))
    assert store.change_number(booked.id, number)
    moved = store.get(booked.id)
    assert moved is not None
    assert moved.video is video


def test_no_number_lies_in_clear_in_the_database(engine: Engine) -> None:
    Callbacks(engine, VAULT).book(booking())
    with engine.begin() as connection:
        for table in ("callbacks", "attempts", "doctors", "notices"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert "39980001" not in repr(rows)
    assert "39980001" not in repr(booking())


def test_infants_come_before_adults_who_asked_a_little_earlier(engine: Engine) -> None:
    store = Callbacks(engine, VAULT)
    store.book(booking(sid="CA1"))
    baby = store.book(booking(OTHER, "CA2", age=AgeClass.INFANT, waiting_since=NOW))
    assert store.listed([State.DUE])[0].id == baby.id


def bookings(settings: Settings, rung: list[str]) -> Bookings:
    return Bookings.of(settings, engine_of(settings, patience_ms=200), rung.append)


def test_a_booking_is_committed_and_then_the_bell_is_rung(settings: Settings, sqlite_engine: Engine) -> None:
    rung: list[str] = []
    booked = bookings(settings, rung).book(booking())
    assert rung == [booked.id]
    assert Callbacks(sqlite_engine, VAULT).get(booked.id) is not None
    assert booked.promise.by > NOW


def test_a_silent_bell_does_not_undo_a_promise(settings: Settings, sqlite_engine: Engine) -> None:
    def broken(_: str) -> None:
        raise ConnectionError

    assert Bookings.of(settings, sqlite_engine, broken).book(booking()).promise.by > NOW


def test_while_the_database_is_away_a_booking_lies_on_disk_and_is_merged_once(
    settings: Settings, sqlite_engine: Engine
) -> None:
    away = settings.model_copy(update={"database_url": f"sqlite:///{settings.var_dir}/none/none.sqlite3"})
    booked = Bookings.of(away, engine_of(away, patience_ms=200), lambda _: None).book(booking())
    assert booked.spooled
    assert not booked.promise.measured
    files = list((settings.var_dir / "bookings").iterdir())
    assert len(files) == 1
    assert b"39980001" not in files[0].read_bytes()
    spool = Spool(settings.var_dir / "bookings", Sealer(settings.secret_keys, "booking spool"))
    store = Callbacks(sqlite_engine, VAULT)
    assert spool.merge(store.book) == 1
    assert spool.merge(store.book) == 0
    found = store.get(booked.id)
    assert found is not None
    assert found.promise == booked.promise  # what was told is what is kept


@pytest.mark.parametrize(("stood", "stands"), [("retry", State.RETRY), ("human", State.DUE)])
def test_who_is_promised_anew_what_had_been_put_off_is_rung_now(
    settings: Settings, engine: Engine, stood: str, stands: State
) -> None:
    store, spool = Callbacks(engine, VAULT), Spool(settings.var_dir / "bookings", Sealer(("x" * 40,), "s"))
    first = store.book(booking()).id
    put_off = {"state": stood, "tries": 2, "due_at": NOW + timedelta(hours=8)}
    with engine.begin() as connection:
        connection.execute(callbacks.update().values(put_off))
    spool.keep(booking(sid="CA2"), Promise(NOW + timedelta(hours=3), measured=False))
    assert spool.merge(store.book) == 1
    [found] = store.listed(State)
    assert (found.id, found.state) == (first, stands)
    assert found.due_at <= datetime.now(UTC)


def test_what_neither_database_nor_disk_takes_is_not_promised(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bookings").write_text("not a directory")
    away = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/none/none.sqlite3"})
    with pytest.raises(NotBooked):
        bookings(away, []).book(booking())


@pytest.mark.parametrize("number", ["+33899000000", "+33810000000", "+4420000000", "15", "3624", "+33112"])
def test_premium_foreign_and_short_numbers_are_never_booked(
    settings: Settings, sqlite_engine: Engine, number: str
) -> None:
    with pytest.raises(NotBooked):
        bookings(settings, []).book(booking(number))


def test_a_spooled_file_that_does_not_open_is_set_aside_not_deleted(tmp_path: Path) -> None:
    Spool(tmp_path, Sealer(("x" * 40,), "booking spool")).keep(booking(), Promise(NOW, measured=False))
    other = Spool(tmp_path, Sealer((SECRET_KEYS,), "booking spool"))
    assert other.merge(lambda *_: None) == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".unreadable"]


@pytest.mark.parametrize("state", [State.DUE, State.HUMAN, State.DONE])
@pytest.mark.parametrize("conclusion", list(Conclusion))
def test_a_person_may_say_what_became_of_any_call_back(
    sqlite_engine: Engine, state: State, conclusion: Conclusion
) -> None:
    store = Callbacks(sqlite_engine, VAULT)
    one = store.book(booking()).id
    if state is State.HUMAN:
        store.settle(one, Cause.GIVEN_UP)
    if state is State.DONE:
        store.settle(one, Cause.SETTLED, Conclusion.UNREACHABLE)
    assert store.settle(one, Cause.SETTLED, conclusion)
    found = store.get(one)
    assert found is not None
    if conclusion is Conclusion.VISIT:
        assert (found.state, found.need, found.urgent) == (State.DUE, Need.VISIT, True)
    else:
        assert (found.state, found.conclusion) == (State.DONE, conclusion)


def test_nobody_says_what_became_of_a_call_that_was_cancelled(sqlite_engine: Engine) -> None:
    store = Callbacks(sqlite_engine, VAULT)
    one = store.book(booking()).id
    store.cancel(one)
    assert not any(store.settle(one, Cause.SETTLED, conclusion) for conclusion in Conclusion)
