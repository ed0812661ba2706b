"""Closing for a while: what is asked for becomes a closure of the document, which ends by itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from console.french import clock, next_at, read_clock, read_day
from routing.closures import LONGEST_URGENT, in_force
from routing.document import Closure, Document
from routing.model import Need

REASONS = ("Plus de médecin disponible", "Médecin malade", "Intempéries", "Panne", "Autre motif")
ENDS = ("6", "8", "20")  # hours of the clock on the wall, the next time it says so
PRESSED_TWICE = timedelta(minutes=1)


class Unclear(ValueError):
    """What was asked for cannot be done; `field` names where, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Asked:
    """The form, as typed."""

    needs: tuple[str, ...]
    reason: str
    other: str
    end: str  # « 2h », one of `ENDS`, or « at »
    end_clock: str
    end_day: str
    message: str


def closure(asked: Asked, slug: str, offered: tuple[Need, ...], now: datetime, zone: ZoneInfo) -> Closure:
    """The closure, from this moment on. Raises `Unclear`."""
    needs = tuple(need for need in offered if need.value in asked.needs)
    if not needs:
        raise Unclear("needs", "Cochez au moins une demande à fermer.")
    reason = asked.other.strip() if asked.reason == REASONS[-1] else asked.reason
    if not reason or len(reason) > 120:
        raise Unclear("reason", "Donnez le motif, en 120 caractères au plus : il est montré à la fédération.")
    message = asked.message.strip()
    if len(message) > 400:
        raise Unclear("message", "Le message est trop long pour être écouté : 400 caractères au plus.")
    return Closure(
        id=f"{slug[:40]}-{uuid4().hex[:12]}",  # two made in one second are two
        association=slug,
        needs=() if len(needs) == len(offered) else needs,
        starts=now.replace(microsecond=0),
        ends=_end(asked, now, zone),
        urgent=True,
        reason=reason,
        message=message or None,
    )


def ends(now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The ends that are one click away, each with its day: « Jusqu'à 6 h (demain) »."""
    found = {"2h": f"Pendant 2\u00a0heures (jusqu'à {clock(now + timedelta(hours=2), zone)})"}
    for hour in ENDS:
        end = next_at(time(int(hour)), now, zone)
        tomorrow = end.astimezone(zone).date() > now.astimezone(zone).date()
        found[hour] = f"Jusqu'à {clock(end, zone)}" + (" (demain)" if tomorrow else "")
    return found


def held(document: Document, wanted: Closure) -> bool:
    """Whether this very closure holds already: the button was pressed twice, or by two persons at once."""
    return any(
        (one.association, one.needs, one.reason, one.message)
        == (wanted.association, wanted.needs, wanted.reason, wanted.message)
        and abs(one.ends - wanted.ends) < PRESSED_TWICE
        for one in in_force(document, wanted.association, wanted.starts)
    )


def _end(asked: Asked, now: datetime, zone: ZoneInfo) -> datetime:
    if asked.end == "2h":
        return now.replace(microsecond=0) + timedelta(hours=2)
    typed = asked.end_clock if asked.end == "at" else asked.end if asked.end in ENDS else ""
    at = read_clock(typed)
    if at is None:
        raise Unclear("end", "Dites quand la fermeture finit : 6 h, 6h30 ou 06:30.")
    if asked.end == "at" and asked.end_day.strip():
        midnight = read_day(asked.end_day, now, zone)
        if midnight is None:
            raise Unclear("end", "La date n'est pas lisible : écrivez 25/12 ou 25/12/2026.")
        end = midnight.replace(hour=at.hour, minute=at.minute)
        if end <= now:
            raise Unclear("end", "Cette fin est déjà passée.")
    else:
        end = next_at(at, now, zone)
    if end - now > LONGEST_URGENT:
        raise Unclear("end", "Une fermeture d'urgence dure 14 jours au plus : donnez une fin plus proche.")
    return end
