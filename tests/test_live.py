"""The live picture is exact: after losses, copies and restarts, and it carries its own time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

import pytest
from redis import Redis
from sqlalchemy import Engine, select

from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told, some_calls
from workers.callbacks.links import LegUrls
from workers.callbacks.telephony import Leg, Refused, Reply
from workers.callbacks.vault import Vault
from workers.records import conditions, live, lost
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.reconciler import Reconciler
from workers.records.tables import lost_callers, records

CALLER = "+33639980007"


class ListCarrier:
    """A carrier that only knows its own list of calls."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.legs = {leg.sid: leg for leg in legs}

    def leg(self, sid: str) -> Leg | None:
        return self.legs.get(sid)

    def calls_since(self, since: datetime) -> Sequence[Leg] | None:
        return [leg for leg in self.legs.values() if leg.created and leg.created >= since]

    def calls_to(self, to: str) -> Sequence[Leg] | None:
        return []

    def hang_up(self, sid: str) -> None:
        raise AssertionError("the records end no call")

    def place(self, to: str, shown: str, urls: LegUrls) -> Reply:
        return Refused(0)

    def write_to(self, to: str, shown: str, body: str) -> Reply:
        return Refused(0)


def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, MonthKeys((SECRET_KEYS,)))


def reconciler(engine: Engine, legs: Sequence[Leg]) -> Reconciler:
    return Reconciler(engine, ListCarrier(legs), ledger(engine), Vault.of((SECRET_KEYS,)))


def picture(engine: Engine, seconds: float) -> live.Picture:
    with engine.begin() as connection:
        return live.picture(connection, NOON + timedelta(seconds=seconds))


def count(engine: Engine, *calls: Told, seconds: float = 3600) -> None:
    lines = [event.text() for call in calls for event in call.events]
    ledger(engine).take(lines, NOON + timedelta(seconds=seconds))


def listed(call: Told) -> Leg:
    """The call as the carrier lists it once it is over."""
    end = parsedate_to_datetime(str(dict(call.events[-1].data)["stamp"]))
    return Leg(call.call, "completed", CALLER, call.began, end, 0, inbound=True)


def test_each_call_stands_where_it_is(engine: Engine) -> None:
    count(
        engine,
        Told("CA1"),
        Told("CA2").decided().ringing(),
        Told("CA3").decided().ringing().say("taken", 5, regulator="d-toulouse"),
        Told("CA4").decided().ringing().taken().over(),
    )
    service = picture(engine, 40).service
    assert (service.in_progress, service.ringing, service.waiting, service.talking) == (3, 1, 1, 1)
    assert service.longest_wait == 30
    assert picture(engine, 40).lines == {"d-toulouse": 2}


def test_the_hour_counts_calls_still_talking_and_leaves_undecided_ones_aside(engine: Engine) -> None:
    quick = Told("CA1").decided().ringing().say("taken", 5, regulator="d-toulouse")
    slow = Told("CA2").decided().ringing().taken(80, 60).over()
    count(engine, quick, slow, Told("CA3").decided().ringing(), Told("CA4").over(after=1))
    service = picture(engine, 50).service
    assert (service.presented, service.quick, service.judged) == (4, 1, 2)
    assert service.qs60 == 0.5
    assert picture(engine, 50).of("toulouse").presented == 3


def test_an_association_sees_its_own(engine: Engine) -> None:
    count(engine, Told("CA1").decided().ringing(), Told("CA2").decided(association="pau"))
    made = picture(engine, 20)
    assert (made.of("toulouse").ringing, made.of("pau").in_progress, made.of("nobody").in_progress) == (
        1,
        1,
        0,
    )


