"""The drawn past is believable and always the same, and the command line rebuilds, verifies and erases."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, select, text

from config.settings import Settings
from console.cli.demo_data import areas
from routing import store
from routing.demo import demo_document
from routing.geography.places import Places
from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, some_calls
from tests.test_records_ledger import contents, rebuilt
from workers.records import history
from workers.records.filling import fill
from workers.records.history import By, Span
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.past import Past, Profile
from workers.records.tables import records

AREAS = areas(demo_document(), Places.load())
FIRST, LAST = date(2026, 11, 9), date(2026, 11, 15)  # Monday to Sunday


def past(scale: float = 1.0) -> Past:
    return Past(AREAS, Profile.load(), scale=scale)


def command(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """The real command, in a process of its own."""
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(settings.var_dir), "SECRET_KEYS": SECRET_KEYS}
    env |= {"TWILIO_ACCOUNT_SID": settings.account_sid, "TWILIO_AUTH_TOKEN": settings.auth_tokens[0]}
    program = Path(sys.executable).parent / "sos3624"
    return subprocess.run([program, *words], env=env, capture_output=True, text=True, timeout=110)


def test_a_year_has_the_federations_volume_and_its_weekdays() -> None:
    profile = Profile.load()
    year = [profile.expected(date(2026, 1, 1) + timedelta(days=n)) for n in range(365)]
    assert 6.0e6 < sum(year) < 7.2e6
    assert profile.expected(date(2026, 11, 14)) > 1.2 * profile.expected(
        date(2026, 11, 13)
    )  # Saturday, Friday
    assert profile.expected(date(2026, 3, 14)) > 3 * profile.expected(date(2026, 3, 21))  # the crisis
    assert profile.expected(date(2026, 1, 6)) > 1.4 * profile.expected(date(2026, 11, 10))  # the epidemic


def test_the_same_day_is_drawn_the_same() -> None:
    assert past(0.05).day(FIRST) == past(0.05).day(FIRST) != past(0.05).day(LAST)


def test_a_filled_week_looks_like_a_week(engine: Engine) -> None:
    added = fill(engine, past(0.02), FIRST, LAST, NOON)
    assert fill(engine, past(0.02), FIRST, LAST, NOON) == 0
    with engine.begin() as connection:
        week = history.total(connection, Span(FIRST, LAST))
        hours = history.breakdown(connection, Span(FIRST, LAST), By.HOUR)
    assert week.presented == added
    assert 0.85 < (week.answer_rate or 0) < 0.97
    assert 0.8 < (week.qs60 or 0) <= 1
    assert hours[8].presented > 3 * hours[4].presented
    assert len(hours) == 24


def test_what_the_ledger_adds_to_a_drawn_past_rebuilds_the_same(engine: Engine) -> None:
    fill(engine, past(0.005), FIRST, NOON.date(), NOON)
    lines = [event.text() for call in some_calls(40, 8) for event in call.events]
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(lines, NOON + timedelta(hours=2))
    held = contents(engine)
    kept = {name: rows for name, rows in held.items() if name != "rollup_minute"}
    assert {name: rows for name, rows in rebuilt(engine).items() if name != "rollup_minute"} == kept


def test_the_command_line_fills_verifies_finds_damage_and_mends_it(
    settings: Settings, sqlite_engine: Engine
) -> None:
    store.ensure_demo(sqlite_engine)
    filled = command(settings, "demo-data", "--days", "2", "--scale", "0.02")
    assert "appels ajoutés sur 2 jours" in filled.stdout, filled.stderr
    assert command(settings, "records", "verify").stdout.startswith("Tout concorde")
    with sqlite_engine.begin() as connection:
        connection.execute(text("UPDATE rollup_day SET calls = calls + 1"))
    damaged = command(settings, "records", "verify")
    assert (damaged.returncode, "rollup_day" in damaged.stdout) == (1, True)
    assert "Cumuls refaits" in command(settings, "records", "rebuild").stdout
    assert command(settings, "records", "verify").returncode == 0


def test_an_unreadable_number_is_refused_in_one_line(settings: Settings, sqlite_engine: Engine) -> None:
    refused = command(settings, "records", "erase", "12")
    assert refused.returncode == 2
    assert "Numéro illisible" in refused.stderr
    erased = command(settings, "records", "erase", "06 39 98 00 07")
    assert erased.stdout == "0 appel et 0 rappel : plus rien ne les lie à ce numéro.\n"


def test_no_row_of_the_past_names_anybody(sqlite_engine: Engine) -> None:
    fill(sqlite_engine, past(0.01), LAST, LAST, NOON)
    with sqlite_engine.begin() as connection:
        rows = connection.execute(select(records)).all()
    assert len({row.call for row in rows}) == len(rows)
    assert all(row.place[:2] == row.departement[:2] and row.ended_after >= 0 for row in rows)
