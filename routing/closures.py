"""Closures as people follow them: which hold now, which come, and which end by themselves before long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from routing.document import Closure, Document
from routing.words import moment

SOON = timedelta(hours=12)
LONGEST_URGENT = timedelta(days=14)  # longer is no emergency: it is a rule, with its own page
KEPT = timedelta(days=30)  # closures that are over leave the document; every version keeps its own


@dataclass(frozen=True, slots=True)
class Reminder:
    """A closure that is about to end, with whom it concerns and what to tell them."""

    closure: Closure
    association: str | None  # slug; None: the whole federation
    said: str  # French, one sentence


def holding(document: Document, now: datetime) -> tuple[Closure, ...]:
    """Closures in force at this instant (aware), the first to end first."""
    return tuple(closure for closure in _by_end(document) if begins(closure) <= now < closure.ends)


def coming(document: Document, now: datetime) -> tuple[Closure, ...]:
    """Closures that are prepared and not yet in force, those still secret included."""
    return tuple(closure for closure in _by_end(document) if begins(closure) > now)


def secret(closure: Closure, now: datetime) -> bool:
    """Whether only the federation may know of it yet."""
    return closure.published_at is not None and closure.published_at > now


def public(document: Document, now: datetime) -> Document:
    """The document without the closures that are kept secret until later; itself where there are none."""
    known = tuple(one for one in document.closures if not secret(one, now))
    return document if known == document.closures else document.model_copy(update={"closures": known})


def ending(document: Document, now: datetime, within: timedelta = SOON) -> tuple[Reminder, ...]:
    """A reminder for each closure in force that ends before `now + within`: afterwards calls come again."""
    names = {one.slug: one for one in document.associations}
    found = []
    for closure in holding(document, now):
        if closure.ends <= now + within:
            one = names.get(closure.association or "")
            zone = ZoneInfo(one.time_zone if one else "Europe/Paris")
            who = one.name if one else "toutes les associations"
            said = (
                f"La fermeture « {closure.reason} » ({who}) finit le "
                f"{moment(closure.ends.astimezone(zone))} : les appels reviendront d'eux-mêmes."
            )
            found.append(Reminder(closure, closure.association, said))
    return tuple(found)


def begins(closure: Closure) -> datetime:
    """When it takes hold: not before the instant it was to be made public."""
    return max(closure.starts, closure.published_at or closure.starts)


def with_closure(document: Document, added: Closure, now: datetime) -> Document:
    """The document with this closure, without those that were over a month ago."""
    kept = tuple(one for one in document.closures if one.ends > now - KEPT and one.id != added.id)
    return document.model_copy(update={"closures": (*kept, added)})


def reopened(document: Document, slug: str, closure_id: str, now: datetime) -> Document | None:
    """The document with this association's closure ended now; None when it has no such closure in force."""
    found = next((one for one in in_force(document, slug, now) if one.id == closure_id), None)
    if found is None or found.association != slug:
        return None
    end = max(now.replace(microsecond=0), found.starts + timedelta(seconds=1))
    ended = found.model_copy(update={"ends": end})
    return document.model_copy(
        update={"closures": tuple(ended if one is found else one for one in document.closures)}
    )


def only_urgent(before: Document, after: Document) -> bool:
    """Whether nothing changes but emergency closures: at 23 h one person closes, or opens again."""
    if before == after or before.model_copy(update={"closures": after.closures}) != after:
        return False
    changed = set(before.closures) ^ set(after.closures)
    return all(closure.urgent and closure.ends - closure.starts <= LONGEST_URGENT for closure in changed)


def in_force(document: Document | None, slug: str | None, now: datetime) -> list[Closure]:
    """Closures that hold now for an association (None: all of them), national ones included."""
    return [
        one
        for one in (document.closures if document else ())
        if begins(one) <= now < one.ends
        and (slug is None or one.association in (None, slug))
        and slug not in one.requisitioned
    ]


def _by_end(document: Document) -> list[Closure]:
    return sorted(document.closures, key=lambda closure: (closure.ends, closure.id))
