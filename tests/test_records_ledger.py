"""What is counted is counted once: any order, any copies, any loss of status webhooks, the same record."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told, some_calls
from workers.records import live, rollups
from workers.records.callrecord import CallRecord, Outcome, Stage, fold
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.tables import KEYS, MEASURES, journals, records
from workers.records.tables import rollups as tables

NOW = NOON + timedelta(days=1)


def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, MonthKeys((SECRET_KEYS,)))


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every record and roll-up row, sorted."""
    with engine.begin() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in (records, *tables.values())
        }


def rebuilt(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.begin() as connection:
        rollups.rebuild(connection, 202611, 0)
    return contents(engine)


def test_an_answered_call_tells_its_times_and_who_hung_up() -> None:
    record = fold(Told("CA1").decided(12).ringing().taken(8, 120).over().events)
    assert record.outcome is Outcome.ANSWERED
    assert [record.t1, record.t2] == [NOON + timedelta(seconds=s) for s in (12, 20)]
    assert (record.seconds, record.ended_by, record.answered_for) == (120, "desk", "toulouse")


def test_a_caller_who_leaves_while_the_desk_rings_is_lost() -> None:
    told = Told("CA1").decided().ringing().say("left", 31, stage="ringing", disposition="canceled").over()
    record = fold(told.events)
    assert (record.outcome, record.ended_by, record.rings[0].disposition) == (
        Outcome.ABANDONED,
        "caller",
        "canceled",
    )


def test_a_hang_up_under_five_seconds_is_apart() -> None:
    assert fold(Told("CA1").over(after=2).events).outcome is Outcome.EARLY


def test_a_callback_promised_is_no_abandon() -> None:
    told = Told("CA1").decided().ringing().say("unanswered", 25, regulator="d-toulouse", disposition="busy")
    assert fold(told.say("booked", 30).over().events).outcome is Outcome.CALLBACK


def test_a_doctor_on_the_line_of_a_callback_is_t3_however_late_it_is_told(engine: Engine) -> None:
    told = Told("CA1").decided().ringing().say("unanswered", 25, regulator="d-toulouse", disposition="busy")
    promised = told.say("booked", 30).over().events[:]
    told.say("tried", 300, disposition="no_answer").say("joined", 240, attempt=2).say("tried", 90)
    book = ledger(engine)
    book.take([event.text() for event in promised], NOW)
    book.take([event.text() for event in told.events[::-1]], NOW)
    record = fold(told.events)
    assert (record.tries, record.outcome, record.t3) == (
        2,
        Outcome.CALLBACK,
        told.began + timedelta(seconds=605),
    )
    with engine.begin() as connection:
        assert connection.scalar(select(records.c.joined_after)) == 605_000
    assert contents(engine) == rebuilt(engine)


def test_a_caller_in_the_hold_queue_waits_from_there_on(engine: Engine) -> None:
    told = Told("CA1").decided(12).say("held", 1, association="toulouse")
    waiting = fold(told.events)
    assert (waiting.stage, waiting.t1, waiting.held) == (Stage.HELD, NOON + timedelta(seconds=13), True)
    book = ledger(engine)
    book.take([event.text() for event in told.events], told.at)
    with engine.begin() as connection:
        seen = live.picture(connection, told.at + timedelta(seconds=40)).of("toulouse")
    assert (seen.in_progress, seen.waiting, seen.longest_wait, seen.ringing) == (1, 1, 40, 0)
    left = fold(told.say("left", 50, stage="held").over().events)
    assert (left.outcome, left.held, left.ended_by) == (Outcome.ABANDONED, True, "caller")


def test_one_wrong_number_in_any_column_of_any_roll_up_is_found(engine: Engine) -> None:
    calls = some_calls(40, 9, every=100)
    ledger(engine).take([event.text() for call in calls for event in call.events], NOW)
    draw = Random(4)
    with engine.begin() as connection:
        for name, table in tables.items():
            assert rollups.differing(connection, name, 202611, 0) == 0, name
            column = table.c[draw.choice(MEASURES[1:])]
            touched = table.c.calls == select(func.max(table.c.calls)).scalar_subquery()
            wrong = connection.begin_nested()
            connection.execute(update(table).where(touched).values({column.name: column + 1}))
            assert rollups.differing(connection, name, 202611, 0) >= 2, (name, column.name)
            wrong.rollback()  # the year is held against its months


def test_a_line_that_broke_is_not_a_talk() -> None:
    told = Told("CA1").decided().ringing().say("taken", 4, regulator="d-toulouse")
    told.say("unanswered", 2, regulator="d-toulouse", disposition="answered", seconds=2)
    record = fold(told.ringing("d-pau", "pau").taken(9, 60, "d-pau").over().events)
    assert (record.regulator, record.answered_for, record.seconds) == ("d-pau", "pau", 60)
    assert [ring.disposition for ring in record.rings] == ["failed", "answered"]


def test_of_desks_rung_together_the_one_that_took_it_is_known() -> None:
    told = Told("CA1").decided().ringing("a", "paris").ringing("b", "paris")
    told.say("taken", 5, regulator="b")
    told.say("answered", 60, regulator="a,b", disposition="answered", seconds=60)
    record = fold(told.over().events)
    assert record.regulator == "b"
    assert [ring.disposition for ring in record.rings] == ["canceled", "answered"]


def test_a_status_of_another_leg_or_of_a_lower_rank_ends_nothing() -> None:
    told = Told("CA1").decided().ringing().taken().over()
    end = fold(told.events).t4
    told.say("status", 900, status="in-progress", sequence=9, stamp=None, direction="inbound")
    told.say("status", 900, status="completed", sequence=9, stamp=None, direction="outbound-dial")
    assert fold(told.events).t4 == end


@given(st.integers(0, 400), st.randoms(use_true_random=False), st.data())
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_order_copies_and_loss_of_status_webhooks_end_in_one_record(
    seed: int, draw: Random, data: st.DataObject
) -> None:
    events = some_calls(1, seed)[0].events
    whole = fold(events)
    status = [event for event in events if event.name == "status"]
    # What the carrier's list tells afterwards is what the lost webhook would have told.
    lost = data.draw(st.sets(st.sampled_from([event.id for event in status])))
    last = status[-1]
    listed = type(last)(f"{last.call}:listed", last.call, "status", last.at, last.data)
    kept = [event for event in events if event.id not in lost] + [listed]
    kept += data.draw(st.lists(st.sampled_from(kept), max_size=6))
    draw.shuffle(kept)
    assert _shown(fold(kept)) == _shown(whole)


def _shown(record: CallRecord) -> tuple[object, ...]:
    return (*(getattr(record, name) for name in CallRecord.__slots__), record.outcome)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_batches_in_any_order_with_copies_count_every_call_once(engine: Engine, seed: int) -> None:
    calls = some_calls(120, seed, every=100)
    lines = [event.text() for call in calls for event in call.events]
    draw = Random(seed)
    told = lines + draw.choices(lines, k=len(lines) // 2)
    draw.shuffle(told)
    book = ledger(engine)
    fresh = sum(book.take(told[i : i + 70], NOW).events for i in range(0, len(told), 70))
    assert fresh == len(lines)
    held = contents(engine)
    assert len(held["call_records"]) == len(calls)
    for name, table in tables.items():
        counted = sum(row[list(table.columns.keys()).index("calls")] for row in held[name])  # type: ignore[misc] # int
        if name in {"rollup_minute", "rollup_hour", "rollup_day", "rollup_month", "rollup_slot"}:
            assert counted == len(calls), name
    assert all(held[name] for name in tables)
    assert len(tables) == 12
    assert held == rebuilt(engine)


def test_the_order_of_arrival_changes_no_row(engine: Engine) -> None:
    calls = some_calls(60, 7, every=200)
    lines = [event.text() for call in calls for event in call.events]
    book = ledger(engine)
    with engine.begin() as connection:  # one key for both runs
        MonthKeys((SECRET_KEYS,)).keeping(connection)(calls[0].events[0])
        connection.exec_driver_sql("DELETE FROM call_journals")
    book.take(lines, NOW)
    straight = contents(engine)
    with engine.begin() as connection:
        for table in (journals, records, *tables.values()):
            connection.execute(table.delete())
    Random(5).shuffle(lines)
    for i in range(0, len(lines), 13):
        book.take(lines[i : i + 13], NOW)
    assert contents(engine) == straight


def test_a_person_is_one_number_one_place_less_than_two_hours_apart(engine: Engine) -> None:
    hours = [0, 1, 2.5, 5]
    calls = [Told(f"CA{h}", NOON + timedelta(hours=h)).decided().over() for h in hours]
    elsewhere = Told("CAx", NOON + timedelta(hours=1.2)).decided(association="pau").over()
    lines = [event.text() for call in (*reversed(calls), elsewhere) for event in call.events]
    for line in lines:
        ledger(engine).take([line], NOW)
    with engine.begin() as connection:
        found = dict(connection.execute(select(records.c.call, records.c.first)).all())
    assert found == {"CA0": True, "CA1": False, "CA2.5": False, "CA5": True, "CAx": True}
    assert contents(engine) == rebuilt(engine)


def test_a_damaged_line_stops_nothing(engine: Engine) -> None:
    good = Told("CA1").decided().over().events
    late = Told("CA2", NOON - timedelta(days=90)).over().events
    taken = ledger(engine).take(["", "{}", '{"v":99}', late[0].text(), *(e.text() for e in good)], NOW)
    assert (taken.refused, taken.closed) == (4, 1)


POISON: dict[str, dict[str, object]] = {
    "without its zone": {"at": "2026-11-17T11:00:00"},
    "nested without end": {"trace": 0},  # replaced below
    "no number": {"name": "decided", "rulebook": float("inf")},
    "a number past SQL's": {"name": "decided", "rulebook": 10**12},
    "a name past SQL's": {"name": "decided", "place": "3" * 300, "association": "x" * 300},
    "what PostgreSQL keeps in no text": {"name": "decided", "association": "a\x00b"},
    "half a character": {"name": "decided", "association": "\ud800"},
    "a call past SQL's": {"call": "CA" * 200},
    "another clock": {"name": "status", "status": "completed", "stamp": "9999-12-31T23:59:59+00:00"},
    "a clock past every calendar": {"name": "status", "stamp": "Sun, 22 Nov 99999999999 13:30:16 +0000"},
}


def test_a_line_that_nothing_can_hold_keeps_no_other_from_being_counted(engine: Engine) -> None:
    good = [event.text() for event in Told("CAgood").decided().ringing().taken().over().events]
    for place, poison in enumerate(POISON.values()):
        bad = Told(f"CAbad{place}").decided().over()
        event = json.loads(bad.events[1].text()) | poison
        line = json.dumps(event).replace('"trace": 0', '"trace": ' + "[" * 100_000)
        half = len(good) // 2
        ledger(engine).take([*good[:half], line, *(e.text() for e in bad.events[::2]), *good[half:]], NOW)
    with engine.begin() as connection:
        rows = connection.execute(select(records.c.outcome).where(records.c.call == "CAgood")).all()
        longest = connection.scalar(select(func.max(records.c.ended_after)))
    assert rows == [("answered",)]
    assert longest < 86_400_000
    assert contents(engine) == rebuilt(engine)


def test_of_one_batch_all_but_what_nothing_can_hold_is_counted(engine: Engine) -> None:
    calls = [Told(f"CA{place}").decided().over() for place in range(6)]
    lines = [event.text() for call in calls for event in call.events]
    lines[1] = json.dumps(json.loads(lines[1]) | {"association": "\ud800"})
    lines[9] = json.dumps(json.loads(lines[9]) | {"place": "3" * 300, "rulebook": 10**20})
    taken = ledger(engine).take(lines, NOW)
    assert (taken.closed, taken.refused) == (4, 8)
    with engine.begin() as connection:
        assert set(connection.scalars(select(records.c.call))) == {"CA1", "CA3", "CA4", "CA5"}
    assert contents(engine) == rebuilt(engine)


def test_a_clock_set_right_in_mid_call_makes_a_long_call_and_stops_nothing(engine: Engine) -> None:
    call = Told("CA1", NOON - timedelta(days=39)).decided().ringing().taken()
    call.at = NOON
    lines = [event.text() for event in call.say("left", 0, stage="welcome").over().events]
    assert ledger(engine).take(lines, NOW).closed == 1
    with engine.begin() as connection:
        assert connection.scalar(select(records.c.ended_after)) == 2**31 - 1


def test_every_key_of_a_roll_up_is_a_column_of_it() -> None:
    assert all(set(keys) < set(tables[name].columns.keys()) for name, keys in KEYS.items())
