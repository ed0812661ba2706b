"""`sos3624 api-token`: make, list and revoke the tokens of `/api/v1`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import Engine

from config import migrate, stores
from config.settings import Settings
from console.api.tokens import Tokens
from console.cli.refusal import Refused
from routing import store


@click.group("api-token", help="Les jetons de l'API : créer, lister, révoquer.")
def command() -> None:
    """A token is shown once, when it is made."""


@command.command("create", help="Crée un jeton et le montre, une seule fois.")
@click.option("--label", required=True, help="À quoi il sert, pour le reconnaître.")
@click.option("--association", help="Ne voit que cette association ; sans cela, voit tout (fédération).")
@click.option("--days", type=click.IntRange(1, 3650), default=365, help="Durée de validité, en jours.")
def create(label: str, association: str | None, days: int) -> None:
    """Refused for an association the book in force does not know."""
    with _database() as engine:
        if association is not None and association not in _associations(engine):
            raise Refused(f"association inconnue : {association}.")
        made = Tokens(engine).make(label, association, datetime.now(UTC), timedelta(days=days))
    click.echo(made)


@command.command("list", help="Liste les jetons ; leur texte n'est gardé nulle part.")
def listed() -> None:
    """One a line: id, scope, state, label."""
    now = datetime.now(UTC)
    with _database() as engine:
        for token in Tokens(engine).listed():
            state = f"jusqu'au {token.expires_at:%d/%m/%Y}" if token.lives(now) else "sans effet"
            click.echo(f"{token.id}  {token.association or 'fédération'}  {state}  {token.label}")


@command.command("revoke", help="Révoque un jeton ; sans effet dès la requête suivante.")
@click.argument("token_id", metavar="JETON")
def revoke(token_id: str) -> None:
    """By the id `list` shows."""
    with _database() as engine:
        if not Tokens(engine).revoke(token_id, datetime.now(UTC)):
            raise Refused("aucun jeton en vigueur ne porte cet identifiant ; voir sos3624 api-token list.")
    click.echo("Jeton révoqué.")


def _associations(engine: Engine) -> set[str]:
    found = store.current(engine)
    return {one.slug for one in found[1].associations} if found else set()


@contextmanager
def _database() -> Iterator[Engine]:
    engine = stores.engine(Settings.of_process())
    try:
        if migrate.missing(engine):
            raise Refused("la base n'est pas à jour : lancez d'abord sos3624 release.")
        yield engine
    finally:
        engine.dispose()
