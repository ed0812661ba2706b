"""Figures out of the house: CSV a French Excel opens right, XLSX, and the pydantic models of the JSON API."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from workers.records.figures import DEFINITIONS, Figures
from workers.records.forecast import Expected
from workers.records.history import Day, Flow
from workers.records.live import Picture
from workers.records.promises import DEFINITIONS as PROMISED
from workers.records.promises import Promises
from workers.records.whole import DEFINITIONS as BESIDE
from workers.records.whole import Month, Whole

Cell = str | int | float | date | None
COLUMNS = tuple(DEFINITIONS)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what a workbook's XML has no way to say


class Out(BaseModel):
    """What the API answers; unknown fields are never let through."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FiguresOut(Out):
    """Figures; a ratio is between 0 and 1, a time is in seconds, null where nothing could be measured."""

    presented: int = Field(description=DEFINITIONS["presented"][1])
    answered: int = Field(description=DEFINITIONS["answered"][1])
    responded: int = Field(description=DEFINITIONS["responded"][1])
    early: int = Field(description=DEFINITIONS["early"][1])
    lost: int = Field(description=DEFINITIONS["lost"][1])
    callbacks: int = Field(description=DEFINITIONS["callbacks"][1])
    persons: int = Field(description=DEFINITIONS["persons"][1])
    danger: int = Field(description=DEFINITIONS["danger"][1])
    overflowed: int = Field(description=DEFINITIONS["overflowed"][1])
    rescued: int = Field(description=DEFINITIONS["rescued"][1])
    answer_rate: float | None = Field(description=DEFINITIONS["answer_rate"][1])
    loss_rate: float | None = Field(description=DEFINITIONS["loss_rate"][1])
    qs30: float | None = Field(description=DEFINITIONS["qs30"][1])
    qs60: float | None = Field(description=DEFINITIONS["qs60"][1])
    wait: float | None = Field(description=DEFINITIONS["wait"][1])
    wait_90: float | None = Field(description=DEFINITIONS["wait_90"][1])
    ivr: float | None = Field(description=DEFINITIONS["ivr"][1])
    talk: float | None = Field(description=DEFINITIONS["talk"][1])
    duration: float | None = Field(description=DEFINITIONS["duration"][1])
    lost_after_30_rate: float | None = Field(description=DEFINITIONS["lost_after_30_rate"][1])

    @classmethod
    def of(cls, figures: Figures) -> FiguresOut:
        """From figures."""
        return cls(**{name: getattr(figures, name) for name in COLUMNS})


class DayOut(Out):
    """A day beside its like of last year."""

    day: date
    figures: FiguresOut
    public_holiday: bool
    school_holidays: tuple[str, ...]
    against: date
    before: FiguresOut

    @classmethod
    def of(cls, one: Day) -> DayOut:
        """From a compared day."""
        return cls(
            day=one.day,
            figures=FiguresOut.of(one.figures),
            public_holiday=one.marks.public_holiday,
            school_holidays=one.marks.school_holidays,
            against=one.against,
            before=FiguresOut.of(one.before),
        )


class HourOut(Out):
    """An hour of a day, Paris time."""

    hour: int
    figures: FiguresOut

    @classmethod
    def of(cls, hour: int, figures: Figures) -> HourOut:
        """From a day's hours."""
        return cls(hour=hour, figures=FiguresOut.of(figures))


class BreakdownOut(Out):
    """One part of a breakdown: an association, a département, a commune, a need, an hour…"""

    value: str | int
    figures: FiguresOut

    @classmethod
    def of(cls, value: str | int, figures: Figures) -> BreakdownOut:
        """From a breakdown."""
        return cls(value=value, figures=FiguresOut.of(figures))


class FlowOut(Out):
    """Calls of `owner`'s places that `helper` took; null is the national desk."""

    owner: str
    helper: str | None
    calls: int
    minutes: float

    @classmethod
    def of(cls, flow: Flow) -> FlowOut:
        """From the fairness board."""
        return cls(owner=flow.owner, helper=flow.helper, calls=flow.calls, minutes=flow.minutes)


