"""When somebody is there: written hours become UTC intervals, night by night, clock change or not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from routing.calendar import FIRST_YEAR, LAST_YEAR, public_holidays, school_holidays
from routing.document_hours import EVERY_DAY, DatedException, Hours, Span, WeeklySpan

DAY = timedelta(days=1)
# A span opens at the latest at 23:59 and lasts 24 h at most; two days of margin also cover every offset.
MARGIN = 2 * DAY
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_STEADY, _LAST_STEADY = date.min.toordinal() + 3, date.max.toordinal() - 3


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Open from `since` up to but without `until`, both in seconds UTC since 1970; `rule` says why."""

    since: int
    until: int
    rule: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A year of openings for bisection: `rules[i]` holds from `changes[i]` on, None meaning closed."""

    changes: tuple[int, ...]
    rules: tuple[str | None, ...]

    def rule_at(self, instant: float) -> str | None:
        """The rule under which it is open at this instant, or None."""
        return self.rules[bisect_right(self.changes, instant)]


class Schedule:
    """Hours in a place, with one timeline per calendar year worked out when first asked for."""

    __slots__ = ("_years", "always", "hours", "territory", "zone")

    def __init__(self, hours: Iterable[Hours], zone: ZoneInfo, territory: str | None) -> None:
        self.hours = tuple(hours)
        self.zone = zone
        self.territory = territory
        self.always = any(map(_is_round_the_clock, self.hours))
        self._years: dict[int, Timeline] = {}

    def rule_at(self, instant: float, year: int) -> str | None:
        """The rule under which it is open (None: closed). `year`: the instant's, in any time zone."""
        if self.always:
            return ALWAYS
        timeline = self._years.get(year)
        if timeline is None:
            timeline = self._years.setdefault(year, self._timeline(min(max(year, FIRST_YEAR), LAST_YEAR)))
        return timeline.rule_at(instant)

    def urgent_at(self, instant: float) -> bool:
        """True while an urgent exception opens: above any closure that is not urgent itself."""
        if not any(exception.urgent for one in self.hours for exception in one.exceptions):
            return False
        day = datetime.fromtimestamp(instant, UTC).date()
        return any(
            span.since <= instant < span.until and span.rule.startswith(URGENT)
            for span in self._spans(day - DAY, day + 2 * DAY)
        )

    def intervals(self, since: float, until: float) -> tuple[Interval, ...]:
        """Sorted, disjoint openings in [since, until) seconds UTC; of two rules that overlap the earlier
        counts."""
        start, end = int(since), int(until)
        if self.always:
            return (Interval(start, end, ALWAYS),) if start < end else ()
        first, last = (datetime.fromtimestamp(instant, UTC) for instant in (start, end))
        return tuple(_disjoint(self._spans((first - MARGIN).date(), (last + MARGIN).date()), start, end))

    def bounds(self, since: float, until: float) -> frozenset[tuple[int, int]]:
        """When every span that touches [since, until) opens and closes, overlapping or not; none when it
        is always open."""
        if self.always:
            return frozenset()
        first, last = (datetime.fromtimestamp(instant, UTC) for instant in (since, until))
        return frozenset(
            (s.since, s.until) for s in self._spans((first - MARGIN).date(), (last + MARGIN).date())
        )

    def _timeline(self, year: int) -> Timeline:
        openings = self.intervals(
            (datetime(year, 1, 1, tzinfo=UTC) - MARGIN).timestamp(),
            (datetime(year + 1, 1, 1, tzinfo=UTC) + MARGIN).timestamp(),
        )
        changes: list[int] = []
        rules: list[str | None] = [None]
        for opening in openings:
            if changes and changes[-1] == opening.since:
                rules[-1] = opening.rule
            else:
                changes.append(opening.since)
                rules.append(opening.rule)
            changes.append(opening.until)
            rules.append(None)
        return Timeline(tuple(changes), tuple(rules))

    def _spans(self, first: date, last: date) -> list[Interval]:
        found = []
        for hours in self.hours:
            for day in _days(first, last):
                for span, rule in spans_of_day(hours, day, self.territory):
                    opens, closes = span_of_instants(day, span, self.zone)
                    if opens < closes:
                        found.append(Interval(opens, closes, rule))
        return found


def spans_of_day(hours: Hours, day: date, territory: str | None) -> list[tuple[Span, str]]:
    """The spans that open on this local day, each with its rule, by the order: urgent exception, dated
    exception, public holiday, eve, school holidays, week. The document's own order plays no part."""
    exceptions = [e for e in hours.exceptions if _applies(e, day)]
    if exceptions:
        return _of_exceptions(exceptions)
    if hours.holidays is not None and _is_holiday(day, territory):
        return [(span, span.label or HOLIDAY) for span in hours.holidays]
    if hours.eves is not None and day < date.max and _is_holiday(day + DAY, territory):
        return [(span, span.label or EVE) for span in hours.eves]
    if hours.school is not None and day in school_holidays(hours.school.zone, day.year):
        return _of_week(hours.school.weekly, day, SCHOOL)
    return _of_week(hours.weekly, day, None)


