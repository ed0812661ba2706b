"""`sos3624 release`: what must be true of the database before the processes of a new version start."""

from __future__ import annotations

import click

from config import migrate, stores
from config.settings import Settings


@click.command(
    "release", help="Met le schéma à jour et charge les règles de démonstration s'il n'y en a aucune."
)
def command() -> None:
    """Upgrade the schema, then see to it that there is a rule book."""
    settings = Settings.of_process()
    migrate.upgrade(settings)
    click.echo("Schéma à jour.")
    engine = stores.engine(settings)
    try:
        click.echo("TODO book")
    finally:
        engine.dispose()
