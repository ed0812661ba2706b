"""Opening hours as an association writes them: nights as one rule, eves, holidays, dated exceptions."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from routing.document_words import CLOCK
from routing.model import Need


class Strict(BaseModel):
    """Every part of the document: frozen, and a misspelt field is refused rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Weekday(StrEnum):
    """Local days, Monday first like `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = tuple(Weekday)

Clock = Annotated[str, Field(pattern=CLOCK)]
Label = Annotated[str, Field(min_length=1, max_length=60)]


class Span(Strict):
    """From one local time to another. It belongs to the day on which it opens.

    A span that closes at or before it opens runs through midnight: 20:00-08:00 is one night, 08:00-08:00
    is 24 h.
    """

    opens: Clock
    closes: Clock
    label: Label | None = None

    @model_validator(mode="after")
    def _opens_within_the_day(self) -> Self:
        if self.opens == "24:00":
            raise ValueError("une ouverture à 24:00 s'écrit 00:00 le lendemain")
        return self


class WeeklySpan(Span):
    """A span on the given weekdays."""

    days: tuple[Weekday, ...] = EVERY_DAY


class SchoolHours(Strict):
    """What replaces the week during the school holidays of a mainland zone."""

    zone: Literal["A", "B", "C"]
    weekly: tuple[WeeklySpan, ...] = ()


class DatedException(Strict):
    """Other hours from one date to another, both included; no span means closed.

    `yearly` repeats it every year from `first` on (29 February then only exists in leap years);
    `urgent` puts it above every closure that is not itself urgent.
    """

    label: Label
    first: date
    last: date
    spans: tuple[Span, ...] = ()
    yearly: bool = False
    urgent: bool = False

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.last < self.first:
            raise ValueError("la fin précède le début")
        return self


class Hours(Strict):
    """When the given needs are served, in the association's own time.

    For a day, the first of these that says something decides the spans that open on it:
    urgent exception, dated exception, public holiday, eve of a public holiday, school holidays, week.
    """

    needs: tuple[Need, ...]
    weekly: tuple[WeeklySpan, ...] = ()
    holidays: tuple[Span, ...] | None = None  # None: like any other day
    eves: tuple[Span, ...] | None = None
    school: SchoolHours | None = None
    exceptions: tuple[DatedException, ...] = ()


ROUND_THE_CLOCK = (WeeklySpan(opens="00:00", closes="24:00"),)
