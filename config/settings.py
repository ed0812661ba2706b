"""Every setting of the service: one frozen object, read once, complete or refused with its faults named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from config.made_up import environment
from config.providers import Provider

PORT_FIELDS = ("port", "console_port", "simulator_port", "feed_port", "embedded_redis_port")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsRefused(Exception):
    """The environment cannot be worked with; the message lists every fault and its mend, in French."""


def _base_url(text: str) -> str:
    """Return an absolute base URL without its trailing slash: signatures are checked against it."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    if "?" in text or "#" in text or re.search(r"\s", text):
        raise ValueError
    return text.rstrip("/")


def _beside(base_url: str, port: int) -> str:
    """Return the URL of another port of the same host."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _caller_id(text: str) -> str:
    """Return the number shown when we ring, in E.164; the number plan forbids machines to show 06 and 07."""
    digits = re.sub(r"[\s.()-]", "", text)
    number = re.sub(r"^(?:00|\+)33\(?0?|^0(?!0)", "+33", digits)
    number = re.sub(r"^00", "+", number)
    if not re.fullmatch(r"\+[1-9]\d{7,14}", number) or re.match(r"\+(33|262|590|594|596|269)[67]", number):
        raise ValueError
    if number.startswith("+33") and len(number) != 12:
        raise ValueError
    return number


def _database_url(text: str) -> str:
    """Return a SQLAlchemy URL with the driver named: hosts hand out `postgres://` and `postgresql://`."""
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    if not re.match(r"postgresql\+psycopg://.|sqlite:///[^:]", url):
        raise ValueError
    return url


def _providers(text: object) -> tuple[Provider, ...]:
    """Return the OpenID Connect providers of a JSON list; what is wrong is told without its secrets."""
    try:
        return Provider.listed(text)
    except ValidationError as refused:
        told = [f"{'.'.join(map(str, e['loc'])) or 'objet'} : {e['msg']}" for e in refused.errors()]
        faults = " ; ".join(told)
        raise ValueError(f"un fournisseur est mal décrit ({faults})") from None
    except ValueError:
        raise ValueError("ce n'est pas une liste JSON de fournisseurs aux noms distincts") from None


def _listed(text: object) -> object:
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


Port = Annotated[int, Field(ge=1, le=65535, description="un port entre 1 et 65535")]
BaseUrl = Annotated[
    str,
    BeforeValidator(_base_url),
    Field(description="une URL absolue http(s)://hôte[:port][/chemin], sans « ? », « # » ni mot de passe"),
]
Token = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{32,}$")]
Key = Annotated[str, Field(pattern=r"^\S{32,}$")]


class Settings(BaseModel):
    """The settings of contract.md. `repr=False` marks what is never shown, not even in a refusal."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    port: Port = Field(3624, validation_alias="PORT")
    console_port: Port = Field(3625, validation_alias="CONSOLE_PORT")
    simulator_port: Port = Field(3626, validation_alias="SIMULATOR_PORT")
    feed_port: Port = Field(3627, validation_alias="FEED_PORT")
    embedded_redis_port: Port = Field(3628, validation_alias="EMBEDDED_REDIS_PORT")
    console_url: BaseUrl = Field(
        default_factory=lambda known: f"http://localhost:{known['console_port']}",
        validation_alias="CONSOLE_URL",
    )
    feed_url: BaseUrl = Field(  # under TLS, a path of the console's own host: https://…/flux
        default_factory=lambda known: _beside(known["console_url"], known["feed_port"]),
        validation_alias="FEED_URL",
    )
    public_url: BaseUrl = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known['port']}", validation_alias="PUBLIC_URL"
    )
    caller_id: Annotated[str, BeforeValidator(_caller_id)] = Field(
        "+33199003624",
        validation_alias="CALLER_ID",
        description="un numéro fixe ou 09 (+33… ou 0…), jamais 06 ni 07 : les opérateurs les refusent",
    )
    smtp_url: str | None = Field(
        None,
        validation_alias="SMTP_URL",
        repr=False,
        pattern=r"^smtps?://[^\s/]+",
        description="smtp://[utilisateur:secret@]hôte[:port] ou smtps://…",
    )
    var_dir: Path = Field(Path("var"), validation_alias="VAR_DIR", description="un dossier où écrire")
    redis_url: str = Field(
        default_factory=lambda known: f"redis://127.0.0.1:{known['embedded_redis_port']}/0",
        validation_alias="REDIS_URL",
        repr=False,
        pattern=r"^(rediss?://[^\s/]+|unix://\S+|redis\+sentinel://[^\s/]+/[^\s/]+)",
        description="redis://hôte:port/base, rediss://…, unix://… ou redis+sentinel://hôte:port,hôte:port/service/base",
    )
    database_url: Annotated[str, BeforeValidator(_database_url)] = Field(
        default_factory=lambda known: f"sqlite:///{known['var_dir'] / '3624.sqlite3'}",
        validation_alias="DATABASE_URL",
        repr=False,
        description="postgresql://utilisateur:secret@hôte/base, ou sqlite:///chemin/du/fichier",
    )
    account_sid: str = Field(
        validation_alias="TWILIO_ACCOUNT_SID",
        pattern=r"^AC[0-9a-f]{32}$",
        description="« AC » et 32 chiffres hexadécimaux (console Twilio), ou bien lancez `make setup`",
    )
    auth_tokens: Annotated[tuple[Token, ...], BeforeValidator(_listed)] = Field(
        validation_alias="TWILIO_AUTH_TOKEN",
        repr=False,
        min_length=1,
        max_length=2,
        description="le jeton du compte, 32 lettres et chiffres au moins (deux jetons séparés par une "
        "virgule pendant un changement), ou bien lancez `make setup`",
    )
    secret_keys: Annotated[tuple[Key, ...], BeforeValidator(_listed)] = Field(
        validation_alias="SECRET_KEYS",
        repr=False,
        min_length=1,
        max_length=16,
        description="une ou plusieurs clés de 32 caractères au moins séparées par des virgules, la clé "
        "courante d'abord, ou bien lancez `make setup`",
    )
    secrets_made_up: bool = Field(False, validation_alias="SECRETS_MADE_UP", description="0 ou 1")
    carrier_url: BaseUrl = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known['simulator_port']}",
        validation_alias="TWILIO_API_URL",
    )
    simulated_traffic: int = Field(
        0,
        validation_alias="SIMULATED_TRAFFIC",
        ge=0,
        le=6000,
        description="un nombre d'appels par minute, 0 à 6000",
    )
    synthetic_call_every: int = Field(
        300,
        validation_alias="SYNTHETIC_CALL_EVERY",
        ge=0,
        le=86400,
        description="un nombre de secondes, 0 (jamais) à 86400",
    )
    oidc_providers: Annotated[tuple[Provider, ...], BeforeValidator(_providers)] = Field(
        (),
        validation_alias="OIDC_PROVIDERS",
        repr=False,
        description="une liste JSON, un objet par fournisseur (docs/operations.md)",
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text),
    ] = Field("info", validation_alias="LOG_LEVEL", description="debug, info, warning ou error")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the environment, an empty value being the same as none. Raises `SettingsRefused`."""
        try:
            return cls.model_validate({name: value.strip() for name, value in env.items() if value.strip()})
        except ValidationError as refused:
            raise SettingsRefused(_in_words(refused)) from None

    @classmethod
    def of_process(cls) -> Self:
        """Read this process's environment and, for what it lacks, the secrets that `make setup` made up."""
        return cls.from_env(environment())

    @property
    def simulated(self) -> bool:
        """Whether the carrier is our own stand-in."""
        return self.carrier_url == self.simulator_url

    @property
    def simulator_url(self) -> str:
        """Where the stand-in for the carrier answers."""
        return f"http://127.0.0.1:{self.simulator_port}"

    @field_validator(*PORT_FIELDS)
    @classmethod
    def _distinct(cls, port: int, info: ValidationInfo) -> int:
        for other in PORT_FIELDS:
            if info.data.get(other) == port:
                message = f"le port {port} est déjà celui de {env_name(other)} ; donnez-en un autre"
                raise ValueError(message)
        return port

    @field_validator("secret_keys")
    @classmethod
    def _different(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(keys)) != len(keys):
            raise ValueError("la même clé y est deux fois ; gardez-la une fois")
        return keys

    @field_validator("carrier_url")
    @classmethod
    def _real_carrier_real_secrets(cls, url: str, info: ValidationInfo) -> str:
        if info.data.get("secrets_made_up") and urlsplit(url).hostname not in LOOPBACK:
            raise ValueError(
                "un vrai opérateur est réglé mais les secrets sont ceux, inventés, de `make setup` ; donnez "
                "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN et SECRET_KEYS dans l'environnement"
            )
        return url


def env_name(field: str) -> str:
    """Return the environment name of a setting's field."""
    return str(Settings.model_fields[field].validation_alias)


def _in_words(refused: ValidationError) -> str:
    lines: dict[str, str] = {}
    for error in refused.errors(include_url=False):
        # A default that hangs on a refused setting is no fault of its own.
        if error["type"] != "default_factory_not_called":
            name = str(error["loc"][0])
            lines.setdefault(name, f"  {name} {_fault(name, dict(error))}")
    return "Réglages refusés :\n" + "\n".join(lines.values())


def _fault(name: str, error: dict[str, Any]) -> str:
    field = next(info for info in Settings.model_fields.values() if info.validation_alias == name)
    said = str(error.get("ctx", {}).get("error", ""))
    if said:
        return f": {said}."
    expected = field.description or next(
        (m.description for m in field.metadata if hasattr(m, "description")), ""
    )
    if error["type"] == "missing":
        return f"manque ; attendu : {expected}."
    given = f" (« {error['input']} »)" if field.repr and isinstance(error.get("input"), str) else ""
    return f"est mal formé{given} ; attendu : {expected}."
