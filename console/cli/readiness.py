"""Waits until a call can be taken, then prints the links; says what is missing when it takes too long."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import click

from config.settings import Settings
from console.access.demonstration import demonstrates, people

SAY_AFTER = 20.0  # seconds without an answer before telling what is not ready


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/health/ready` says: ready or not, and each dependency that is not, in words."""

    ready: bool
    words: str


def announce(settings: Settings, processes: list[str]) -> None:
    """Print the links once all is ready; until then, say every twenty seconds what is not."""
    began = said = time.monotonic()
    while not (state := _all_ready(settings, processes)).ready:
        if time.monotonic() - said > SAY_AFTER:
            said = time.monotonic()
            click.echo(f"\n  Pas encore prêt après {said - began:.0f} s : {state.words}\n")
        time.sleep(0.25)
    click.echo("\n".join(["", *_links(settings, processes), ""]))


def readiness(url: str) -> Readiness:
    """Ask one process's `/health/ready`; 2 s at most. A degraded one takes calls, yet is not all there."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:  # noqa: S310 - our own URL
            return _read(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _read(refusal.read())
    except OSError as fault:
        return Readiness(False, f"{url} ne répond pas ({getattr(fault, 'reason', fault)})")


def answers(url: str) -> bool:
    """Whether anything speaks HTTP at this URL, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own URL
            answer.read()
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except OSError:
        return False
    return True


def _all_ready(settings: Settings, processes: list[str]) -> Readiness:
    state = readiness(f"http://127.0.0.1:{settings.port}")
    if state.ready and "simulator" in processes and not answers(settings.simulator_url):
        return Readiness(False, f"le simulateur ne répond pas encore ({settings.simulator_url})")
    if state.ready and "console" in processes:
        console = f"http://127.0.0.1:{settings.console_port}"
        if not answers(f"{console}/health/live"):
            return Readiness(False, f"la console ne répond pas encore ({console})")
    return state


def _read(body: bytes) -> Readiness:
    try:
        said = json.loads(body)
        down = [name for name, state in said["dependencies"].items() if state == "down"]
        return Readiness(said["status"] == "ok", ", ".join(f"{name} ne répond pas" for name in down))
    except (ValueError, KeyError, AttributeError, TypeError):
        return Readiness(False, f"réponse illisible : {body[:200]!r}")


def _links(settings: Settings, processes: list[str]) -> list[str]:
    links = ["  3624 est prêt.", f"  Webhooks   {settings.public_url}/voice/incoming"]
    if "simulator" in processes:
        links.append(f"  Téléphone  http://localhost:{settings.simulator_port}/")
    if "console" in processes:
        links.append(f"  Console    {settings.console_url}/")
        links += _accounts(settings)
    return [*links, "  Terminal   .venv/bin/sos3624 call", "  Ctrl-C arrête tout."]


def _accounts(settings: Settings) -> list[str]:
    """The demonstration accounts; the console shows the code it asks for next."""
    if not demonstrates(settings):
        return []
    return [f"             {one.email}  {one.password}" for one in people(settings.secret_keys)]
