"""Every kind of data goes on time, by a moved clock; a person is erased by number; old months say nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select

from config.sealing import Pseudonyms
from routing.model import Need
from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told, some_calls
from tests.test_live import CALLER
from tests.test_records_ledger import contents, rebuilt
from workers.callbacks.callback import Booking, State
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import callbacks
from workers.callbacks.vault import Vault
from workers.records import chosen, partitions, retention
from workers.records.conditions import Thresholds
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.retention import Retention, purge
from workers.records.tables import journals, lost_callers, pseudonym_keys, records, rollups

KEYS = MonthKeys((SECRET_KEYS,))
MONTH = "2026-11"


def count(engine: Engine, *calls: Told) -> None:
    lines = [event.text() for call in calls for event in call.events]
    Ledger(engine, KEYS).take(lines, NOON + timedelta(hours=1))


def held(engine: Engine) -> dict[str, int]:
    """Rows of each kind."""
    tables = {"journals": journals, "records": records, "minutes": rollups["rollup_minute"]}
    tables |= {"days": rollups["rollup_day"], "lost": lost_callers}
    with engine.begin() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }


def named(engine: Engine) -> int:
    with engine.begin() as connection:
        return connection.scalar(select(func.count()).where(records.c.who.is_not(None))) or 0


def with_caller(engine: Engine) -> None:
    """Calls of one known number, one of a stranger's, and a lost caller."""
    who = Pseudonyms((SECRET_KEYS,)).of(CALLER, MONTH)
    count(
        engine,
        Told("CA1", who=who).decided().ringing().taken().over(),
        Told("CA2", NOON + timedelta(minutes=30), who=who).decided().over(),
        Told("CA3", who="stranger").decided().over(),
    )
    row = {
        "call": "CA9",
        "number_sealed": "…",
        "number_index": Vault.of((SECRET_KEYS,)).index(CALLER),
        "began_at": NOON,
        "found_at": NOON,
    }
    with engine.begin() as connection:
        connection.execute(insert(lost_callers).values(row))


def test_each_kind_goes_on_its_day_and_not_before(engine: Engine) -> None:
    with_caller(engine)
    kept = Retention()
    limits = {
        "lost": kept.lost_callers,
        "minutes": kept.minutes + 1,
        "journals": kept.journals,
        "records": kept.records,
    }
    for kind, days in sorted(limits.items(), key=lambda pair: pair[1]):
        purge(engine, KEYS, NOON + timedelta(days=days) - timedelta(hours=20 if kind == "minutes" else 1))
        assert held(engine)[kind] > 0, kind
        purge(engine, KEYS, NOON + timedelta(days=days + 1))
        if kind != "records":
            assert held(engine)[kind] == 0, kind
    purge(engine, KEYS, NOON + timedelta(days=kept.records + 31))
    assert held(engine)["records"] == 0
    assert held(engine)["days"] > 0  # what was counted stays counted


def test_a_month_whose_key_is_gone_leads_nowhere(engine: Engine) -> None:
    with_caller(engine)
    with engine.begin() as connection:
        who = KEYS.who(connection, CALLER, MONTH)
        found = connection.scalars(select(records.c.call).where(records.c.who == who)).all()
    assert sorted(found) == ["CA1", "CA2"]
    before = datetime(2026, 11, 30, tzinfo=NOON.tzinfo) + timedelta(days=Retention().pseudonyms)
    assert purge(engine, KEYS, before).keys == 0
    assert named(engine) == 3
    assert purge(engine, KEYS, before + timedelta(days=2)).keys == 1
    assert named(engine) == 0
    with engine.begin() as connection:
        assert KEYS.who(connection, CALLER, MONTH) is None
        assert connection.execute(select(pseudonym_keys.c.key_sealed)).all() == [(None,)]


def test_what_is_stored_cannot_be_found_with_the_secret_keys_alone(engine: Engine) -> None:
    with_caller(engine)
    voice = Pseudonyms((SECRET_KEYS,)).of(CALLER, MONTH)
    with engine.begin() as connection:
        for table in (records, journals):
            assert voice not in str(connection.execute(select(table)).all())


