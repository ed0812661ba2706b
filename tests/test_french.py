"""Hours as people write and read them: many ways in, one way out."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from console import french
from tests.console import EVENING

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("8h", "08:00"),
        ("8 h 30", "08:30"),
        ("0830", "08:30"),
        ("08:30", "08:30"),
        ("midi", "12:00"),
        ("24h", "00:00"),
    ],
)
def test_times_are_read_as_people_write_them(typed: str, read: str) -> None:
    found = french.read_clock(typed)
    assert found
    assert f"{found:%H:%M}" == read


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (timedelta(minutes=59), "23\u00a0h\u00a059"),
        (timedelta(hours=1), "minuit"),
        (timedelta(hours=2), "demain à 1\u00a0h"),
        (timedelta(hours=25), "mardi 24 novembre à 0\u00a0h"),
    ],
)
def test_an_hour_is_told_as_short_as_it_is_clear(later: timedelta, told: str) -> None:
    assert french.soon(EVENING + later, EVENING, PARIS) == told


@pytest.mark.parametrize("typed", ["", "25h", "8h75", "demain", "24h30"])
def test_what_is_no_time_is_none(typed: str) -> None:
    assert french.read_clock(typed) is None


@pytest.mark.parametrize(
    ("written", "set_"),
    [
        ("Règles n° 12 : « oui » ?", "Règles n°_12_: «_oui_»_?"),
        ("à 6 h, 23 h 30, 40 s, 3 lignes, 92 %", "à 6_h, 23_h_30, 40_s, 3_lignes, 92_%"),
        ("12 rue, 3 communes", "12 rue, 3 communes"),
    ],
)
def test_spaces_that_must_not_break_do_not(written: str, set_: str) -> None:
    assert french.typeset(written) == set_.replace("_", "\u00a0")
