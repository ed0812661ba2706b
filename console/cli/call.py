"""`sos3624 call`: a call played in the terminal by the stand-in carrier, through the real webhooks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import click

from config.settings import Settings
from console.cli.refusal import Refused
from routing.numbers import normalise

LONGEST = 600  # seconds a call may last


@click.command(
    "call", help="Joue un appel dans le terminal, à travers les vrais webhooks (make run doit tourner)."
)
@click.option(
    "--from",
    "number",
    default="0561000000",
    show_default=True,
    help="Le numéro de l'appelant, ou « anonymous ».",
)
@click.option(
    "--keys", default="", help="Ce que l'appelant tape à chaque question : « 31500,1 » ; vide : silence."
)
def command(number: str, keys: str) -> None:
    """Ask the stand-in to play a call, and print the transcript as it comes."""
    settings = Settings.of_process()
    if not settings.simulated:
        raise Refused(
            "un vrai opérateur est réglé (TWILIO_API_URL) ; les appels d'essai passent par le simulateur"
        )
    asked: dict[str, object] = {"from": _caller(number), "keys": _keys(keys)}
    for line in _transcript(f"{settings.simulator_url}/simulator/calls", asked):
        click.echo(_told(line))


def _caller(number: str) -> str:
    if number in {"anonymous", ""}:
        return "anonymous"
    e164 = normalise(number)
    if e164 is None:
        raise Refused(f"numéro inconnu « {number} » ; attendu : 05 61 00 00 00, +33561000000 ou anonymous")
    return str(e164)


def _keys(keys: str) -> list[str]:
    pressed = [part.strip() for part in keys.split(",")] if keys.strip() else []
    for part in pressed:
        if part.strip("0123456789*#"):
            raise Refused(
                f"touches inconnues « {part} » ; attendu : des chiffres, * ou #, séparés par des virgules"
            )
    return pressed


def _transcript(url: str, asked: dict[str, object]) -> Iterator[dict[str, object]]:
    request = urllib.request.Request(  # noqa: S310 - our own URL
        url, json.dumps(asked).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=LONGEST) as answer:  # noqa: S310 - our own URL
            yield from (json.loads(line) for line in answer if line.strip())
    except urllib.error.HTTPError as refusal:
        with refusal:
            words = refusal.read(500).decode("utf-8", "replace")
        raise click.ClickException(f"Le simulateur a refusé l'appel ({refusal.code}) : {words}") from None
    except OSError as fault:
        why = getattr(fault, "reason", fault)
        raise click.ClickException(
            f"Le simulateur ne répond pas sur {url} ({why}) : lancez make run."
        ) from None


def _told(line: dict[str, object]) -> str:
    return f"{line.get('at', 0):7.1f} s  {line.get('text', '')}"
