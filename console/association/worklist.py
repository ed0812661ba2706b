"""Call-backs a person may take over: claimed by one, marked by the same, the number shown to them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from config.journal import FEDERATION, Change, append
from config.stores import reading
from console import french
from console.access.tables import accounts, claims
from console.association import bell
from console.office import Office
from workers.callbacks import transitions
from workers.callbacks.callback import CLOSED, WAITING, Callback, Cause, Conclusion, State

SHOWN = 200
STATES = {
    State.DUE: "à rappeler",
    State.DIALLING: "appel en cours",
    State.PLACED: "appel en cours",
    State.DOCTOR_RINGING: "le médecin sonne",
    State.PATIENT_RINGING: "le patient sonne",
    State.BRIDGED: "en communication",
    State.RETRY: "patient non joint, nouvel essai prévu",
    State.UNKNOWN: "appel en vérification",
    State.HUMAN: "à reprendre par une personne",
}
CONCLUSIONS = {
    Conclusion.DONE: "réglé : conseil donné",
    Conclusion.VISIT: "visite décidée",
    Conclusion.FIFTEEN: "renvoyé vers le 15",
    Conclusion.UNREACHABLE: "injoignable",
    Conclusion.WRONG_NUMBER: "faux numéro",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the list."""

    callback: Callback
    word: str
    place: str
    late: bool
    claimant: str | None  # the name of who took it
    mine: bool


def waiting(here: Office, association: str, account: str = "") -> list[Waiting]:
    """Those of one association that are not closed, in the order they will be rung."""
    now = here.now()
    open_ones = [
        one
        for one in here.callbacks.listed(set(State) - CLOSED, SHOWN * 10)
        if one.association == association
    ][:SHOWN]
    taken = _claims(here, [one.id for one in open_ones])
    return [_line(here, one, taken.get(one.id), account, now) for one in open_ones]


def found(here: Office, association: str, callback_id: str) -> Callback | None:
    """One of this association's own."""
    one = here.callbacks.get(callback_id)
    return one if one is not None and one.association == association else None


def claim(here: Office, one: Callback, account: str, by: str) -> bool:
    """Take it over: the service rings no more, this person does. False: under way, closed or taken."""
    now = here.now()
    try:
        with here.engine.begin() as connection:
            if one.state in WAITING:
                if not transitions.move(connection, Cause.GIVEN_UP, one.id, now):
                    return False
                connection.execute(claims.delete().where(claims.c.callback_id == one.id))  # an older one's
            elif one.state is not State.HUMAN:
                return False
            connection.execute(insert(claims).values(callback_id=one.id, account_id=account, claimed_at=now))
            append(connection, by, [_told(here, one, "callback_claimed")])
    except IntegrityError:
        return False  # somebody was quicker
    return True


def conclude(here: Office, one: Callback, account: str, by: str, conclusion: Conclusion) -> bool:
    """What came of it, told by who took it, or of one nobody took. False: another's, or under way."""
    told = _told(here, one, "callback_concluded", CONCLUSIONS[conclusion])
    claimed = _claims(here, [one.id]).get(one.id)
    if one.state is State.HUMAN and claimed is not None and claimed[0] != account:
        return False

    def noted(connection: Connection) -> None:
        _unless_taken(connection, one, claimed and claimed[0])
        append(connection, by, [told])

    try:
        return here.callbacks.settle(one.id, Cause.SETTLED, conclusion, beside=noted)
    except _Taken:
        return False


def ring_now(here: Office, one: Callback, by: str) -> bool:
    """The service rings at once, whatever time was set. False: somebody's own, under way, or closed."""
    told = _told(here, one, "callback_hastened")

    def hastened(connection: Connection) -> None:
        if one.state is State.HUMAN:
            _unless_taken(connection, one, None)
        append(connection, by, [told])

    try:
        moved = (
            here.callbacks.settle(one.id, Cause.TAKEN_BACK, beside=hastened)
            if one.state is State.HUMAN
            else here.callbacks.hasten(one.id, hastened)
        )
    except _Taken:
        return False
    if moved:
        bell.ring(here, one.id)
    return moved


def give_back(here: Office, one: Callback, account: str, by: str) -> bool:
    """Let the service ring again, from now."""

    def released(connection: Connection) -> None:
        connection.execute(claims.delete().where(claims.c.callback_id == one.id))
        append(connection, by, [_told(here, one, "callback_given_back")])

    return _is_mine(here, one.id, account) and here.callbacks.settle(
        one.id, Cause.TAKEN_BACK, beside=released
    )


class _Taken(Exception):
    """Somebody took it between the page and the press."""


def _unless_taken(connection: Connection, one: Callback, claimant: str | None) -> None:
    """Undoes what is under way when the claim is not who it was when the row was read."""
    query = select(claims.c.account_id).where(claims.c.callback_id == one.id)
    if connection.scalar(query) != claimant:
        raise _Taken


def _told(here: Office, one: Callback, action: str, after: str = "") -> Change:
    """For the journal: whence and for when, never the number."""
    commune = here.places.commune(one.commune) if one.commune else None
    place = commune.name if commune else "lieu inconnu"
    subject = f"Rappel promis pour le {french.moment(one.promise.by)}, {place}"
    return Change(one.association or FEDERATION, action, subject, after=after)


def _is_mine(here: Office, callback_id: str, account: str) -> bool:
    taken = _claims(here, [callback_id]).get(callback_id)
    return taken is not None and taken[0] == account


def _claims(here: Office, ids: list[str]) -> dict[str, tuple[str, str]]:
    query = select(claims.c.callback_id, claims.c.account_id, accounts.c.name).join(
        accounts, accounts.c.id == claims.c.account_id
    )
    with reading(here.engine).connect() as connection:
        rows = connection.execute(query.where(claims.c.callback_id.in_(ids))).all()
    return {row.callback_id: (row.account_id, row.name) for row in rows}


def _line(here: Office, one: Callback, taken: tuple[str, str] | None, account: str, now: datetime) -> Waiting:
    commune = here.places.commune(one.commune) if one.commune else None
    held = taken if one.state is State.HUMAN else None
    return Waiting(
        callback=one,
        word=STATES[one.state],
        place=commune.name if commune else "lieu inconnu",
        late=one.promise.by < now,
        claimant=held[1] if held else None,
        mine=bool(held and held[0] == account),
    )