class PromisesOut(Out):
    """Call-backs promised, and what became of them."""

    promised: int = Field(description=PROMISED["promised"][1])
    kept: int = Field(description=PROMISED["kept"][1])
    late: int = Field(description=PROMISED["late"][1])
    joined: int = Field(description=PROMISED["joined"][1])
    within_10_min: int = Field(description=PROMISED["within_10_min"][1])
    within_20_min: int = Field(description=PROMISED["within_20_min"][1])
    tries: int = Field(description=PROMISED["tries"][1])
    to_the_15: int = Field(description="Rappels conclus par un envoi vers le 15.")
    delay_50: float | None = Field(description=PROMISED["delay_50"][1])
    delay_90: float | None = Field(description=PROMISED["delay_90"][1])

    @classmethod
    def of(cls, promises: Promises) -> PromisesOut:
        """From the call-backs of a span."""
        return cls(**{name: getattr(promises, name) for name in cls.model_fields})


class WholeOut(Out):
    """A span whole: calls, overflow received, what went to the 15, and the call-backs promised."""

    figures: FiguresOut
    received: int = Field(description=BESIDE["received"][1])
    to_the_15: int = Field(description=BESIDE["to_the_15"][1])
    promises: PromisesOut

    @classmethod
    def of(cls, told: Whole) -> WholeOut:
        """From a span told whole."""
        return cls(
            figures=FiguresOut.of(told.figures),
            received=told.received,
            to_the_15=told.to_the_15,
            promises=PromisesOut.of(told.promises),
        )


class MonthOut(Out):
    """One row of the table for publication; `month` is 202611."""

    month: int
    figures: FiguresOut
    received: int = Field(description=BESIDE["received"][1])
    to_the_15: int = Field(description=BESIDE["to_the_15"][1])
    promises: PromisesOut

    @classmethod
    def of(cls, one: Month) -> MonthOut:
        """From the monthly table."""
        return cls(month=one.month, **dict(WholeOut.of(one.whole)))


class SituationOut(Out):
    """Where calls stand; `at` is the instant it is true of, `qs60` of the last hour."""

    at: datetime
    in_progress: int
    ringing: int
    waiting: int
    longest_wait: float
    talking: int
    presented: int
    qs60: float | None
    callbacks_due: int
    callbacks_late: int

    @classmethod
    def of(cls, picture: Picture, association: str | None) -> SituationOut:
        """One association's part of the live picture, or the service's."""
        situation = picture.of(association)
        told = {name: getattr(situation, name) for name in cls.model_fields if name != "at"}
        return cls(at=picture.at, **told)


class ExpectedOut(Out):
    """An hour to come, and the regulators it needs for QS60 of 95 %."""

    day: date
    hour: int
    calls: float
    low: float
    high: float
    regulators: int

    @classmethod
    def of(cls, one: Expected, regulators: int) -> ExpectedOut:
        """From the forecast and `staffing.needed`."""
        return cls(
            day=one.day, hour=one.hour, calls=one.calls, low=one.low, high=one.high, regulators=regulators
        )


def table(rows: Iterable[tuple[str, Figures]], first: str) -> tuple[list[str], list[list[Cell]]]:
    """Headings and rows of any series or breakdown; `first` names what the rows are."""
    headings = [first, *(DEFINITIONS[name][0] for name in COLUMNS)]
    return headings, [[name, *(getattr(figures, column) for column in COLUMNS)] for name, figures in rows]


def whole_table(rows: Iterable[tuple[str, Whole]], first: str) -> tuple[list[str], list[list[Cell]]]:
    """`table` with the overflow received, what went to the 15, and what became of the promises."""
    told = list(rows)
    headings, cells = table(((name, one.figures) for name, one in told), first)
    headings += [words for words, _ in (*BESIDE.values(), *PROMISED.values())]
    for line, (_, one) in zip(cells, told, strict=True):
        line += [getattr(one, name) for name in BESIDE]
        line += [getattr(one.promises, name) for name in PROMISED]
    return headings, cells


def to_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with its mark, semicolons, decimal commas: opens by a double click in a French Excel."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([_in_french(heading) for heading in headings])
    writer.writerows([_in_french(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def to_xlsx(headings: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "3624") -> bytes:
    """A workbook: bold headings that stay, numbers as numbers, nothing that runs."""
    from openpyxl import Workbook  # a tenth of the console's start, and few ask for a workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "B2"
    first = [WriteOnlyCell(sheet, value=_harmless(heading)) for heading in headings]
    for cell in first:
        cell.font = Font(bold=True)
    sheet.append(first)
    for row in rows:
        sheet.append([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _in_french(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else str(cell).replace(".", ",")
    return _harmless(cell) if isinstance(cell, str) else str(cell)


def _harmless(text: str) -> str:
    printable = UNPRINTABLE.sub("", text)
    return "'" + printable if printable.startswith(FORMULA) else printable
