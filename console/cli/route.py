"""`sos3624 route`: who would be rung, and why, by the rule book in force (contract.md)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from config.settings import Settings
from console.cli.refusal import Refused
from console.cli.rulebook import book_in_force
from routing.compiled import RuleBook
from routing.decision import decide
from routing.geography.landlines import Landlines
from routing.geography.places import Commune, Places, time_zone
from routing.model import Decision, Load, Located, Need, PlaceSource
from routing.numbers import normalise
from routing.words import NEEDS, moment, why


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, read and checked."""

    place: Located | None
    commune: Commune | None
    need: Need | None
    at: datetime  # aware


@click.command("route", help="Dit qui serait appelé, et pourquoi.")
@click.option("--from", "number", help="Le numéro de l'appelant, 05 61 00 00 00 ou +33561000000.")
@click.option("--postcode", help="Le code postal, cinq chiffres.")
@click.option("--commune", "insee", help="Le code INSEE de la commune, 31555.")
@click.option("--need", help="visit, consultation, teleconsultation ou advice.")
@click.option(
    "--at", help="L'instant, 2026-12-25T03:00 ; sans décalage, l'heure du territoire de la commune."
)
@click.option("--json", "as_json", is_flag=True, help="Un objet JSON sur une ligne.")
def command(
    number: str | None,
    postcode: str | None,
    insee: str | None,
    need: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Decide one call as the voice would, without placing it."""
    places = Places.load()
    place, commune = _place(places, number, postcode, insee)
    question = Question(place, commune, _need(need), _instant(at, commune))
    book = book_in_force(Settings.of_process(), places)
    decision = decide(book, question.place, question.need, question.at, Load())
    click.echo(
        json.dumps(_contract(decision), ensure_ascii=False) if as_json else _told(question, decision, book)
    )


def _place(
    places: Places, number: str | None, postcode: str | None, insee: str | None
) -> tuple[Located | None, Commune | None]:
    """The place, from the surest of what was given: commune, then postcode, then the number's prefix."""
    by_number = _by_number(number) if number is not None else None
    by_postcode = _by_postcode(places, postcode) if postcode is not None else None
    chosen = _by_insee(places, insee, postcode) if insee is not None else None
    place = chosen or by_postcode or by_number
    return place, places.commune(place.commune) if place else None


def _by_number(number: str) -> Located | None:
    e164 = normalise(number)
    if e164 is None:
        raise Refused(f"numéro inconnu « {number} » ; attendu : 05 61 00 00 00 ou +33561000000")
    return Landlines.load().locate(e164)


def _by_postcode(places: Places, postcode: str) -> Located:
    communes = places.by_postcode(postcode)
    if not communes:
        raise Refused(
            f"code postal inconnu « {postcode} » ; attendu : cinq chiffres d'un code existant, 31500"
        )
    people = sum(commune.population for commune in communes)
    share = communes[0].population / people if people else 1 / len(communes)
    return Located(communes[0].insee, round(share, 3), PlaceSource.POSTCODE)


def _by_insee(places: Places, insee: str, postcode: str | None) -> Located:
    commune = places.commune(insee.upper())
    if commune is None:
        raise Refused(f"commune inconnue « {insee} » ; attendu : un code INSEE, 31555 ou 2A004")
    if postcode is not None and postcode not in commune.postcodes:
        known = ", ".join(commune.postcodes)
        raise Refused(f"{commune.name} n'a pas le code postal {postcode} ; attendu : {known}")
    return Located(commune.insee, 1.0, PlaceSource.CHOSEN)


def _need(need: str | None) -> Need | None:
    try:
        return Need(need) if need is not None else None
    except ValueError:
        raise Refused(f"besoin inconnu « {need} » ; attendu : {', '.join(Need)}") from None


def _instant(at: str | None, commune: Commune | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    try:
        said = datetime.fromisoformat(at)
    except ValueError:
        said = None
    if said is None or not re.match(r"\d{4}-\d\d-\d\d", at) or not 1970 <= said.year <= 2200:
        raise Refused(f"instant inconnu « {at} » ; attendu : 2026-12-25T03:00 ou 2026-12-25T03:00+01:00")
    # `fold` stays 0: of the two hours of an autumn night, the first.
    return (
        said
        if said.tzinfo
        else said.replace(tzinfo=ZoneInfo(time_zone(commune) if commune else "Europe/Paris"))
    )


def _contract(decision: Decision) -> dict[str, object]:
    return {
        "outcome": decision.outcome,
        "association": decision.association,
        "commune": decision.commune,
        "confidence": decision.confidence,
        "targets": [
            {"association": t.association, "phone": t.phone, "ring_seconds": t.ring_seconds}
            for t in decision.targets
        ],
        "rulebook": decision.rulebook,
        "trace": [{"rule": line.rule, "result": line.result} for line in decision.trace],
    }


def _told(question: Question, decision: Decision, book: RuleBook) -> str:
    name = question.commune.name if question.commune else None
    zone = time_zone(question.commune) if question.commune else "Europe/Paris"
    need = NEEDS[question.need] if question.need else "besoin non dit"
    targets = (
        f"  {rank}. {target.association or 'national'} : {target.phone}, {target.ring_seconds} s"
        for rank, target in enumerate(decision.targets, 1)
    )
    at = question.at.astimezone(ZoneInfo(zone))
    heading = f"{name or 'Lieu inconnu'}, {need}, le {moment(at)} ({zone})"
    return "\n".join([heading, why(decision, book, name), *targets])
