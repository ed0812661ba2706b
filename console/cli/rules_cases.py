"""`sos3624 rules cases`: calls that must go on ringing the same desk."""

from __future__ import annotations

import click

from config.settings import Settings
from console.cli.refusal import Refused
from console.cli.rulebook import book_in_force, instant, opened, said
from routing import cases
from routing.geography.places import Places
from routing.model import Need
from routing.words import moment


@click.group("cases", help="Les cas enregistrés : lister, garder, retirer.")
def command() -> None:
    """Each draft of an association is tried on its own."""


@command.command(
    "list", help="Tous, ou ceux d'une association ; ✗ : les règles en vigueur ne le tiennent pas."
)
@click.option("--association")
def listed(association: str | None) -> None:
    """Id, whose, name and desk."""
    book = book_in_force(Settings.of_process(), Places.load())
    with opened() as engine:
        kept = cases.kept(engine, association)
    wrong = {failure.case.id for failure in cases.failing(book, kept)}
    for one in kept:
        mark = "✗" if one.id in wrong else "✓"
        click.echo(f"{mark} {one.id}  {one.association}  {one.name} → {one.regulator}")


@command.command(
    "keep", help="Garde un cas : le poste qui répond avec les règles en vigueur, ou --regulator."
)
@click.argument("association")
@click.argument("place")
@click.argument("at")
@click.option("--need", type=click.Choice([need.value for need in Need]))
@click.option("--regulator", help="Le poste qui doit répondre.")
@click.option("--author", required=True, callback=said)
def keep(association: str, place: str, at: str, need: str | None, regulator: str | None, author: str) -> None:
    """`place` is a postcode or an INSEE code, `at` a local time of Paris, 2026-12-25T03:00."""
    places = Places.load()
    commune = places.commune(place) or next(iter(places.by_postcode(place)), None)
    book = book_in_force(Settings.of_process(), places)
    if commune is None or book.association(association) is None:
        raise Refused(f"lieu ou association inconnus : {place}, {association}")
    if regulator is not None and regulator not in book.desks:
        raise Refused(f"poste inconnu « {regulator} »")
    when = instant(at)
    wanted = Need(need) if need else None
    desk = regulator or cases.answering(book, commune.insee, wanted, when)
    name = cases.named(commune.name, wanted, moment(when))
    with opened() as engine:
        made = cases.keep(engine, association, name, commune.insee, wanted, when, desk, author)
    click.echo(f"{made}  {name} → {desk}")


@command.command("drop", help="Retire un cas.")
@click.argument("association")
@click.argument("case_id")
def drop(association: str, case_id: str) -> None:
    """By its id."""
    with opened() as engine:
        if not cases.drop(engine, association, case_id, "sos3624 rules"):
            raise Refused(f"cas inconnu « {case_id} » ; voir sos3624 rules cases list")
    click.echo("Retiré.")