@pytest.mark.parametrize("many", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_after_calls_with_copies_and_losses_nobody_is_left_on_the_line(engine: Engine, many: int) -> None:
    calls = some_calls(many, 11, every=3000 / many)  # all within the same fifty minutes
    draw = Random(4)
    lines = [
        event.text()
        for call in calls
        for event in call.events
        for _ in range(draw.choice([0, 1, 2]) if event.name == "status" else draw.choice([1, 1, 2]))
    ]
    draw.shuffle(lines)
    book, end = ledger(engine), NOON + timedelta(hours=3)
    for start in range(0, len(lines), 200):
        book.take(lines[start : start + 200], end)
    assert picture(engine, 3 * 3600).service.in_progress > 0  # ends were lost
    asking = reconciler(engine, [listed(call) for call in calls])
    while asking.end_silent_calls(end):
        pass
    assert picture(engine, 3 * 3600).service.in_progress == 0
    with engine.begin() as connection:
        assert len(connection.execute(select(records.c.call)).all()) == len(calls)


def test_the_picture_is_the_same_after_redis_forgot_everything(engine: Engine, redis_client: Redis) -> None:
    count(engine, *some_calls(30, 5), Told("CA9").decided().ringing())
    live.tell(redis_client, picture(engine, 60))
    before = redis_client.get(live.KEY)
    redis_client.flushdb()
    live.tell(redis_client, picture(engine, 60))
    assert redis_client.get(live.KEY) == before
    told = json.loads(before or b"")
    assert told["said"] == "arrêtés à 12\u00a0h\u00a001\u00a0min\u00a000\u00a0s"
    assert told["service"]["in_progress"] >= 1


def test_a_caller_nobody_saw_is_found_in_the_carriers_list_and_kept_72_hours(engine: Engine) -> None:
    unseen = Leg("CAlost", "failed", CALLER, NOON, NOON + timedelta(seconds=9), 9, inbound=True)
    outbound = Leg("CAout", "completed", CALLER, NOON, NOON, 0, inbound=False)
    known = Told("CA1").decided().over()
    count(engine, known)
    asking = reconciler(engine, [unseen, outbound, listed(known)])
    later = NOON + timedelta(minutes=10)
    assert [asking.find_lost_callers(later) for _ in range(2)] == [1, 0]
    with engine.begin() as connection:
        assert lost.number_of(connection, Vault.of((SECRET_KEYS,)), "CAlost") == CALLER
        assert dict(connection.execute(select(records.c.call, records.c.outcome)).all())["CAlost"] == "missed"
        assert CALLER not in str(connection.execute(select(lost_callers)).all())
        told = [c for c in conditions.in_sql(connection, later, conditions.Thresholds()) if "lost" in c.kind]
        assert [c.said for c in told] == ["Appelants perdus à rappeler : 1."], "not the one who gave up"
        assert [lost.take(connection, "CAlost", later) for _ in range(2)] == [True, False]
        assert lost.number_of(connection, Vault.of((SECRET_KEYS,)), "CAlost") is None
    assert asking.forget_old(NOON + timedelta(hours=72)) == 2, "the caller who gave up (CA1) is kept so too"


def test_a_caller_whose_every_webhook_but_the_status_failed_is_lost_too(engine: Engine) -> None:
    told = Told("CA1").over(after=20)
    told.events = [event for event in told.events if event.name == "status"]
    count(engine, told)
    assert reconciler(engine, [listed(told)]).find_lost_callers(NOON + timedelta(minutes=10)) == 1


def test_after_a_long_outage_the_list_is_asked_from_where_it_was_left(engine: Engine) -> None:
    first, long_after = Told("CA1").decided().over(), NOON + timedelta(hours=31)
    count(engine, first)
    missed = [listed(Told(f"CAm{n}", NOON + timedelta(hours=n)).over()) for n in (1, 9, 30)]
    reconciler(engine, [listed(first)]).find_lost_callers(NOON + timedelta(minutes=10))
    # A call of after the outage is counted before the list is asked: it must not hide the hours before it.
    count(engine, Told("CA2", long_after).decided(), seconds=31 * 3600)
    asking = reconciler(engine, missed)
    assert [asking.find_lost_callers(long_after + timedelta(minutes=1)) for _ in range(2)] == [3, 0]


def test_without_a_mark_the_list_is_asked_from_the_last_event_known(engine: Engine) -> None:
    count(engine, Told("CA1").decided().over())
    missed = [listed(Told("CAm", NOON + timedelta(hours=20)).over())]
    assert reconciler(engine, missed).find_lost_callers(NOON + timedelta(hours=40)) == 1


def test_a_carrier_that_does_not_answer_moves_no_mark(engine: Engine) -> None:
    class Silent(ListCarrier):
        def calls_since(self, since: datetime) -> Sequence[Leg] | None:
            return None

    count(engine, Told("CA1").decided().over())
    missed = [listed(Told("CAm", NOON + timedelta(hours=1)).over())]
    reconciler(engine, []).find_lost_callers(NOON)
    mute = Reconciler(engine, Silent([]), ledger(engine), Vault.of((SECRET_KEYS,)))
    assert mute.find_lost_callers(NOON + timedelta(hours=20)) == 0
    assert reconciler(engine, missed).find_lost_callers(NOON + timedelta(hours=21)) == 1
