"""« Équité »: who overflows to whom, and the monthly table fit for publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from config.stores import reading
from console import periods, sheets
from console.access.door import opens
from console.access.roles import Right
from console.french import MONTHS
from console.office import Office, office
from console.periods import Period
from workers.records import export, history, live, paris, whole
from workers.records.history import Flow, Span
from workers.records.whole import Month

bp = Blueprint("fairness", __name__, url_prefix="/federation/equite")
Answer = str | Response | tuple[str, int]
NATIONAL = "régulation nationale"
TABLE = 13  # months


@dataclass(frozen=True, slots=True)
class Balance:
    """What one association gave to others and took from them, in calls."""

    name: str
    given: int
    received: int

    @property
    def owed(self) -> int:
        """Above nought it helps more than it is helped."""
        return self.received - self.given


@bp.get("")
@opens(Right.WATCH)
def shown() -> Answer:
    """The board of a period, and the months."""
    here = office()
    period, names = _period(here), _names(here)
    with reading(here.engine).begin() as connection:
        flows = history.fairness(connection, period.span(None))
        months = _months(connection, here)
    return render_template(
        "federation/fairness.html",
        period=period,
        kinds=periods.KINDS,
        flows=[(_name(names, flow.owner), _name(names, flow.helper), flow) for flow in flows],
        balances=balances(flows, names),
        months=[(_month(one), one.whole, one.month) for one in reversed(months)],
        this_month=paris.number_of(period.today) // 100,
        arrested=live.said(here.now()),
    )


@bp.get("/tableau")
@opens(Right.WATCH)
def sheet() -> Answer:
    """The flows (`quoi=debordements`) or the months, as a file."""
    here, form = office(), request.args.get("forme", "csv")
    with reading(here.engine).begin() as connection:
        if request.args.get("quoi") == "debordements":
            period, names = _period(here), _names(here)
            rows: list[list[export.Cell]] = [
                [_name(names, flow.owner), _name(names, flow.helper), flow.calls, flow.minutes]
                for flow in history.fairness(connection, period.span(None))
            ]
            headings = ["Lieu de l'appel", "Décroché par", "Appels", "Minutes"]
            return sheets.sent(headings, rows, f"debordements-{period.first}-{period.last}", form)
        months = [(_month(one), one.whole) for one in _months(connection, here)]
    return sheets.sent(*export.whole_table(months, "Mois"), "mois", form)


def balances(flows: Sequence[Flow], names: dict[str, str]) -> list[Balance]:
    """Of each association that gave or took, those that give the most first; the national desk apart."""
    given, received = dict[str, int](), dict[str, int]()
    for flow in flows:
        given[flow.owner] = given.get(flow.owner, 0) + flow.calls
        if flow.helper:
            received[flow.helper] = received.get(flow.helper, 0) + flow.calls
    found = [
        Balance(_name(names, slug), given.get(slug, 0), received.get(slug, 0))
        for slug in {*given, *received} - {""}
    ]
    return sorted(found, key=lambda one: (one.owed, one.name))


def _months(connection: Connection, here: Office) -> list[Month]:
    today = here.now().astimezone(paris.ZONE).date()
    first = paris.months(today - timedelta(days=31 * TABLE), today)[-TABLE]
    months = whole.monthly(connection, Span(first, today), here.now())
    return [one for one in months if one.whole.figures.presented or one.whole.promises.promised]


def _month(one: Month) -> str:
    return f"{MONTHS[one.month % 100 - 1]} {one.month // 100}"


def _period(here: Office) -> Period:
    today: date = here.now().astimezone(paris.ZONE).date()
    return periods.asked(request.args, today)


def _names(here: Office) -> dict[str, str]:
    return {slug: one.city for slug, one in here.book.associations.items()}


def _name(names: dict[str, str], slug: str | None) -> str:
    if slug is None:
        return NATIONAL
    return names.get(slug, slug or "lieu sans association")
