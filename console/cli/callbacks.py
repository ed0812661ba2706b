"""`sos3624 callbacks`: the promises under way, the list a person treats, and the figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial

import click
from sqlalchemy import Connection

from config.journal import FEDERATION, Change, append
from config.settings import Settings
from config.stores import engine
from console.cli.refusal import Refused
from routing.words import moment
from workers.callbacks.callback import CLOSED, Callback, Cause, Conclusion, State
from workers.callbacks.figures import figures as counted
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault
from workers.callbacks.zones import PARIS

STATES = {
    State.DUE: "à rappeler",
    State.RETRY: "à rappeler de nouveau",
    State.DIALLING: "appel en cours de lancement",
    State.PLACED: "appel lancé",
    State.DOCTOR_RINGING: "le médecin sonne",
    State.PATIENT_RINGING: "le patient sonne",
    State.BRIDGED: "en conversation",
    State.UNKNOWN: "à vérifier chez l'opérateur",
    State.HUMAN: "à traiter par une personne",
    State.DONE: "fait",
    State.CANCELLED: "annulé",
    State.EXPIRED: "expiré",
}
CONCLUSIONS = {
    "fait": Conclusion.DONE,
    "visite": Conclusion.VISIT,
    "15": Conclusion.FIFTEEN,
    "injoignable": Conclusion.UNREACHABLE,
    "mauvais-numero": Conclusion.WRONG_NUMBER,
}
TOLD = {
    Conclusion.DONE: "Rappelé à l'instant : rappel clos.",
    Conclusion.FIFTEEN: "Rappelé à l'instant, orienté vers le 15 : rappel clos.",
    Conclusion.VISIT: "Visite demandée : la régulation est appelée en priorité.",
}


@click.group("callbacks", help="Les rappels : en cours, à traiter, chiffres.")
def command() -> None:
    """Every number stays masked: who needs it rings from the desk."""


@command.command("list", help="Les rappels ouverts, le plus urgent d'abord.")
@click.option("--human", is_flag=True, help="seulement ceux qu'une personne doit traiter")
@click.option("--json", "as_json", is_flag=True, help="du JSON plutôt que du texte")
def list_open(human: bool, as_json: bool) -> None:
    """One line a call-back."""
    states = {State.HUMAN} if human else set(State) - CLOSED
    found = _store().listed(states)
    if as_json:
        click.echo(json.dumps([_plain(callback) for callback in found]))
        return
    for callback in found:
        asked = callback.asked_at.astimezone(PARIS)
        click.echo(f"{callback.id}  {asked:%H h %M}  {callback.need}  {STATES[callback.state]}")
    click.echo(f"{len(found)} rappel{'s' * (len(found) > 1)}.")


@command.command("cancel", help="Annule un rappel, à la demande du patient.")
@click.argument("callback_id")
def cancel(callback_id: str) -> None:
    """Refused once the patient's telephone rings."""
    store = _store()
    one = store.get(callback_id)
    done = partial(_noted, one=one, action="callback_cancelled", after="à la demande du patient")
    if one is None or not store.cancel(callback_id, beside=done):
        raise Refused("ce rappel est déjà clos, ou le patient est en ligne ; voir sos3624 callbacks list")
    click.echo("Rappel annulé.")


@command.command("settle", help="Note l'issue d'un rappel : rappelé à l'instant, ou déjà clos.")
@click.argument("callback_id")
@click.argument("issue", type=click.Choice(list(CONCLUSIONS)))
def settle(callback_id: str, issue: str) -> None:
    """What the person found out; a visit goes back to the desks, first in the queue."""
    store = _store()
    one = store.get(callback_id)
    done = partial(_noted, one=one, action="callback_concluded", after=issue)
    if one is None or not store.settle(callback_id, Cause.SETTLED, CONCLUSIONS[issue], beside=done):
        raise Refused("un médecin est à ce rappel, ou il est annulé ou expiré ; voir sos3624 callbacks list")
    click.echo(TOLD.get(CONCLUSIONS[issue], "Rappel clos."))


@command.command("again", help="Remet un rappel de la liste humaine dans la file.")
@click.argument("callback_id")
def again(callback_id: str) -> None:
    """Rung again at once."""
    store = _store()
    one = store.get(callback_id)
    done = partial(_noted, one=one, action="callback_given_back")
    if one is None or not store.settle(callback_id, Cause.TAKEN_BACK, beside=done):
        raise Refused("ce rappel n'est pas sur la liste humaine ; voir sos3624 callbacks list --human")
    click.echo("Rappel remis dans la file.")


@command.command("figures", help="Promis, tenus, délais, tentatives, joints.")
@click.option("--days", default=1, type=click.IntRange(1, 366), help="les derniers jours (1)")
@click.option("--association", help="une seule association (son identifiant)")
@click.option("--json", "as_json", is_flag=True, help="du JSON plutôt que du texte")
def figures(days: int, association: str | None, as_json: bool) -> None:
    """Waits are from the original call to the talk."""
    until = datetime.now(UTC)
    found = counted(engine(_settings()), until - timedelta(days=days), until, association)
    if as_json:
        told = asdict(found)
        for name in ("p50", "p90"):
            told[name] = told[name].total_seconds() if told[name] is not None else None
        click.echo(json.dumps(told))
        return
    click.echo(f"Promis {found.promised}, tenus {found.kept}, joints {found.reached}, ouverts {found.open}, ")
    click.echo(f"à traiter {found.with_a_person}, tentatives {found.attempts}, ")
    click.echo(f"attente médiane {_minutes(found.p50)}, 9 sur 10 en moins de {_minutes(found.p90)}.")


def _noted(connection: Connection, one: Callback | None, action: str, after: str = "") -> None:
    """Into the journal, without the number."""
    if one is not None:
        subject = f"Rappel promis pour {moment(one.promise.by.astimezone(PARIS))}"
        change = Change(one.association or FEDERATION, action, subject, after=after)
        append(connection, "sos3624 callbacks", [change])


def _settings() -> Settings:
    return Settings.of_process()


def _store() -> Callbacks:
    settings = _settings()
    return Callbacks(engine(settings), Vault.of(settings.secret_keys))


def _plain(callback: Callback) -> dict[str, str]:
    return {
        "id": callback.id,
        "state": callback.state.value,
        "need": callback.need.value,
        "association": callback.association or "",
        "asked_at": callback.asked_at.isoformat(),
        "promised_by": callback.promise.by.isoformat(),
        "tries": str(callback.tries),
    }


def _minutes(wait: timedelta | None) -> str:
    return f"{wait.total_seconds() / 60:.0f} min" if wait is not None else "inconnue"
