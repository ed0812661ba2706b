"""`sos3624 release`: what must be true of the database before the processes of a new version start."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from config import migrate, stores
from config.settings import Settings
from console.access import demonstration
from console.cli.rulebook import demonstrates
from routing import store


@click.command(
    "release", help="Met le schéma à jour et charge les règles de démonstration s'il n'y en a aucune."
)
def command() -> None:
    """Upgrade the schema, then see to it that there is a rule book."""
    settings = Settings.of_process()
    migrate.upgrade(settings)
    engine = stores.engine(settings)
    try:
        version = store.ensure_demo(engine) if demonstrates(settings) else store.current_version(engine)
        if demonstrates(settings):
            demonstration.create(settings, engine, datetime.now(UTC))
    finally:
        engine.dispose()
    if version:
        click.echo(f"Schéma à jour ; règles n° {version} en vigueur.")
    else:
        # Its numbers are fictional: through a real carrier they would ring nobody, or somebody else.
        click.echo(
            "Schéma à jour ; aucune règle : avant de prendre des appels, vérifiez les numéros "
            "(sos3624 rules verify-number) et publiez un premier jeu (sos3624 rules publish FICHIER)."
        )
