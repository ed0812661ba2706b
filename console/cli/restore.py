"""`sos3624 restore FILE`: everything back from a backup; refuses a running service and data already there."""

from __future__ import annotations

from pathlib import Path

import click

from config.settings import Settings
from console.backups import restoring
from console.backups.archive import Damaged
from console.backups.databases import NotCopied
from console.backups.restoring import NotRestored


@click.command("restore", help="Remet en place une sauvegarde, vérifiée, et met le schéma à jour.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Remplace les données qui sont déjà là.")
def command(file: Path, force: bool) -> None:
    """Restore, then say what to do next."""
    try:
        manifest = restoring.restore(Settings.of_process(), file, force=force)
    except (NotRestored, Damaged, NotCopied) as fault:
        raise click.ClickException(f"restauration refusée ou inachevée : {fault}.") from None
    at = manifest.made_at[:16].replace("T", " à ")
    click.echo(
        f"Restauré : l'état du {at} UTC, {len(manifest.tables)} tables, {manifest.rows} lignes. "
        "Puis : sos3624 doctor."
    )
