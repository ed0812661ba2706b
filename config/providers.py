"""The OpenID Connect providers people may enter by: each one a few words of configuration."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_PSC = {
    "label": "Pro Santé Connect",
    "scopes": "openid scope_all",
    "claim": "SubjectNameID",  # the national identifier, RPPS prefixed by 8
    "acr": "eidas1",
}
_REALM = "/auth/realms/esante-wallet/.well-known/wallet-openid-configuration"
# Pro Santé Connect's two doors; its published discovery document tells the rest.
KINDS = {
    "pro-sante-connect": _PSC | {"discovery": f"https://auth.esw.esante.gouv.fr{_REALM}"},
    "pro-sante-connect-essai": _PSC
    | {
        "label": "Pro Santé Connect (bac à sable)",
        "discovery": f"https://auth.bas.psc.esante.gouv.fr{_REALM}",
    },
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Provider(BaseModel):
    """One provider. With `acr`, what it vouches for is asked, checked, and counts as two factors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    discovery: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Annotated[str, Field(min_length=1, repr=False)]
    scopes: Annotated[str, Field(pattern=r"^openid( \S+)*$")] = "openid"
    claim: Annotated[str, Field(min_length=1)] = "sub"
    acr: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_kind(cls, said: Any) -> Any:
        """What a known kind fills in; what is said beside it wins."""
        if not isinstance(said, dict) or "kind" not in said:
            return said
        given = {name: value for name, value in said.items() if name != "kind"}
        if said["kind"] not in KINDS:
            raise ValueError(f"genre inconnu ; connus : {', '.join(KINDS)}")
        return {"name": said["kind"]} | KINDS[said["kind"]] | given

    @field_validator("discovery")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("la découverte se lit en https")
        return url

    @classmethod
    def listed(cls, text: object) -> tuple[Self, ...]:
        """Those of a setting: a JSON list. Raises `ValueError`."""
        said = json.loads(text) if isinstance(text, str) else text
        if not isinstance(said, list | tuple):
            raise ValueError("une liste est attendue")
        found = tuple(one if isinstance(one, cls) else cls.model_validate(one) for one in said)
        if len({one.name for one in found}) != len(found):
            raise ValueError("deux fournisseurs ont le même nom")
        return found
