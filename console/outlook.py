"""The fortnight to come: calls expected with their band, and the regulators they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from console.periods import spoken
from workers.records import export, forecast, history, paris, staffing, whole
from workers.records.forecast import Expected

TALK = 240.0  # seconds of a talk, where the past weeks tell of none


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, and who it needs."""

    expected: Expected
    regulators: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """One day to come."""

    day: date
    hours: Sequence[Hour]
    marks: history.Marks

    @property
    def name(self) -> str:
        """« mardi 17 novembre »."""
        return spoken(self.day)

    @property
    def calls(self) -> float:
        """Expected that day."""
        return sum(hour.expected.calls for hour in self.hours)

    @property
    def busiest(self) -> Hour:
        """The hour with the most calls."""
        return max(self.hours, key=lambda hour: hour.expected.calls)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A fortnight, and the talk's length the staffing rests on."""

    days: Sequence[Ahead]
    talk: float

    def chart(self) -> dict[str, Any]:
        """Hour by hour with its band."""
        hours = [(day, hour.expected) for day in self.days for hour in day.hours]
        return {
            "labels": [f"{day.day:%d/%m} {one.hour} h" for day, one in hours],
            "series": [
                {"name": "Attendus", "values": [round(one.calls, 1) for _, one in hours]},
                {"name": "Au plus", "values": [round(one.high, 1) for _, one in hours], "band": True},
                {"name": "Au moins", "values": [round(one.low, 1) for _, one in hours], "band": True},
            ],
            "marks": [2 if day.marks.public_holiday else 0 for day, _ in hours],
        }

    def sheet(self) -> tuple[list[str], list[list[export.Cell]]]:
        """Hour by hour."""
        headings = ["Jour", "Heure", "Appels attendus", "Au moins", "Au plus", "Régulateurs"]
        return headings, [
            [day.day, one.hour, round(one.calls, 1), round(one.low, 1), round(one.high, 1), hour.regulators]
            for day in self.days
            for hour in day.hours
            for one in (hour.expected,)
        ]


def outlook(connection: Connection, association: str | None, now: datetime) -> Outlook:
    """From today on; no day where nothing could be foretold."""
    talk = whole.recent_talk(connection, now, association) or TALK
    today = now.astimezone(paris.ZONE).date()
    days: dict[date, list[Hour]] = {}
    for one in forecast.expected(connection, association):
        if one.day >= today:
            days.setdefault(one.day, []).append(Hour(one, staffing.needed(one.calls, talk)))
    return Outlook([Ahead(day, hours, history.marks(day)) for day, hours in days.items()], talk)
