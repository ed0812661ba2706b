"""`sos3624 admin`: the first administrator of the console, a way back in, the demonstration's codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from sqlalchemy import Engine

from config import migrate, stores
from config.settings import Settings
from console.access.accounts import AccountRefused, Accounts
from console.access.demonstration import code_for, demonstrates
from console.access.invitations import Invitations
from console.access.roles import Grant, Role
from console.cli.refusal import Refused


@click.group("admin", help="Le premier compte de la console, et le retour de qui n'entre plus.")
def command() -> None:
    """Whoever has a shell on the server may do this: it is the way in of last resort."""


@command.command("create", help="Crée un compte de la fédération et donne le lien pour y entrer.")
@click.option("--email", required=True, help="Adresse électronique.")
@click.option("--name", required=True, help="Prénom et nom.")
def create(email: str, name: str) -> None:
    """Print a link that serves once: no password is ever typed into a shell."""
    settings, now = Settings.of_process(), datetime.now(UTC)
    with _database(settings) as engine:
        try:
            made = Accounts(engine).create(
                email, name, (Grant(Role.FEDERATION),), now, author="sos3624 admin"
            )
        except AccountRefused as refused:
            raise Refused(str(refused)) from None
        _tell(settings, Invitations(engine).make(made, "sos3624 admin", now))


@command.command("link", help="Donne un lien pour revenir : mot de passe et second facteur neufs.")
@click.option("--email", required=True, help="Adresse électronique du compte.")
def link(email: str) -> None:
    """For the night when nobody else can."""
    settings, now = Settings.of_process(), datetime.now(UTC)
    with _database(settings) as engine:
        found = Accounts(engine).by_email(email)
        if found is None:
            raise Refused(f"aucun compte pour {email} ; voir sos3624 admin create.")
        _tell(settings, Invitations(engine).make(found.id, "sos3624 admin", now))


@command.command("code", help="Donne le code du moment d'un compte de démonstration.")
@click.option("--email", required=True, help="Adresse électronique du compte de démonstration.")
def code(email: str) -> None:
    """Nobody carries these accounts on a telephone."""
    settings = Settings.of_process()
    said = code_for(settings.secret_keys, email, datetime.now(UTC)) if demonstrates(settings) else None
    if said is None:
        raise Refused("ce n'est pas un compte de démonstration de cette machine.")
    click.echo(said)


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = stores.engine(settings)
    try:
        if migrate.missing(engine):
            raise click.ClickException("La base n'est pas à jour : lancez d'abord sos3624 release.")
        yield engine
    finally:
        engine.dispose()


def _tell(settings: Settings, secret: str) -> None:
    click.echo("Ce lien sert une fois, pendant trois jours. Ne le donnez qu'à la personne :")
    click.echo(f"{settings.console_url}/invitation/{secret}")