def erased(engine: Engine) -> int:
    with engine.begin() as connection:
        return retention.erase(connection, KEYS, (SECRET_KEYS,), CALLER)


def test_a_person_is_erased_by_number_and_stays_counted(engine: Engine) -> None:
    with_caller(engine)
    before = {name: rows for name, rows in contents(engine).items() if name != "call_records"}
    assert [erased(engine), erased(engine)] == [2, 0]
    assert (named(engine), held(engine)["lost"]) == (1, 0)
    after = rebuilt(engine)
    assert {name: rows for name, rows in after.items() if name != "call_records"} == before


def test_a_call_under_way_is_erased_too(engine: Engine) -> None:
    who = Pseudonyms((SECRET_KEYS,)).of(CALLER, MONTH)
    told = Told("CA7", who=who).decided()
    count(engine, told)
    assert erased(engine) == 1
    count(engine, told.ringing().taken().over())
    assert (held(engine)["records"], named(engine)) == (1, 0)


def booked(engine: Engine, call: str, number: str) -> str:
    booking = Booking(call, number, Need.VISIT, NOON, NOON, commune="31555", association="toulouse")
    return Callbacks(engine, Vault.of((SECRET_KEYS,))).book(booking).id


def test_call_backs_lead_to_an_erased_person_no_more(engine: Engine) -> None:
    vault = Vault.of((SECRET_KEYS,))
    store, theirs = Callbacks(engine, vault), booked(engine, "CA1", CALLER)
    other = booked(engine, "CA2", "+33639980099")
    for told in ((1, 0), (0, 0)):
        with engine.begin() as connection:
            assert store.forget(connection, CALLER) == told
    gone, kept = store.get(theirs), store.get(other)
    assert gone
    assert kept
    assert (gone.number, gone.state, kept.number) == ("", State.CANCELLED, "+33639980099")
    with engine.begin() as connection:
        assert vault.index(CALLER) not in str(connection.execute(select(callbacks)).all())
    assert store.open_for(CALLER) is None


def test_what_is_chosen_is_kept_and_what_cannot_be_is_refused_in_french(engine: Engine) -> None:
    with engine.begin() as connection:
        assert chosen.retention(connection) == Retention()
        chosen.choose(connection, "minutes", "12", NOON)
        chosen.choose(connection, "minutes", "14", NOON)
        chosen.choose(connection, "qs60", "0,9", NOON)
        assert chosen.retention(connection) == Retention(minutes=14)
        assert chosen.thresholds(connection) == Thresholds(qs60=0.9)
        for name, value in WRONG:
            with pytest.raises(ValueError, match=r"attend un|réglage inconnu"):
                chosen.choose(connection, name, value, NOON)
        assert chosen.retention(connection) == Retention(minutes=14)
        assert set(chosen.in_force(connection)) == set(chosen.CHOICES)


WRONG = [
    ("qs60", "1,2"),
    ("qs60", "nan"),
    ("minutes", "huit"),
    ("minutes", "8,5"),
    ("journals", "39"),
    ("lost_callers", "4"),
    ("records", "-1"),
    ("records", "inf"),
    ("reconciled_until", "3"),
    ("rien", "3"),
]


def test_a_late_event_after_an_erasure_brings_nobody_back(engine: Engine) -> None:
    with_caller(engine)
    erased(engine)
    late = Told("CA1", who=None).decided().ringing().taken().over().events[-1]
    Ledger(engine, KEYS).take([late.text()], NOON + timedelta(hours=3))
    assert named(engine) == 1
    with engine.begin() as connection:
        outcome = connection.scalar(select(records.c.outcome).where(records.c.call == "CA1"))
    assert outcome == "answered"


def test_months_are_partitions_of_their_own_and_go_whole(postgres_engine: Engine) -> None:
    count(postgres_engine, *some_calls(20, 3))
    with postgres_engine.begin() as connection:
        assert {str(month) for month in partitions.months(connection)} == {"2026-11-01"}
    purged = purge(postgres_engine, KEYS, NOON + timedelta(days=Retention().records + 31))
    assert (purged.months, held(postgres_engine)["records"]) == (1, 0)
