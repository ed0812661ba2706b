"""`sos3624 audit`: prove the journal of changes, and print the heads to be noted elsewhere."""

from __future__ import annotations

import re
import sys

import click

from config.journal import Head, verify
from config.settings import Settings
from console.cli.refusal import Refused
from console.cli.rulebook import database


@click.group("audit", help="Le journal des changements : le vérifier.")
def command() -> None:
    """Append-only, hash-chained per association."""


@command.command("verify", help="Vérifie chaque ligne du journal ; 1 si une seule a été touchée.")
@click.option("--noted", multiple=True, help="Une fin de chaîne notée ailleurs, telle qu'elle a été donnée.")
def verify_journal(noted: tuple[str, ...]) -> None:
    """Prints each chain's head: kept on paper, it finds out even who rewrote a whole chain."""
    expected = [_head(text) for text in noted]
    with database(Settings.of_process()) as engine:
        if engine is None:
            raise Refused("la base n'a encore rien reçu : lancez sos3624 release.")
        ends, faults = verify(engine, expected)
    for end in ends:
        click.echo(f"{end.chain or 'federation'}:{end.number}:{end.hash}")
    for fault in faults:
        click.echo(f"✗ {fault.chain or 'fédération'}, ligne {fault.number} : {fault.wrong}.")
    if faults:
        click.echo(f"Défauts : {len(faults)}. Le journal a été touché en dehors du service.", err=True)
        sys.exit(1)
    click.echo(f"Lignes : {sum(end.number for end in ends)}, chaînes : {len(ends)}, toutes intactes.")


def _head(text: str) -> Head:
    found = re.fullmatch(r"([a-z0-9-]+):(\d+):([0-9a-f]{64})", text.strip())
    if found is None:
        raise Refused(f"fin de chaîne illisible « {text} » ; attendu : pau:12:… (donnée par audit verify)")
    chain = "" if found[1] == "federation" else found[1]
    return Head(chain, int(found[2]), found[3])
