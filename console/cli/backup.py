"""`sos3624 backup` and `sos3624 backup drill`: a backup by one command, and the proof that it restores."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from config.settings import Settings
from console.backups import archive, restoring
from console.backups.databases import NotCopied
from console.backups.restoring import Kept
from console.cli.refusal import Refused
from console.cli.rulebook import database

APART = "SECRET_KEYS n'y est pas : gardez-la ailleurs, sans elle ce fichier ne s'ouvre pas."


@click.group(
    "backup", invoke_without_command=True, help="Sauvegarde la base et VAR_DIR dans un fichier chiffré."
)
@click.option("--to", type=click.Path(path_type=Path), help="Le fichier ; sinon dans VAR_DIR/backups.")
@click.option(
    "--keep", default=14, type=click.IntRange(1, 1000), help="Combien en garder dans VAR_DIR/backups (14)."
)
@click.pass_context
def command(context: click.Context, to: Path | None, keep: int) -> None:
    """Make one, remember it, and remove the oldest."""
    if context.invoked_subcommand is not None:
        return
    if to is not None and to.exists() and not to.is_file():
        raise Refused(f"--to : {to} est là et n'est pas un fichier ; donnez le nom d'un fichier.")
    settings, began = Settings.of_process(), time.monotonic()
    try:
        path, manifest = archive.make(settings, to)
    except (NotCopied, OSError) as fault:
        raise click.ClickException(f"aucune sauvegarde : {fault}") from None
    said = f"{len(manifest.tables)} tables, {manifest.rows} lignes, {len(manifest.files)} fichiers"
    size = path.stat().st_size
    _remember(
        settings, Kept("backup", datetime.now(UTC), path.name, size, time.monotonic() - began, True, said)
    )
    removed = archive.keep_newest(archive.folder(settings), keep) if to is None else []
    click.echo(f"{path} : {size} octets, {said}.")
    if removed:
        click.echo(f"Sauvegardes plus anciennes effacées : {len(removed)}.")
    click.echo(APART)


@command.command("drill", help="Restaure dans un endroit jetable, compare tout, et retient la date.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def drill(file: Path | None) -> None:
    """Of this file, else of a backup made for it; exit 1 when it could not be restored."""
    settings = Settings.of_process()
    done = restoring.drill(settings, file)
    _remember(settings, done)
    click.echo(f"{'✓' if done.ok else '✗'} {done.file} : {done.said} ({done.seconds:.1f} s).")
    sys.exit(not done.ok)


def _remember(settings: Settings, one: Kept) -> None:
    with database(settings) as engine:
        if engine is not None:
            restoring.remember(engine, one)
