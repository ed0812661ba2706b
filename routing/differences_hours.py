"""What changed in written hours, need by need: « ouvre la nuit », « ferme le samedi de 8 h à 20 h »."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from routing.document_hours import EVERY_DAY, DatedException, Hours, SchoolHours, Span, WeeklySpan
from routing.model import Need
from routing.spans import Pairs, minus, union
from routing.words import NEEDS, clock

DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
# A night opens after dinner and closes in the morning.
DUSK, MORNING = 18 * 60, 10 * 60


def hours_in_words(before: Sequence[Hours], after: Sequence[Hours]) -> Iterator[str]:
    """Verb phrases without a subject; needs that change alike are told together."""
    told: dict[str, list[str]] = defaultdict(list)
    for need in Need:
        one, other = ([hours for hours in book if need in hours.needs] for book in (before, after))
        for said in _need_in_words(one, other):
            told[said].append(NEEDS[need])
    for said, needs in told.items():
        yield f"{said} ({', '.join(needs)})"
    if not told and tuple(before) != tuple(after):
        yield "récrit ses horaires sans changer quand elle répond"


def _need_in_words(before: list[Hours], after: list[Hours]) -> Iterator[str]:
    alike = {"needs": ()}
    if [h.model_copy(update=alike) for h in before] == [h.model_copy(update=alike) for h in after]:
        return
    found = [*_week(before, after), *_special_days(before, after), *_exceptions(before, after)]
    yield from found or ["change le nom de ses horaires"]


def _week(before: list[Hours], after: list[Hours]) -> Iterator[str]:
    old, new = (union(*(_minutes(hours.weekly) for hours in book)) for book in (before, after))
    yield from (f"ouvre {when}" for when in _when(minus(new, old)))
    yield from (f"ferme {when}" for when in _when(minus(old, new)))


def _minutes(weekly: Iterable[WeeklySpan]) -> Iterator[tuple[int, int]]:
    """Spans as minutes since Monday midnight; what runs over Sunday's end comes back on Monday."""
    for span in weekly:
        since, until = _of_day(span)
        for day in span.days:
            begins = EVERY_DAY.index(day) * DAY
            yield begins + since, min(begins + until, WEEK)
            if begins + until > WEEK:
                yield 0, begins + until - WEEK


def _of_day(span: Span) -> tuple[int, int]:
    opens, closes = (60 * int(clock[:2]) + int(clock[3:]) for clock in (span.opens, span.closes))
    return opens, closes if closes > opens else closes + DAY


def _when(pairs: Pairs) -> Iterator[str]:
    if pairs == ((0, WEEK),):
        yield "24 h/24"
        return
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for since, until in _joined(pairs):
        for start, end in _by_day(int(since), int(until)):
            days[start % DAY, end - start].append(start // DAY % 7)
    for (start, length), weekdays in days.items():
        yield _phrase(start, length, sorted(set(weekdays)))


def _joined(pairs: Pairs) -> Pairs:
    """Sunday night and the Monday morning it runs into are one."""
    if len(pairs) > 1 and pairs[0][0] == 0 and pairs[-1][1] == WEEK:
        return (*pairs[1:-1], (pairs[-1][0], WEEK + pairs[0][1]))
    return pairs


def _by_day(since: int, until: int) -> Iterator[tuple[int, int]]:
    """A night stays whole; what lasts longer than a day is told day by day."""
    while until - since > DAY:
        midnight = (since // DAY + 1) * DAY
        yield since, midnight
        since = midnight
    if since < until:
        yield since, until


def _phrase(start: int, length: int, weekdays: list[int]) -> str:
    end = (start + length) % DAY
    span = f"de {clock(*divmod(start, 60))} à {clock(*divmod(end, 60)) if end else 'minuit'}"
    if start >= DUSK and start + length > DAY and end <= MORNING:
        nights = "la nuit" if len(weekdays) == 7 else f"la nuit {_days(weekdays)}"
        return f"{nights} {span}"
    return f"{_days(weekdays)} {'toute la journée' if length == DAY else span}"


def _days(weekdays: list[int]) -> str:
    if len(weekdays) == 7:
        return "tous les jours"
    first, last = weekdays[0], weekdays[-1]
    if len(weekdays) > 2 and last - first == len(weekdays) - 1:
        return f"du {DAYS[first]} au {DAYS[last]}"
    *others, final = (f"le {DAYS[day]}" for day in weekdays)
    return f"{', '.join(others)} et {final}" if others else final


def _special_days(before: list[Hours], after: list[Hours]) -> Iterator[str]:
    for field, words in (("holidays", "les jours fériés"), ("eves", "les veilles de jour férié")):
        old, new = ([getattr(hours, field) for hours in book] for book in (before, after))
        if _spans(old) != _spans(new):
            yield f"répond {words} {_spans(new)}"
    old_school, new_school = ({_school(hours.school) for hours in book} for book in (before, after))
    if old_school != new_school:
        yield f"répond pendant les vacances scolaires {' ; '.join(sorted(new_school)) or 'comme toujours'}"


def _spans(found: Iterable[tuple[Span, ...] | None]) -> str:
    """How a special day is kept by all hours of a need together."""
    told = [spans for spans in found if spans is not None]
    if not told:
        return "comme les autres jours"
    return _clock(span for spans in told for span in spans)


def _clock(spans: Iterable[Span]) -> str:
    told = [_span(span) for span in sorted(spans, key=lambda span: span.opens)]
    return " et ".join(told) or "à aucun moment"


def _span(span: Span) -> str:
    opens, closes = (clock(int(at[:2]), int(at[3:])) for at in (span.opens, span.closes))
    return f"de {opens} à {closes}"


def _school(school: SchoolHours | None) -> str:
    if school is None:
        return "comme toujours"
    told = sorted(
        f"{_days(sorted(EVERY_DAY.index(day) for day in span.days))} {_span(span)}"
        for span in school.weekly
        if span.days
    )
    return f"(zone {school.zone}) {', '.join(told) or 'à aucun moment'}"


def _exceptions(before: list[Hours], after: list[Hours]) -> Iterator[str]:
    old, new = ([e for hours in book for e in hours.exceptions] for book in (before, after))
    yield from (f"fait exception : {_exception(e)}" for e in new if e not in old)
    yield from (f"ne fait plus exception : {_exception(e)}" for e in old if e not in new)


def _exception(exception: DatedException) -> str:
    first, last = exception.first, exception.last
    period = f"le {first:%d/%m/%Y}" if first == last else f"du {first:%d/%m/%Y} au {last:%d/%m/%Y}"
    every = ", chaque année" if exception.yearly else ""
    urgent = ", en urgence" if exception.urgent else ""
    return f"« {exception.label} » {period}{every}{urgent}, {_clock(exception.spans)}"
