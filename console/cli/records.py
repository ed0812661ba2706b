"""`sos3624 records`: rebuild the roll-ups, verify them, erase a person by number, settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import click
from sqlalchemy import Engine, func, select

from config import journal, stores
from config.journal import FEDERATION, Change
from config.settings import Settings
from console.cli.refusal import Refused
from routing import numbers
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault
from workers.records import chosen, paris, retention, rollups
from workers.records.filling import rebuild
from workers.records.monthkeys import MonthKeys
from workers.records.tables import KEYS, records

AUTHOR = "sos3624 records"


@click.group("records", help="Les chiffres : refaire les cumuls, les vérifier, effacer une personne.")
def command() -> None:
    """Commands on what was counted."""


@command.command("rebuild", help="Refait tous les cumuls à partir des appels enregistrés.")
def rebuild_all() -> None:
    """Every month that holds a record."""
    with _database() as engine:
        span = _span(engine)
        months = rebuild(engine, *span, datetime.now(UTC)) if span else 0
    click.echo(f"Cumuls refaits : {months} mois.")


@command.command(
    "verify", help="Compare chaque colonne des cumuls aux appels enregistrés ; 1 si une diffère."
)
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Month by month, each in a reading of its own: the ledger goes on counting meanwhile."""
    with _database() as engine:
        span = _span(engine)
        months = [paris.number_of(first) // 100 for first in paris.months(*span)] if span else []
        wrong = [line for month in months for line in _differing(engine, month)]
    click.echo("\n".join(wrong) or f"Tout concorde : {len(KEYS)} cumuls, {len(months)} mois.")
    ctx.exit(1 if wrong else 0)


def _differing(engine: Engine, month: int) -> Iterator[str]:
    # Minutes of the oldest day kept may be purged while we look: the day after is whole.
    minutes_from = paris.number_of(
        (datetime.now(UTC) - timedelta(days=retention.Retention().minutes - 1)).date()
    )
    for name in KEYS:
        with stores.reading(engine).begin() as connection:
            count = rollups.differing(connection, name, month, minutes_from)
        if count:
            yield f"{name} {month} : {_some(count, 'ligne')} en désaccord avec les appels."


@command.command("erase", help="Délie tous les appels d'un numéro ; ils restent comptés.")
@click.argument("number")
def erase(number: str) -> None:
    """NUMBER as anybody writes it."""
    written = numbers.normalise(number)
    if written is None:
        raise Refused("Numéro illisible : écrivez-le comme 05 36 49 00 00 ou +33536490000.")
    settings = Settings.of_process()
    with _database() as engine:
        keys, callbacks = MonthKeys(settings.secret_keys), Callbacks(engine, Vault.of(settings.secret_keys))
        with engine.begin() as connection:
            count = retention.erase(connection, keys, settings.secret_keys, written)
            erased, under_way = callbacks.forget(connection, written)
            unlinked = f"{_some(count, 'appel')} et {_some(erased, 'rappel')}"
            subject = f"Une personne : {unlinked} sans lien désormais avec son numéro"
            journal.append(connection, AUTHOR, [Change(FEDERATION, "person_erased", subject)])
    click.echo(f"{unlinked} : plus rien ne les lie à ce numéro.")
    if under_way:
        click.echo(f"{_some(under_way, 'rappel')} en cours à l'instant : recommencez ensuite.")


@command.command("settings", help="Montre les réglages, ou en change un : seuils d'alerte, durées de garde.")
@click.argument("name", metavar="[RÉGLAGE", required=False)
@click.argument("value", metavar="VALEUR]", required=False)
def settings(name: str | None, value: str | None) -> None:
    """What is chosen here is heard at the next round: within 15 s for alerts, an hour for what is kept."""
    if name and value is None:
        raise Refused(f"{name} attend une valeur.")
    with _database() as engine, engine.begin() as connection:
        if name and value is not None:
            before = chosen.in_force(connection).get(name)
            try:
                after = chosen.choose(connection, name, value, datetime.now(UTC))
            except ValueError as wrong:
                raise Refused(str(wrong)) from None
            told = Change(
                FEDERATION, "setting_chosen", chosen.CHOICES[name].words, f"{before:g}", f"{after:g}"
            )
            journal.append(connection, AUTHOR, [told])
        held = chosen.in_force(connection)
    for one, choice in chosen.CHOICES.items():
        if name in (None, one):
            click.echo(f"{one} = {held[one]:g}".replace(".", ",") + f"  ({choice.words})")


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


@contextmanager
def _database() -> Iterator[Engine]:
    engine = stores.engine(Settings.of_process(), patience_ms=60_000)
    try:
        yield engine
    finally:
        engine.dispose()


def _span(engine: Engine) -> tuple[date, date] | None:
    """From the first month whose every record is still kept: of an older one the roll-ups alone remain."""
    with stores.reading(engine).begin() as connection:
        row = connection.execute(select(func.min(records.c.day), func.max(records.c.day))).one()
        kept = chosen.retention(connection).records
    if row[0] is None:
        return None
    first, last = paris.day_of(row[0]), paris.day_of(row[1])
    purged = (datetime.now(UTC) - timedelta(days=kept)).date()
    whole = first if first > purged else (purged.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (whole, last) if whole <= last else None