ALWAYS, NIGHT, WEEK, HOLIDAY, EVE, SCHOOL, DATED, URGENT = (
    "always",
    "night",
    "week",
    "holiday",
    "eve",
    "school",
    "dated",
    "urgent",
)


def _of_exceptions(exceptions: list[DatedException]) -> list[tuple[Span, str]]:
    urgent = [e for e in exceptions if e.urgent]
    ruling = urgent or exceptions
    if any(not e.spans for e in ruling):  # of two exceptions of one rank, the one that closes wins
        return []
    kind = URGENT if urgent else DATED
    return [
        (span, f"{kind} {span.label or exception.label}") for exception in ruling for span in exception.spans
    ]


def _of_week(weekly: tuple[WeeklySpan, ...], day: date, rule: str | None) -> list[tuple[Span, str]]:
    weekday = EVERY_DAY[day.weekday()]
    return [
        (span, span.label or rule or (NIGHT if span.closes <= span.opens else WEEK))
        for span in weekly
        if weekday in span.days
    ]


def _applies(exception: DatedException, day: date) -> bool:
    if not exception.yearly:
        return exception.first <= day <= exception.last
    if day < exception.first:
        return False
    if exception.last - exception.first >= timedelta(days=365):
        return True
    here, first, last = ((d.month, d.day) for d in (day, exception.first, exception.last))
    if first <= last:
        return first <= here <= last
    return here >= first or here <= last


def _is_holiday(day: date, territory: str | None) -> bool:
    return day in public_holidays(territory, day.year)


def _is_round_the_clock(hours: Hours) -> bool:
    """24 h on every day, and nothing that says otherwise: no timeline is needed."""
    varies = hours.exceptions or hours.school or hours.holidays is not None or hours.eves is not None
    return not varies and any(
        (span.opens, span.closes) == ("00:00", "24:00") and set(span.days) == set(EVERY_DAY)
        for span in hours.weekly
    )


def span_of_instants(day: date, span: Span, zone: ZoneInfo) -> tuple[int, int]:
    """When a span that opens on this local day opens and closes, seconds UTC; not after: it is empty."""
    midnight = _steady_midnight(zone, day.toordinal())
    if midnight is not None:
        opens, closes = _seconds(span.opens), _seconds(span.closes)
        return midnight + opens, midnight + closes + (86_400 if closes <= opens else 0)
    return _first_instant(wall(day, span.opens), zone), _last_instant(closing_wall(day, span), zone)


@lru_cache(maxsize=8192)
def _steady_midnight(zone: ZoneInfo, ordinal: int) -> int | None:
    """When this local day begins, seconds UTC; None where the clock changes before the next day is over."""
    if not _FIRST_STEADY < ordinal < _LAST_STEADY:
        return None
    days = (datetime.fromordinal(ordinal + after) for after in range(3))
    offsets = {day.replace(tzinfo=zone, fold=fold).utcoffset() for day in days for fold in (0, 1)}
    offset = offsets.pop()
    if offsets or offset is None:
        return None
    return (ordinal - _EPOCH) * 86_400 - int(offset.total_seconds())


@lru_cache(maxsize=1441)
def _seconds(clock: str) -> int:
    return int(clock[:2]) * 3600 + int(clock[3:]) * 60


def wall(day: date, clock: str) -> datetime:
    """The clock on the wall (naive)."""
    hour, minute = int(clock[:2]), int(clock[3:])
    if hour == 24:
        return datetime.combine(day + DAY, time())
    return datetime.combine(day, time(hour, minute))


def closing_wall(day: date, span: Span) -> datetime:
    """The clock on the wall (naive) when a span that opens on this day closes."""
    return wall(day + DAY if span.closes <= span.opens else day, span.closes)


# A clock time that exists twice opens at the first and closes at the second; one that does not exist is the
# moment the clock jumps. Where the clock is in doubt somebody is there.
def _first_instant(wall: datetime, zone: ZoneInfo) -> int:
    before, after = _both(wall, zone)
    return before if before <= after else _jump(wall, zone, after, before)


def _last_instant(wall: datetime, zone: ZoneInfo) -> int:
    before, after = _both(wall, zone)
    return after if before <= after else _jump(wall, zone, after, before)


def _both(wall: datetime, zone: ZoneInfo) -> tuple[int, int]:
    here = wall.replace(tzinfo=zone)
    return int(here.timestamp()), int(here.replace(fold=1).timestamp())


def _jump(wall: datetime, zone: ZoneInfo, low: int, high: int) -> int:
    """The instant in (low, high] at which the clock jumps over this wall time."""
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) > wall:
            high = middle
        else:
            low = middle
    return high


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _disjoint(spans: list[Interval], start: int, end: int) -> Iterator[Interval]:
    cursor = start
    for span in sorted(spans):
        since, until = max(span.since, cursor), min(span.until, end)
        if since < until:
            yield Interval(since, until, span.rule)
            cursor = until
