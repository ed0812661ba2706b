"""Who was lost and not rung back since: a first page's list, and the click that makes a call-back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from config.journal import Change, append
from config.stores import reading
from console import french
from console.association import bell
from console.office import Office
from routing.model import Need
from routing.numbers import callable_problem
from routing.words import NEEDS
from workers.callbacks.callback import Booking
from workers.callbacks.vault import Vault
from workers.records import lost
from workers.records.monthkeys import MonthKeys
from workers.records.tables import records

SINCE = timedelta(hours=24)  # not midnight: the night shift must see who was lost at 23 h 50
LATE = "Cette personne est déjà prise en charge, ou son numéro est effacé."
TWICE = "Cette personne attend déjà un rappel."
FOREIGN = "Ce numéro ne peut pas être rappelé."
DONE = "Le service rappelle cette personne. Pour le faire vous-même, prenez son rappel ci-dessous."


class _Late(Exception):
    """Somebody was quicker."""


@dataclass(frozen=True, slots=True)
class Line:
    """One person to ring back."""

    lost: lost.Lost
    place: str
    need: str


def lines(here: Office, association: str) -> list[Line]:
    """Those of the last 24 hours, the newest first; of no association (""): the federation's to ring back."""
    now = here.now()
    keys, vault = MonthKeys(here.settings.secret_keys), Vault.of(here.settings.secret_keys)
    with reading(here.engine).connect() as connection:
        found = lost.waiting(connection, keys, vault, association, now - SINCE, now)
    return [
        Line(one, _place(here, one.place), NEEDS[Need(one.need)] if one.need else "demande non dite")
        for one in found
    ]


def ring_back(here: Office, association: str, zone: ZoneInfo, call: str, by: str) -> str | None:
    """A call-back due at once, where their call was in the queue; what came of it, or None: no such call.

    The number goes from one sealed column to another, and is neither shown nor written anywhere else.
    """
    vault, now = Vault.of(here.settings.secret_keys), here.now()
    with reading(here.engine).connect() as connection:
        theirs = (records.c.call == call) & (records.c.association == association)
        row = connection.execute(select(records).where(theirs)).one_or_none()
        number = lost.number_of(connection, vault, call) if row else None
    if row is None:
        return None
    if number is None:
        return LATE
    if callable_problem(number) is not None:
        return FOREIGN
    need = Need(row.need) if row.need else Need.ADVICE  # a doctor asks, and decides
    booking = Booking(call, number, need, now, row.began_at, row.place or None, association or None)
    told = f"Appel perdu le {french.moment(row.began_at, zone)}, {_place(here, row.place)}"

    def taken(connection: Connection) -> None:
        if not lost.take(connection, call, now):
            raise _Late
        append(connection, by, [Change(association, "lost_rung_back", told)])

    try:
        booked = here.callbacks.book(booking, beside=taken)
    except _Late:
        return LATE
    bell.ring(here, booked.id)
    return TWICE if booked.existing else DONE


def _place(here: Office, insee: str) -> str:
    commune = here.places.commune(insee) if insee else None
    return commune.name if commune else "lieu inconnu"
