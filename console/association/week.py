"""A week as people type it, « 8h-12h, 14h-20h », « 20h-8h », « 24h/24 », to hours and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from console.french import DAYS, read_clock
from routing.document import Association, Document
from routing.document_hours import EVERY_DAY, Hours, Weekday, WeeklySpan
from routing.model import Need

_ROUND = re.compile(r"24\s*h?\s*(/|sur)\s*24\s*h?")
_CLOSED = frozenset({"", "-", "–", "fermé", "ferme", "fermée"})
_BETWEEN = re.compile(r"\s*(?:-|–|—|à|/)\s*")


class Illegible(ValueError):
    """Some days cannot be read; `days` says which and why."""

    def __init__(self, days: Mapping[Weekday, str]) -> None:
        super().__init__("Certains jours ne sont pas lisibles.")
        self.days = days


def read(typed: Mapping[Weekday, str]) -> tuple[WeeklySpan, ...]:
    """The spans of a week; alike ones are written once, with their days. Raises `Illegible`."""
    days_of: dict[tuple[str, str], list[Weekday]] = {}
    wrong: dict[Weekday, str] = {}
    for weekday in EVERY_DAY:
        try:
            for span in _day(typed.get(weekday, "")):
                days_of.setdefault(span, []).append(weekday)
        except ValueError as fault:
            wrong[weekday] = str(fault)
    if wrong:
        raise Illegible(wrong)
    return tuple(
        WeeklySpan(opens=opens, closes=closes, days=tuple(dict.fromkeys(days)))
        for (opens, closes), days in days_of.items()
    )


def written(spans: Iterable[WeeklySpan]) -> dict[Weekday, str]:
    """Each day as one would type it."""
    known = list(spans)
    return {weekday: _said([s for s in known if weekday in s.days]) for weekday in EVERY_DAY}


def hours_of(one: Association, need: Need) -> Hours:
    """The hours that hold for a need; several that do are laid together by their weeks."""
    found = [hours for hours in one.hours if need in hours.needs]
    if not found:
        return Hours(needs=(need,))
    weekly = tuple(dict.fromkeys(span for hours in found for span in hours.weekly))
    return found[0].model_copy(update={"needs": (need,), "weekly": weekly})


def with_week(
    document: Document, slug: str, needs: tuple[Need, ...], weekly: tuple[WeeklySpan, ...]
) -> Document:
    """The document with this week for these needs; holidays, school holidays and exceptions stay."""
    one = next(a for a in document.associations if a.slug == slug)
    others = tuple(
        hours.model_copy(update={"needs": left})
        for hours in one.hours
        if (left := tuple(need for need in hours.needs if need not in needs))
    )
    fresh: dict[Hours, list[Need]] = {}
    for need in needs:
        hours = hours_of(one, need).model_copy(update={"weekly": weekly, "needs": ()})
        fresh.setdefault(hours, []).append(need)
    made = tuple(hours.model_copy(update={"needs": tuple(held)}) for hours, held in fresh.items())
    changed = one.model_copy(update={"hours": (*others, *made)})
    return document.model_copy(
        update={"associations": tuple(changed if a is one else a for a in document.associations)}
    )


def day_name(weekday: Weekday) -> str:
    """« lundi »."""
    return DAYS[EVERY_DAY.index(weekday)]


def _day(text: str) -> list[tuple[str, str]]:
    plain = text.strip().lower()
    if plain in _CLOSED:
        return []
    if _ROUND.fullmatch(plain):
        return [("00:00", "24:00")]
    return [_span(part) for part in re.split(r"\s*(?:,|;|\bet\b)\s*", plain) if part]


def _span(text: str) -> tuple[str, str]:
    edges = _BETWEEN.split(re.sub(r"^de\s+", "", text))
    clocks = [read_clock(edge) for edge in edges]
    if len(edges) != 2 or clocks[0] is None or clocks[1] is None:
        raise ValueError(
            f"« {text[:40]} » n'est pas lisible : écrivez 8h-12h, 14h-20h, ou 20h-8h pour une nuit."
        )
    opens, closes = (f"{clock:%H:%M}" for clock in clocks if clock is not None)
    return opens, "24:00" if closes == "00:00" and opens != "00:00" else closes


def _said(spans: list[WeeklySpan]) -> str:
    # Closing at 00:00 is midnight, the end of the day: it is said 24h.
    edges = sorted({(span.opens, "24:00" if span.closes == "00:00" else span.closes) for span in spans})
    if ("00:00", "24:00") in edges:
        return "24h/24"
    return ", ".join(f"{_short(opens)}-{_short(closes)}" for opens, closes in edges) or "fermé"


def _short(clock: str) -> str:
    return f"{int(clock[:2])}h" + (clock[3:] if clock[3:] != "00" else "")
