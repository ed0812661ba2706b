"""An association's hours: the week as it is written, and the next fortnight as it will really be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association.scene import Scene, scene
from console.association.sentence import openings
from console.french import DAYS
from routing.calendar import public_holidays
from routing.document_hours import EVERY_DAY, Span
from routing.model import Need
from routing.words import NEEDS

bp = Blueprint("hours", __name__, url_prefix="/a/<association>/horaires")
FORTNIGHT = 14
RULES = {
    "holiday": "jour férié",
    "eve": "veille de fête",
    "school": "vacances scolaires",
    "dated": "exception",
    "urgent": "ouverture d'urgence",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """An opening within one local day, for the strip: minutes from midnight."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day as it will really be."""

    date: datetime
    holiday: bool
    words: str
    notes: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """A need, its written week and its next days."""

    need: Need
    written: tuple[tuple[str, str], ...]  # day, spans
    days: tuple[Day, ...]


@bp.get("")
@opens(Right.SEE)
def shown(association: str) -> str | Response:
    """Week and fortnight, need by need."""
    at = scene(association)
    return render_template("association/hours.html", at=at, groups=fortnight(at), needs=NEEDS)


def fortnight(at: Scene) -> list[tuple[list[Need], Week]]:
    """Week and next fortnight of each need under this scene's book; needs alike are told once."""
    return _alike([_week(at, need) for need in at.one.menu])


def _alike(weeks: list[Week]) -> list[tuple[list[Need], Week]]:
    """Needs with the same hours are told once."""
    groups: list[tuple[list[Need], Week]] = []
    for week in weeks:
        same = next((g for g in groups if (g[1].written, g[1].days) == (week.written, week.days)), None)
        if same:
            same[0].append(week.need)
        else:
            groups.append(([week.need], week))
    return groups


def _week(at: Scene, need: Need) -> Week:
    rules = [hours for hours in at.one.hours if need in hours.needs]
    written = []
    for name, weekday in zip(DAYS, EVERY_DAY, strict=True):
        spans = [s for hours in rules for s in hours.weekly if weekday in s.days]
        written.append((name, _spans(spans)))
    return Week(need, tuple(written), tuple(days(at, need)))


def _spans(spans: Sequence[Span]) -> str:
    if not spans:
        return "fermé"
    if any((s.opens, s.closes) == ("00:00", "24:00") for s in spans):
        return "24 h/24"
    return ", ".join(
        f"{_clock(s.opens)} – {_clock(s.closes)}{' le lendemain' if s.closes <= s.opens else ''}"
        for s in sorted(spans, key=lambda s: s.opens)
    )


def _clock(text: str) -> str:
    hour, minute = text.split(":")
    return f"{int(hour)} h" + ("" if minute == "00" else f" {minute}")


def days(at: Scene, need: Need, count: int = FORTNIGHT) -> list[Day]:
    """The next days of a need under this scene's book, as they will really be."""
    service = at.book.service(need, at.slug)
    today = at.now.astimezone(at.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for ahead in range(count):
        begin = today + timedelta(days=ahead)
        day = (begin.timestamp(), (begin + timedelta(days=1)).timestamp())
        spans = openings(service, *day, at.now.timestamp()) if service else []
        bars = tuple(_bar(since, until, begin) for since, until, _ in spans)
        notes = tuple(dict.fromkeys(note for _, _, rule in spans if (note := _note(rule))))
        holiday = begin.date() in public_holidays(at.one.holiday_territory, begin.year)
        found.append(Day(begin, holiday, _said(bars), notes, bars))
    return found


def _bar(since: float, until: float, begin: datetime) -> Bar:
    """On the day of the clock change the wall is what is drawn."""

    def minute(instant: float) -> int:
        local = datetime.fromtimestamp(instant, begin.tzinfo)
        return 1440 if local.date() > begin.date() else local.hour * 60 + local.minute

    return Bar(minute(since), minute(until))


def _said(bars: tuple[Bar, ...]) -> str:
    if not bars:
        return "fermé"
    if [(b.since, b.until) for b in bars] == [(0, 1440)]:
        return "24 h/24"
    return ", ".join(f"{_hm(b.since)}\u00a0–\u00a0{_hm(b.until)}" for b in bars)


def _hm(minutes: int) -> str:
    return _clock(f"{minutes // 60}:{minutes % 60:02}")


def _note(rule: str) -> str | None:
    kind, _, label = rule.partition(" ")
    return label or RULES.get(kind)
