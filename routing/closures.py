"""Closures as people follow them: which hold now, which come, and which end by themselves before long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from routing.document import Closure, Document

SOON = timedelta(hours=12)


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
                f"{closure.ends.astimezone(zone):%d/%m/%Y à %H:%M} : les appels reviendront d'eux-mêmes."
            )
            found.append(Reminder(closure, closure.association, said))
    return tuple(found)


def begins(closure: Closure) -> datetime:
    """When it takes hold: not before the instant it was to be made public."""
    return max(closure.starts, closure.published_at or closure.starts)


def _by_end(document: Document) -> list[Closure]:
    return sorted(document.closures, key=lambda closure: (closure.ends, closure.id))
