"""`sos3624 synthetic`: one test call through our own webhooks; exit 1 if it failed."""

from __future__ import annotations

import sys
import time

import click

from config.settings import Settings
from console.cli.refusal import Refused
from console.cli.rulebook import book_in_force, database
from routing.geography.places import Places
from workers import synthetic_calls
from workers.synthetic import place_call


@click.command("synthetic", help="Place un appel d'essai à travers nos webhooks, sans rien faire sonner.")
@click.option("--association", help="Son nom dans les règles ; sans lui, chacune à son tour.")
def command(association: str | None) -> None:
    """Place it, keep it, tell it."""
    settings, places = Settings.of_process(), Places.load()
    book = book_in_force(settings, places)
    if association is not None and book.association(association) is None:
        raise Refused(f"association inconnue : {association}.")
    done = place_call(settings, book, places, "hand", int(time.time()), association)
    with database(settings) as engine:
        if engine is not None:
            synthetic_calls.keep(engine, done)
    for step, ms in done.steps:
        click.echo(f"  {ms:>5} ms  {step}")
    click.echo(f"{'✓' if done.ok else '✗'} {done.said}")
    sys.exit(not done.ok)
