"""`sos3624 sheet`: the rules on paper, from the command line, when the screens are dark."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from config.settings import Settings
from console import paper
from console.cli.refusal import Refused
from console.cli.rulebook import book_in_force
from routing.geography.places import Places


@click.command(
    "sheet", help="Écrit une feuille à imprimer : qui répond de quoi, numéros, débordement, fermetures."
)
@click.option("--association", help="Son nom dans les règles ; sans lui, toute la France.")
@click.option(
    "--to", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Le fichier HTML à écrire."
)
def command(association: str | None, to: Path) -> None:
    """One file that needs no other; works with the database down, from the rules kept on disk."""
    places = Places.load()
    book, now, env, look = (
        book_in_force(Settings.of_process(), places),
        datetime.now(UTC),
        paper.standalone(),
        paper.styles(),
    )
    if association is not None and book.association(association) is None:
        raise Refused(f"association inconnue : {association}.")
    text = (
        paper.federation(env, book, now, look)
        if association is None
        else paper.association(env, book, places, association, now, look)
    )
    try:
        paper.write(to, text)
    except OSError as fault:
        raise Refused(f"{to} : impossible d'y écrire ({fault.strerror}).") from None
    click.echo(f"{to} : règles n° {book.version}.")
