"""The forecast beats last week's, its band holds what it says, and Erlang C agrees with its reference."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select

from tests.record_calls import NOON
from workers.records.filling import fill
from workers.records.forecast import Expected, foretell, renew, seasonal_naive
from workers.records.past import COLUMNS, DATA, Area, Past, Profile
from workers.records.staffing import needed, service, waits
from workers.records.tables import forecasts

AREAS = [
    Area("toulouse", 160.0, (("31555", 500_000),), "pau"),
    Area("pau", 80.0, (("64445", 77_000),), None),
    Area("bourges", 20.0, (("18033", 64_000),), None),
]
MINUTE = COLUMNS.index("minute")
TODAY = date(2026, 11, 10)


def hourly(area: Area, first: date, days: int) -> list[float]:
    """An association's calls hour by hour; its weight is its calls a day."""
    profile = Profile.load()
    past = Past([area], profile, scale=area.weight / profile.per_day)
    counts: list[float] = []
    for n in range(days):
        of_day = Counter(int(str(row[MINUTE])) // 60 for row in past.day(first + timedelta(days=n)))
        counts += [of_day[hour] for hour in range(24)]
    return counts


def judged(area: Area, today: date) -> tuple[list[Expected], list[float], list[float]]:
    """What was foretold, what came, and what last week would have said."""
    whole = hourly(area, today - timedelta(days=120), 134)
    known, came = whole[: 120 * 24], whole[120 * 24 :]
    return foretell(known, today), came, seasonal_naive(known)


@pytest.mark.parametrize("area", AREAS, ids=[area.slug for area in AREAS])
def test_it_errs_less_than_last_week_repeated(area: Area) -> None:
    ours = theirs = 0.0
    for months in range(3):
        told, came, naive = judged(area, TODAY - timedelta(days=37 * months))
        ours += sum(abs(one.calls - count) for one, count in zip(told, came, strict=True))
        theirs += sum(abs(one - count) for one, count in zip(naive, came, strict=True))
    assert ours < 0.85 * theirs


def test_public_holidays_are_foretold_nearer_than_as_ordinary_days() -> None:
    """Against the same forecast with the holidays' factor taken back, in November and May."""
    ours = without = 0.0
    for area in AREAS[:2]:
        for today, feasts in MANY_FEASTS.items():
            told, came, _ = judged(area, today)
            plain = {one.day: one for one in told if one.hour == 12}
            for feast in feasts:
                like = next(day for day in plain if day.weekday() == feast.weekday() and day not in feasts)
                of = {d: [one.calls for one in told if one.day == d] for d in (feast, like)}
                start = (feast - today).days * 24
                ours += abs(sum(of[feast]) - sum(came[start : start + 24]))
                without += abs(sum(of[like]) - sum(came[start : start + 24]))
    assert ours < 0.8 * without


MANY_FEASTS = {
    date(2026, 11, 8): [date(2026, 11, 11)],
    date(2026, 5, 5): [date(2026, 5, 8), date(2026, 5, 14)],
}


def test_nine_hours_of_ten_lie_in_the_band() -> None:
    inside = hours = 0
    for area in AREAS:
        told, came, _ = judged(area, TODAY)
        inside += sum(one.low <= count <= one.high for one, count in zip(told, came, strict=True))
        hours += len(came)
    assert 0.84 <= inside / hours <= 0.97


def test_it_errs_less_on_the_acts_of_spring_2020() -> None:
    with (DATA / "sursaud_fra_daily_2020-02-24_2020-04-20.csv").open() as file:
        acts = [float(row["acts_total"]) for row in csv.DictReader(file)]
    ours = theirs = 0.0
    for known in range(21, len(acts) - 14, 4):
        flat = [count / 24 for count in acts[:known] for _ in range(24)]
        told = foretell(flat, date(2020, 2, 24) + timedelta(days=known))
        days = [sum(one.calls for one in told[n * 24 : n * 24 + 24]) for n in range(14)]
        came, naive = acts[known : known + 14], (acts[known - 7 : known] * 2)
        ours += sum(abs(a - b) for a, b in zip(days, came, strict=True))
        theirs += sum(abs(a - b) for a, b in zip(naive, came, strict=True))
    assert ours < 0.75 * theirs


def test_too_short_or_too_quiet_a_past_foretells_nothing() -> None:
    assert foretell([3.0] * 24 * 20, TODAY) == []
    assert foretell([0.0] * 24 * 60, TODAY) == []


def test_the_table_is_renewed_for_the_service_and_each_association(sqlite_engine: Engine) -> None:
    today = NOON.date()
    past = Past(AREAS, Profile.load(), scale=0.01)
    fill(sqlite_engine, past, today - timedelta(days=40), today - timedelta(days=1), NOON)
    assert renew(sqlite_engine, NOON) == renew(sqlite_engine, NOON) == 4
    with sqlite_engine.begin() as connection:
        rows = connection.execute(select(forecasts)).all()
    assert len(rows) == 4 * 14 * 24
    assert {row.day for row in rows if row.association == ""} >= {20261117, 20261130}
    assert all(row.low <= row.expected <= row.high for row in rows)


def test_voice_never_loads_the_library() -> None:
    seen = "import sys, voice.app, workers.ledger, workers.clock; print('statsmodels' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


# calls an hour, talk in seconds, target, within -> regulators, service, chance to wait (pyworkforce 0.5.1)
REFERENCE = [
    (10, 180, 0.95, 60, 3, 0.993415, 0.015152),
    (30, 240, 0.95, 60, 5, 0.971799, 0.059701),
    (60, 200, 0.95, 60, 7, 0.979608, 0.061261),
    (120, 300, 0.95, 60, 15, 0.962461, 0.102042),
    (400, 180, 0.95, 60, 25, 0.960506, 0.209103),
    (5, 240, 0.95, 60, 2, 0.968608, 0.047619),
    (60, 200, 0.8, 20, 6, 0.886477, 0.148217),
    (1, 120, 0.95, 60, 1, 0.979443, 0.033333),
]


@pytest.mark.parametrize(("calls", "talk", "target", "within", "regulators", "share", "waiting"), REFERENCE)
def test_erlang_c_agrees_with_its_reference(
    calls: float, talk: float, target: float, within: float, regulators: int, share: float, waiting: float
) -> None:
    assert needed(calls, talk, within, target) == regulators
    assert service(regulators, calls, talk, within) == pytest.approx(share, abs=1e-6)
    assert waits(regulators, calls * talk / 3600) == pytest.approx(waiting, abs=1e-6)


def test_more_calls_never_need_fewer_regulators() -> None:
    found = [needed(calls, 240) for calls in range(0, 1200, 7)]
    assert found == sorted(found)
    assert found[0] == 0
    assert needed(1200, 0) == 0
