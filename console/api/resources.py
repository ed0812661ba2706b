"""The addresses of `/api/v1`: what each is asked, what it answers; routes and OpenAPI are made of this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from console.api.asked import Asked, Broken, Days, OneDay
from workers.records import forecast, history, live, staffing, whole
from workers.records.export import (
    BreakdownOut,
    DayOut,
    ExpectedOut,
    FlowOut,
    HourOut,
    MonthOut,
    SituationOut,
    WholeOut,
)

TALK = 240.0  # seconds of a talk, where the past week tells of none


@dataclass(frozen=True, slots=True)
class Desk:
    """What an answer is drawn from: a reading transaction, the clock, and the scope already judged."""

    connection: Connection
    now: datetime
    association: str | None


Answer = BaseModel | Sequence[BaseModel]


@dataclass(frozen=True, slots=True)
class Resource:
    """One address: `many` when it answers a list of `answer`."""

    path: str
    summary: str
    asked: type[Asked]
    answer: type[BaseModel]
    many: bool
    draw: Callable[[Desk, Any], Answer]


def _live(desk: Desk, _: Asked) -> Answer:
    return SituationOut.of(live.picture(desk.connection, desk.now), desk.association)


def _figures(desk: Desk, asked: Days) -> Answer:
    return WholeOut.of(whole.whole(desk.connection, asked.span(desk.association), desk.now))


def _hours(desk: Desk, asked: OneDay) -> Answer:
    hours = history.hours_of(desk.connection, asked.day, desk.association)
    return [HourOut.of(hour, figures) for hour, figures in hours.items()]


def _days(desk: Desk, asked: Days) -> Answer:
    return [DayOut.of(one) for one in history.compared(desk.connection, asked.span(desk.association))]


def _breakdown(desk: Desk, asked: Broken) -> Answer:
    found = history.breakdown(desk.connection, asked.span(desk.association), asked.by)
    return [BreakdownOut.of(value, figures) for value, figures in found.items()]


def _flows(desk: Desk, asked: Days) -> Answer:
    return [FlowOut.of(flow) for flow in history.fairness(desk.connection, asked.span(desk.association))]


def _months(desk: Desk, asked: Days) -> Answer:
    return [
        MonthOut.of(month) for month in whole.monthly(desk.connection, asked.span(desk.association), desk.now)
    ]


def _forecast(desk: Desk, _: Asked) -> Answer:
    talk = whole.recent_talk(desk.connection, desk.now, desk.association) or TALK
    hours = forecast.expected(desk.connection, desk.association)
    return [ExpectedOut.of(one, staffing.needed(one.calls, talk)) for one in hours]


RESOURCES = (
    Resource("/live", "La situation maintenant", Asked, SituationOut, False, _live),
    Resource("/figures", "Les chiffres d'une période", Days, WholeOut, False, _figures),
    Resource("/hours", "Un jour, heure par heure", OneDay, HourOut, True, _hours),
    Resource("/days", "Jour par jour, et le même jour de l'an passé", Days, DayOut, True, _days),
    Resource("/breakdown", "Une période, ventilée", Broken, BreakdownOut, True, _breakdown),
    Resource("/flows", "Qui déborde chez qui", Days, FlowOut, True, _flows),
    Resource("/months", "Le tableau mensuel à publier", Days, MonthOut, True, _months),
    Resource("/forecast", "Les appels attendus et les régulateurs", Asked, ExpectedOut, True, _forecast),
)
