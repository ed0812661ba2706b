"""`sos3624 demo-data`: fills the records with a believable past, for screens and forecasts to have one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from config import stores
from config.settings import Settings
from console.cli.rulebook import demonstrates, document_in_force
from routing.document import Association, Document
from routing.geography.grid import distance_km
from routing.geography.places import Commune, Places, departement_of
from workers.records import paris
from workers.records.filling import fill
from workers.records.past import Area, Past, Profile, shares

REACH_KM = 45.0
ELSEWHERE = 60.0  # acts a day where the open data have no figure


@click.command("demo-data", help="Remplit les chiffres d'un passé vraisemblable (démonstration).")
@click.option("--days", type=click.IntRange(1, 800), required=True, help="Nombre de jours, jusqu'à hier.")
@click.option("--scale", type=click.FloatRange(0.001, 10), default=1.0, help="Part du volume réel.")
def command(days: int, scale: float) -> None:
    """Write the days that hold no record yet, then make their roll-ups."""
    settings = Settings.of_process()
    if not demonstrates(settings):
        raise click.ClickException("Un vrai opérateur est réglé : pas de faux appels parmi les vrais.")
    now = datetime.now(UTC)
    yesterday = now.astimezone(paris.ZONE).date() - timedelta(days=1)
    past = Past(areas(document_in_force(settings)[1], Places.load()), Profile.load(), scale=scale)
    engine = stores.engine(settings, patience_ms=60_000)
    try:
        count = fill(engine, past, yesterday - timedelta(days=days - 1), yesterday, now)
    finally:
        engine.dispose()
    click.echo(f"{count} appels ajoutés sur {days} jours, jusqu'au {yesterday:%d/%m/%Y}.")


def areas(document: Document, places: Places) -> list[Area]:
    """The rule book's associations, weighed by the acts of their département."""
    by_departement: dict[str, list[Commune]] = {}
    for commune in places.all():
        by_departement.setdefault(departement_of(commune.insee), []).append(commune)
    acts = shares()
    seats = [departement_of(one.insee) for one in document.associations]
    return [
        Area(
            slug=one.slug,
            weight=acts.get(seat, ELSEWHERE) / seats.count(seat),
            places=_around(by_departement.get(seat, []), one) or ((one.insee, 1),),
            helper=one.overflow[0].association if one.overflow else None,
        )
        for one, seat in zip(document.associations, seats, strict=True)
    ]


def _around(communes: list[Commune], seat: Association) -> tuple[tuple[str, int], ...]:
    return tuple(
        (commune.insee, max(1, commune.population))
        for commune in communes
        if distance_km(seat, commune) < REACH_KM
    )
