"""Three accounts to try the console with; they exist only beside a carrier on this machine."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine

from config.sealing import Pseudonyms
from config.settings import LOOPBACK, Settings
from console.access.accounts import Accounts
from console.access.roles import Grant, Role
from console.access.second_factor import SecondFactor, code_at


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """One demonstration account; its secrets are made of the service's own keys, printed, never stored."""

    email: str
    name: str
    grant: Grant
    password: str
    totp: str


PEOPLE = (
    ("secretaire@pau.example", "Camille, secrétaire de Pau", Grant(Role.MANAGER, "pau")),
    ("medecin@pau.example", "Dr Lou, médecin de rappel", Grant(Role.DOCTOR, "pau")),
    ("federation@sos.example", "Alix, fédération", Grant(Role.FEDERATION)),
)


def demonstrates(settings: Settings) -> bool:
    """Whether the carrier is on this machine: demonstration accounts enter nowhere else."""
    return urlsplit(settings.carrier_url).hostname in LOOPBACK


def people(keys: tuple[str, ...]) -> tuple[Demonstrated, ...]:
    """The three accounts with their secrets."""
    hashes = Pseudonyms(keys, "demonstration accounts")
    return tuple(
        Demonstrated(
            email,
            name,
            grant,
            password="demo-" + hashes.index("password " + email)[:10],
            totp=b32encode(bytes.fromhex(hashes.index("second factor " + email))).decode().rstrip("="),
        )
        for email, name, grant in PEOPLE
    )


def create(settings: Settings, engine: Engine, now: datetime) -> None:
    """See to it that the three exist. Only for a carrier on this machine."""
    accounts, second = Accounts(engine), SecondFactor(engine, settings.secret_keys)
    for one in people(settings.secret_keys):
        if accounts.by_email(one.email) is None:
            made = accounts.create(
                one.email, one.name, (one.grant,), now, password=one.password, demonstration=True
            )
            second.set(made, one.totp, now)


def code_for(keys: tuple[str, ...], email: str, now: datetime) -> str | None:
    """The code of the moment of a demonstration account, which nobody has on a telephone."""
    return next((code_at(one.totp, now) for one in people(keys) if one.email == email), None)
