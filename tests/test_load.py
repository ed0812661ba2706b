"""The live load is a function of what happened: copies, disorder and a Redis that lost all change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from redis import Redis
from sqlalchemy import Engine

from routing.model import Load
from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told, some_calls
from workers.records import live, load
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.reserved import SYNTHETIC

PARIS = ZoneInfo("Europe/Paris")
LINE = load.line_mark("+33536490001")
ASKED = load.Asked(("toulouse>pau",), (("toulouse visit", PARIS),), MappingProxyType({LINE: "+33536490001"}))


def put(redis: Redis, lines: Sequence[str]) -> None:
    assert load.recorder(redis, SYNTHETIC)(None, 0, lines)


def lines_of(calls: Sequence[Told], until: datetime) -> list[str]:
    return [event.text() for call in calls for event in call.events if event.at <= until]


def seen(redis: Redis, seconds: float) -> Load:
    return load.read(redis, ASKED, NOON + timedelta(seconds=seconds))


def test_each_line_is_taken_while_it_rings_or_talks(redis_client: Redis) -> None:
    calls = (
        Told("CA1").decided().ringing(),
        Told("CA2").decided().ringing().say("taken", 5, regulator="d-toulouse", line=LINE),
        Told("CA3").decided().ringing().taken(),
        Told(SYNTHETIC + "1").decided().ringing(),
    )
    put(redis_client, [event.text() for call in calls for event in call.events])
    now = seen(redis_client, 200)
    assert now.lines_in_use == {"d-toulouse": 2}
    assert now.waiting == {"d-toulouse": 1}
    assert now.idle == {"+33536490001": 185}


def test_desks_rung_together_each_wait_and_the_next_one_alone(redis_client: Redis) -> None:
    call = Told("CA1").decided().ringing("a").ringing("b")
    put(redis_client, [event.text() for event in call.events])
    assert seen(redis_client, 20).waiting == {"a": 1, "b": 1}
    call.say("unanswered", 25, regulator="a,b", disposition="busy", seconds=0).ringing("c")
    put(redis_client, [event.text() for event in call.events])
    assert seen(redis_client, 60).waiting == {"c": 1}


def test_a_pact_counts_its_calls_for_an_hour_and_a_cap_its_patients_for_a_day(redis_client: Redis) -> None:
    call = Told("CA1").decided()
    call.say("ringing", regulator="d-pau", association="pau", owner="toulouse")
    call.say("taken", 5, regulator="d-toulouse", association="toulouse", need="visit")
    put(redis_client, [event.text() for event in call.events] * 2)
    assert seen(redis_client, 60).overflowed == {"toulouse>pau": 1}
    assert seen(redis_client, 60).today == {"toulouse visit": 1}
    assert seen(redis_client, 3700).overflowed == {}
    assert seen(redis_client, 11 * 3600).today == {"toulouse visit": 1}
    assert seen(redis_client, 12 * 3600 + 60).today == {}  # past midnight in Paris


@pytest.mark.parametrize("seed", range(5))
def test_copies_and_disorder_end_in_the_same_picture(redis_client: Redis, seed: int) -> None:
    lines = lines_of(some_calls(80, seed), NOON + timedelta(seconds=240))
    put(redis_client, lines)
    plain = seen(redis_client, 240)
    assert plain.lines_in_use
    assert plain.waiting
    redis_client.flushdb()
    shaken = lines + lines[::3]
    Random(seed).shuffle(shaken)
    put(redis_client, shaken)
    assert seen(redis_client, 240) == plain


def test_a_redis_that_lost_everything_is_given_it_back_from_the_journals(
    engine: Engine, redis_client: Redis
) -> None:
    calls = some_calls(120, 3)
    told = Told("CAz").decided().say("ringing", regulator="d-pau", association="pau", owner="toulouse")
    told.say("taken", 3, regulator="d-pau", association="toulouse", need="visit", line=LINE)
    now = NOON + timedelta(seconds=300)
    lines = lines_of([*calls, told], now)
    put(redis_client, lines)
    before = seen(redis_client, 300)
    assert all((before.lines_in_use, before.waiting, before.overflowed, before.today, before.idle))
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(lines, now)
    redis_client.flushdb()
    mend(engine, redis_client, now)
    assert seen(redis_client, 300) == before


def test_an_end_told_to_the_ledger_alone_frees_the_line(engine: Engine, redis_client: Redis) -> None:
    """The reconciler's word, or a spool that the ledger drained, never passes by Redis."""
    ringing = Told("CA1").decided().ringing()
    put(redis_client, [event.text() for event in ringing.events])
    now = NOON + timedelta(seconds=60)
    mend(engine, redis_client, now)
    assert seen(redis_client, 60).waiting == {"d-toulouse": 1}
    book = Ledger(engine, MonthKeys((SECRET_KEYS,)))
    book.take([event.text() for event in ringing.over(after=20).events], now)
    mend(engine, redis_client, now)
    assert seen(redis_client, 60).lines_in_use == {}
    beside = Told("CA2").decided().ringing("d-pau")
    book.take([event.text() for event in beside.events], now)
    mend(engine, redis_client, now)
    assert seen(redis_client, 60).waiting == {"d-pau": 1}


def mend(engine: Engine, redis: Redis, now: datetime) -> None:
    with engine.begin() as connection:
        live.mend(connection, redis, now)
