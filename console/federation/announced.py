"""Closures and campaign messages of the federation: what the form says, and what it comes to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.association.closing import Unclear
from console.french import PARIS, read_clock, read_day
from routing.closures import KEPT, begins
from routing.compiled import RuleBook
from routing.decision import decide
from routing.document import Association, Closure, Document, Message
from routing.model import Decision, Load, Located, Need, Outcome, PlaceSource
from routing.words import NEEDS

LONGEST = timedelta(days=366)
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """For one need: what its callers meet, each answer with the towns that meet it."""

    need: Need
    answers: tuple[tuple[str, tuple[str, ...]], ...]


def closure(form: Form, needs: tuple[str, ...], requisitioned: tuple[str, ...], now: datetime) -> Closure:
    """The closure that was asked for. Raises `Unclear`."""
    starts, ends = _period(form, now)
    secret = _instant(form, "secret", now, "la publication") if form.get("secret") == "until" else None
    if secret is not None and secret >= ends:
        raise Unclear("secret", "Elle serait publiée après sa fin.")
    scope = form.get("scope", "") or None
    return Closure(
        id=f"{scope or 'france'}-{int(now.timestamp())}"[:60],
        association=scope,
        needs=tuple(need for need in Need if need.value in needs),
        starts=starts,
        ends=ends,
        reason=_reason(form),
        message=_text(form, "message") or None,
        meanwhile=tuple(filter(None, (form.get("meanwhile"),))),
        requisitioned=requisitioned if scope is None else (),
        published_at=secret,
    )


def message(form: Form, associations: tuple[str, ...], now: datetime) -> Message:
    """The message that was asked for. Raises `Unclear`."""
    starts, ends = _period(form, now)
    text = _text(form, "text")
    if not text:
        raise Unclear("text", "Écrivez la phrase que les patients entendront.")
    if form.get("scope") == "some" and not associations:
        raise Unclear("scope", "Cochez au moins une association, ou choisissez tous les appelants.")
    return Message(
        id=f"message-{int(now.timestamp())}",
        associations=associations if form.get("scope") == "some" else (),
        text=text,
        reason=_reason(form),
        starts=starts,
        ends=ends,
    )


def with_message(document: Document, added: Message, now: datetime) -> Document:
    """The document with it, without those that were over a month ago."""
    kept = tuple(one for one in document.messages if one.ends > now - KEPT and one.id != added.id)
    return document.model_copy(update={"messages": (*kept, added)})


def ended(document: Document, name: str, at: datetime | None, now: datetime) -> Document | None:
    """The document with this closure or message ending at `at`, None: now, or withdrawn if it has not begun.

    None when there is no such one that is not over.
    """
    for field in ("closures", "messages"):
        parts: tuple[Closure | Message, ...] = getattr(document, field)
        found = next((one for one in parts if one.id == name and one.ends > now), None)
        if found is not None:
            return document.model_copy(update={field: _without_or_until(parts, found, at, now)})
    return None


def new_end(form: Form, now: datetime) -> datetime | None:
    """When it is to end: None for now. Raises `Unclear`."""
    if form.get("until") == "now":
        return None
    at = _instant(form, "end", now, "la fin")
    if at <= now:
        raise Unclear("end", "Cette fin est déjà passée.")
    return at


def meanwhile(book: RuleBook, one: Closure) -> tuple[Meanwhile, ...]:
    """Who would answer, town by town, when it begins, under the book that holds it."""
    document, at = book.document, max(begins(one), one.starts)
    towns = [a for a in document.associations if one.association in (None, a.slug)] if document else []
    found = []
    for need in one.needs or tuple(Need):
        answers: dict[str, list[str]] = defaultdict(list)
        for town in towns:
            if need in town.menu:
                answers[_answer(book, one, town, need, at)].append(town.city)
        ordered = sorted(answers.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        found.append(Meanwhile(need, tuple((said, tuple(sorted(cities))) for said, cities in ordered)))
    return tuple(found)


def last_week(starts: datetime, ends: datetime, now: datetime) -> tuple[datetime, datetime, float]:
    """The same hours a week ago (or more, so that they are past), and what to multiply their calls by."""
    span, week = ends - starts, timedelta(days=7)
    if span <= week:
        back = max(1, -(-(ends - now) // week)) * week
        return starts - back, ends - back, 1.0
    return now - week, now, span / week


def _answer(book: RuleBook, one: Closure, town: Association, need: Need, at: datetime) -> str:
    """As the voice has it: a need that cannot be had leaves the menu; who chooses nothing is put through."""
    place = Located(town.insee, 1.0, PlaceSource.POSTCODE)
    decision = decide(book, place, need, at, Load())
    if decision.outcome not in (Outcome.CLOSED, Outcome.NOT_COVERED):
        name = _name(book, one, decision)
        if decision.outcome is Outcome.CALLBACK:
            return f"rappel par {name}"
        return "sa propre régulation" if decision.targets[0].association == town.slug else f"{name} répond"
    silent = decide(book, place, None, at, Load())
    own = silent.targets[0].association == town.slug
    answers = f"{'sa propre régulation' if own else _name(book, one, silent)} décroche"
    offered = ", ".join(NEEDS[other] for other in decision.offers)
    menu = f" ; le menu propose : {offered} ; sans choix" if offered else " ;"
    return f"pas de {NEEDS[need]}{menu} {answers}"


def _name(book: RuleBook, one: Closure, decision: Decision) -> str:
    helper = decision.targets[0].association
    known = book.association(helper or "")
    name = known.city if known else f"la {book.national_name[0].lower()}{book.national_name[1:]}"
    return f"{name} (réquisition)" if helper in one.requisitioned else name


def _without_or_until(
    parts: tuple[Closure | Message, ...], found: Closure | Message, at: datetime | None, now: datetime
) -> tuple[Closure | Message, ...]:
    begun = (begins(found) if isinstance(found, Closure) else found.starts) <= now
    if at is None and not begun:
        return tuple(one for one in parts if one is not found)
    end = max(at or now.replace(microsecond=0), found.starts + timedelta(seconds=1))
    return tuple(one.model_copy(update={"ends": end}) if one is found else one for one in parts)


def _period(form: Form, now: datetime) -> tuple[datetime, datetime]:
    later = form.get("start") == "at"
    starts = _instant(form, "start", now, "le début") if later else now.replace(microsecond=0)
    ends = _instant(form, "end", now, "la fin")
    if ends <= max(starts, now):
        raise Unclear("end", "La fin doit venir après le début, et n'être pas déjà passée.")
    if ends - starts > LONGEST:
        raise Unclear("end", "Un an au plus : ce qui dure toujours est une règle, pas une annonce.")
    return starts, ends


def _instant(form: Form, name: str, now: datetime, what: str) -> datetime:
    midnight = read_day(form.get(f"{name}_day", ""), now, PARIS)
    clock = read_clock(form.get(f"{name}_clock", ""))
    if midnight is None or clock is None:
        raise Unclear(name, f"Dites {what} avec un jour et une heure : 25/12, 20h.")
    return midnight.replace(hour=clock.hour, minute=clock.minute).astimezone(UTC)


def _reason(form: Form) -> str:
    reason = form.get("reason", "").strip()
    if not 1 <= len(reason) <= 120:
        raise Unclear("reason", "Donnez le motif, en 120 caractères au plus.")
    return reason


def _text(form: Form, name: str) -> str:
    text = " ".join(form.get(name, "").split())
    if len(text) > 400:
        raise Unclear(name, "La phrase est trop longue pour être écoutée : 400 caractères au plus.")
    return text
