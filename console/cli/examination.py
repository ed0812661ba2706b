"""What `sos3624 doctor` looks at, one finding a dependency."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from twilio.request_validator import RequestValidator

from config import migrate, stores
from config.settings import LOOPBACK, Settings
from console.access.oidc import Client
from console.cli.readiness import answers
from console.cli.rulebook import database, newest
from console.findings import Finding
from console.service import looked_at, redis_fit
from routing import static_fallback

PATIENCE = 5  # seconds
SLOW_CLOCK = 2.0  # seconds between our clock and the database's before call-backs come early or late
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea")


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything in turn; what raises is broken, and the rest is still looked at."""
    looks: list[tuple[str, Callable[[Settings], Iterator[Finding]]]] = [
        ("Fuseaux horaires", _zones),
        ("Base de données", _database),
        ("Règles de routage", _rulebook),
        ("Secours statique", _static_fallback),
        ("Redis", _redis),
        ("Opérateur", _carrier),
        ("Webhooks", _webhooks),
        ("Identités", _providers),
        ("Service", _running),
    ]
    for name, look in looks:
        try:
            yield from look(settings)
        except (OSError, SQLAlchemyError, RedisError) as fault:
            yield Finding(name, "broken", f"ne répond pas ({type(fault).__name__})", _REPAIRS.get(name, ""))


_REPAIRS = {
    "Base de données": "vérifiez DATABASE_URL et que le serveur est démarré ; puis sos3624 release",
    "Règles de routage": "réparez d'abord la base de données ; puis sos3624 release",
}


def _zones(_settings: Settings) -> Iterator[Finding]:
    try:
        hours = {zone: datetime.now(ZoneInfo(zone)) for zone in ZONES}
    except ZoneInfoNotFoundError as absent:
        yield Finding("Fuseaux horaires", "broken", f"{absent} manque", "relancez make setup (paquet tzdata)")
        return
    yield Finding("Fuseaux horaires", "ok", f"il est {hours['Europe/Paris']:%H:%M} à Paris")


def _database(settings: Settings) -> Iterator[Finding]:
    with database(settings) as engine:
        if engine is None:
            yield Finding("Schéma", "broken", "la base n'a encore rien reçu", "lancez sos3624 release")
            return
        lacking = migrate.missing(engine)
        with stores.reading(engine).connect() as connection:
            drift = abs((stores.database_now(connection) - datetime.now(UTC)).total_seconds())
    if lacking:
        yield Finding("Schéma", "broken", f"il manque {', '.join(lacking)}", "lancez sos3624 release")
    else:
        yield Finding("Schéma", "ok", "à jour")
    if drift > SLOW_CLOCK:
        yield Finding(
            "Horloge", "broken", f"{drift:.0f} s d'écart avec la base", "réglez l'heure (NTP) des machines"
        )
    else:
        yield Finding("Horloge", "ok", "d'accord avec la base")


def _rulebook(settings: Settings) -> Iterator[Finding]:
    published = newest(settings)
    if published is None:
        yield Finding(
            "Règles de routage", "broken", "aucune", "lancez sos3624 release, ou publiez un jeu de règles"
        )
        return
    version, at = published
    days = (datetime.now(UTC) - at).days
    yield Finding("Règles de routage", "ok", f"n° {version}, publiées il y a {days} j")


def _static_fallback(settings: Settings) -> Iterator[Finding]:
    """The TwiML file to be hosted with the carrier: is it there, and of the book in force?"""
    name, folder = "Secours statique", settings.var_dir / "rulebook"
    found, in_force = static_fallback.written(folder), newest(settings)
    if found is None:
        yield Finding(name, "warning", "aucun fichier", "il s'écrit au démarrage de « web » : make run")
        return
    age = datetime.now(UTC) - found.at
    said = f"version {found.version}, écrit il y a {age.days} j {age.seconds // 3600} h"
    if in_force is not None and in_force[0] != found.version:
        said = f"{said} ; la version {in_force[0]} est en vigueur"
        yield Finding(name, "warning", said, "démarrez « web », qui le récrit à chaque publication")
    else:
        yield Finding(name, "ok", f"{said} : {folder / static_fallback.NAME}")


def _redis(settings: Settings) -> Iterator[Finding]:
    with stores.worker_redis(settings) as client:
        yield from redis_fit(client)


def _running(settings: Settings) -> Iterator[Finding]:
    """What « État du service » shows."""
    with database(settings) as engine, stores.voice_redis(settings) as redis:
        if engine is not None and not migrate.missing(engine):
            now = datetime.now(UTC)
            yield from (one for one in looked_at(settings, engine, redis, now) if one.name != "Redis")


def _carrier(settings: Settings) -> Iterator[Finding]:
    name = "Simulateur" if settings.simulated else "Opérateur"
    if answers(settings.carrier_url):
        yield Finding(name, "ok", f"{settings.carrier_url} répond")
    else:
        repair = (
            "lancez make run" if settings.simulated else "vérifiez TWILIO_API_URL et la sortie vers Internet"
        )
        yield Finding(name, "broken", f"{settings.carrier_url} ne répond pas", repair)


def _providers(settings: Settings) -> Iterator[Finding]:
    for one in settings.oidc_providers:
        if Client(one, "").answers():
            yield Finding(one.label, "ok", f"{one.discovery} se décrit comme attendu")
        else:
            repair = "vérifiez son adresse dans OIDC_PROVIDERS ; les autres façons d'entrer restent"
            yield Finding(one.label, "warning", f"{one.discovery} ne répond pas comme attendu", repair)


def _webhooks(settings: Settings) -> Iterator[Finding]:
    """Ring our own door at PUBLIC_URL: the carrier's signature must open it, no signature must not."""
    url, host = f"{settings.public_url}/voice/status", urlsplit(settings.public_url).hostname
    fields = {"AccountSid": settings.account_sid, "CallSid": "CA" + "0" * 32, "CallStatus": "doctor"}
    codes = {}
    for token in (*settings.auth_tokens, ""):
        signature = RequestValidator(token).compute_signature(url, fields) if token else ""
        codes[token] = _post(url, fields, signature)
    if None in codes.values():
        yield Finding("Webhooks", "broken", f"{url} ne répond pas", "démarrez « web » ; vérifiez PUBLIC_URL")
    elif codes.pop("") != 403:
        yield Finding(
            "Webhooks", "broken", "une requête sans signature est entrée", "ce n'est pas notre service"
        )
    elif any(code not in {200, 204} for code in codes.values()):
        repair = "PUBLIC_URL doit être l'URL que l'opérateur appelle, octet pour octet ; redémarrez « web »"
        yield Finding("Webhooks", "broken", "notre propre signature est refusée", repair)
    elif not settings.simulated and host in LOOPBACK:
        repair = "réglez PUBLIC_URL sur l'URL publique en https"
        yield Finding("Webhooks", "broken", "PUBLIC_URL n'est joignable que d'ici", repair)
    else:
        yield Finding("Webhooks", "ok", "signature acceptée, absence de signature refusée")


def _post(url: str, fields: dict[str, str], signature: str) -> int | None:
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(url, urlencode(fields).encode(), headers)  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own URL
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code
    except OSError:
        return None
