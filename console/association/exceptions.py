"""Dated exceptions, public holidays, their eves and school holidays, as their forms write them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from console.association import week
from console.association.editing import Unreadable
from console.association.week import Illegible
from routing.calendar import holiday_names
from routing.document import Association
from routing.document_hours import EVERY_DAY, DatedException, Hours, SchoolHours, Span, Weekday, WeeklySpan
from routing.model import Need

AHEAD = timedelta(days=75)  # a holiday is proposed from so long before
LIKE = {
    "sunday": "comme un dimanche",
    "round": "24 h/24",
    "shut": "fermé",
    "usual": "comme un jour ordinaire",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One exception, and for which needs it holds."""

    exception: DatedException
    needs: tuple[Need, ...]

    @property
    def id(self) -> str:
        """Names it on a form."""
        return sha256(self.exception.model_dump_json().encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Special:
    """What holds on the days that come back by themselves, for needs that share it."""

    needs: tuple[Need, ...]
    holidays: tuple[Span, ...] | None
    eves: tuple[Span, ...] | None
    school: SchoolHours | None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday that comes and for which nothing is laid down, for some needs at least."""

    day: date
    name: str


def rows(one: Association) -> list[Row]:
    """All exceptions, the next first; alike ones are told once."""
    found: dict[DatedException, list[Need]] = {}
    for hours in one.hours:
        for exception in hours.exceptions:
            found.setdefault(exception, []).extend(hours.needs)
    told = [Row(exception, tuple(dict.fromkeys(needs))) for exception, needs in found.items()]
    return sorted(told, key=lambda row: (not row.exception.yearly, row.exception.first, row.exception.label))


def specials(one: Association) -> list[Special]:
    """The days that come back by themselves, by needs that share them."""
    found: dict[tuple[object, ...], list[Need]] = {}
    held = {need: _of(one, need) for need in one.menu}
    for need, hours in held.items():
        found.setdefault((hours.holidays, hours.eves, hours.school), []).append(need)
    return [
        Special(tuple(needs), held[needs[0]].holidays, held[needs[0]].eves, held[needs[0]].school)
        for needs in found.values()
    ]


def added(one: Association, needs: Iterable[Need], exception: DatedException) -> Association:
    """With this exception for these needs, instead of one of theirs for the same days."""

    def change(hours: Hours) -> Hours:
        days = (exception.first, exception.last, exception.yearly)
        kept = tuple(e for e in hours.exceptions if (e.first, e.last, e.yearly) != days)
        return hours.model_copy(update={"exceptions": (*kept, exception)})

    return _changed(one, needs, change)


def removed(one: Association, row: str) -> Association:
    """Without the exception a form names."""
    found = next((r for r in rows(one) if r.id == row), None)
    if found is None:
        return one

    def change(hours: Hours) -> Hours:
        kept = tuple(e for e in hours.exceptions if e != found.exception)
        return hours.model_copy(update={"exceptions": kept})

    return _changed(one, found.needs, change)


def with_special(one: Association, special: Special) -> Association:
    """With other hours on holidays, eves and in the school holidays for these needs."""
    update = {"holidays": special.holidays, "eves": special.eves, "school": special.school}
    return _changed(one, special.needs, lambda hours: hours.model_copy(update=update))


def undecided(one: Association, today: date) -> list[Holiday]:
    """The public holidays to come of which some need's hours say nothing, by the territory's own calendar."""
    names: dict[date, str] = {}
    for year in (today.year, today.year + 1):
        names.update(holiday_names(one.holiday_territory, year))
    return [
        Holiday(day, name)
        for day, name in sorted(names.items())
        if today <= day <= today + AHEAD and any(_silent(_of(one, need), day) for need in one.menu)
    ]


def settled(one: Association, holiday: Holiday, like: str) -> Association:
    """The holiday laid down for every need that says nothing of it. Raises `Unreadable`."""
    if like not in LIKE:
        raise Unreadable("like", "Choisissez comment ce jour se passe.")
    for need in one.menu:
        hours = _of(one, need)
        if not _silent(hours, holiday.day):
            continue
        label = holiday.name[:60]
        exception = DatedException(
            label=label, first=holiday.day, last=holiday.day, spans=_like(hours, holiday.day, like)
        )
        one = added(one, (need,), exception)
    return one


def spans_of(field: str, typed: str) -> tuple[Span, ...]:
    """« 8h-12h, 20h-8h », « 24h/24 », « fermé » as spans. Raises `Unreadable`."""
    try:
        return tuple(_span(s) for s in week.read({Weekday.MON: typed}))
    except Illegible as wrong:
        raise Unreadable(field, next(iter(wrong.days.values()))) from None


def typed(spans: Iterable[Span] | None) -> str:
    """Spans as one would type them; nothing where nothing is laid down."""
    if spans is None:
        return ""
    weekly = [WeeklySpan(opens=s.opens, closes=s.closes, days=(Weekday.MON,)) for s in spans]
    return week.written(weekly)[Weekday.MON]


def school_of(zone: str, days: Mapping[Weekday, str]) -> SchoolHours | None:
    """The school holidays as typed, None without a zone. Raises `Unreadable`."""
    if zone not in ("A", "B", "C"):
        return None
    try:
        return SchoolHours(zone=zone, weekly=week.read(days))  # type: ignore[arg-type] # just checked
    except Illegible as wrong:
        day, why = next(iter(wrong.days.items()))
        raise Unreadable(f"school-{day.value}", f"{week.day_name(day).capitalize()} : {why}") from None


def _like(hours: Hours, day: date, like: str) -> tuple[Span, ...]:
    if like == "shut":
        return ()
    if like == "round":
        return (Span(opens="00:00", closes="24:00"),)
    weekday = Weekday.SUN if like == "sunday" else EVERY_DAY[day.weekday()]
    return tuple(_span(s) for s in hours.weekly if weekday in s.days)


def _span(span: Span) -> Span:
    return Span(opens=span.opens, closes=span.closes)


def _silent(hours: Hours, day: date) -> bool:
    if hours.holidays is not None:
        return False
    return not any(_holds(exception, day) for exception in hours.exceptions)


def _holds(exception: DatedException, day: date) -> bool:
    if not exception.yearly:
        return exception.first <= day <= exception.last
    length = exception.last - exception.first
    for year in (day.year - 1, day.year):
        try:
            first = exception.first.replace(year=year)
        except ValueError:  # 29 February
            continue
        if exception.first <= first <= day <= first + length:
            return True
    return False


def _of(one: Association, need: Need) -> Hours:
    """A need's hours; what several of them except is laid together."""
    hours = week.hours_of(one, need)
    found = [h for h in one.hours if need in h.needs]
    exceptions = tuple(dict.fromkeys(e for h in found for e in h.exceptions))
    return hours.model_copy(update={"exceptions": exceptions})


def _changed(one: Association, needs: Iterable[Need], change: Callable[[Hours], Hours]) -> Association:
    """The association with these needs' hours changed; needs left alike are written together."""
    touched = tuple(dict.fromkeys(needs))
    groups: dict[Hours, list[Need]] = {}
    for need in dict.fromkeys((*(n for h in one.hours for n in h.needs), *touched)):
        hours = _of(one, need)
        made = change(hours) if need in touched else hours
        groups.setdefault(made.model_copy(update={"needs": ()}), []).append(need)
    hours_now = tuple(h.model_copy(update={"needs": tuple(held)}) for h, held in groups.items())
    return one.model_copy(update={"hours": hours_now})
