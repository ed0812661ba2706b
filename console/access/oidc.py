"""OpenID Connect, our side: authorization code with PKCE; every claim is judged before it is believed."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped] # has no types
from authlib.common.security import generate_token  # type: ignore[import-untyped] # has no types
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped] # has no types
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped] # has no types
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from config.providers import Provider

PATIENCE = 5.0  # seconds: somebody waits at a page
KNOWN_FOR = 3600.0  # seconds a provider's own description is kept
LEEWAY = 60  # seconds between two machines' clocks
# Signatures only the provider can make: neither "none" nor a secret we share with it.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class Refusal(Exception):
    """Nobody was recognised; the message says why, in French, and nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is kept of one way to the provider and back, in a sealed cookie of its own."""

    provider: str
    state: str
    nonce: str
    verifier: str
    began_at: float
    purpose: str  # "enter", "link" or "invitation"
    token: str = ""  # the session that links, or the invitation's secret
    after: str = ""  # where to go then


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom the provider vouches for; `strong` when the asked level was reached."""

    subject: str
    strong: bool


class Client:
    """One provider. Its description and keys are fetched when first needed and kept for an hour."""

    def __init__(self, provider: Provider, redirect: str) -> None:
        self.provider, self._redirect = provider, redirect
        self._said: tuple[float, Mapping[str, Any], KeySet] | None = None

    def answers(self) -> bool:
        """Whether the provider can be read and describes itself as it should."""
        try:
            self._known()
        except Refusal:
            return False
        return True

    def departure(self, errand: Errand) -> str:
        """Where the browser is sent."""
        asked = {"acr_values": self.provider.acr} if self.provider.acr else {}
        url, _ = self._session().create_authorization_url(
            self._description()["authorization_endpoint"],
            state=errand.state,
            nonce=errand.nonce,
            code_verifier=errand.verifier,
            **asked,
        )
        return str(url)

    def arrival(self, errand: Errand, said: Mapping[str, str], now: datetime) -> Recognised:
        """Whom the answer in the browser's address is about. Raises `Refusal`."""
        if not hmac.compare_digest(said.get("state", "").encode(), errand.state.encode()):
            raise Refusal("Cette réponse n'est pas celle de votre demande. Recommencez depuis l'entrée.")
        if said.get("iss", self._description()["issuer"]) != self._description()["issuer"]:
            raise Refusal("Cette réponse vient d'un autre fournisseur. Recommencez depuis l'entrée.")
        if "error" in said or "code" not in said:
            raise Refusal(f"{self.provider.label} ne vous a pas reconnu. Recommencez, ou entrez autrement.")
        try:
            token = self._session().fetch_token(
                self._description()["token_endpoint"],
                code=said["code"],
                code_verifier=errand.verifier,
                timeout=PATIENCE,
            )
            claims = self._claims(token, errand.nonce, now)
            return self._recognised(token, claims)
        except (AuthlibBaseError, JoseError, KeyError, ValueError, requests.RequestException):
            told = f"La réponse de {self.provider.label} n'a pas pu être vérifiée : rien n'est ouvert."
            raise Refusal(f"{told} Recommencez.") from None

    def _claims(self, token: Mapping[str, Any], nonce: str, now: datetime) -> Mapping[str, Any]:
        """The ID token's, once signature, issuer, audience, hour and nonce are right."""
        try:
            decoded = jwt.decode(token["id_token"], self._keys(), algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # it has changed its keys
            self._said = None
            decoded = jwt.decode(token["id_token"], self._keys(), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self._description()["issuer"]},
                "aud": {"essential": True, "value": self.provider.client_id},
                "nonce": {"essential": True},
            },
            {"nonce": nonce, "client_id": self.provider.client_id, "access_token": token["access_token"]},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        told: Mapping[str, Any] = decoded.claims
        return told

    def _recognised(self, token: Mapping[str, Any], claims: Mapping[str, Any]) -> Recognised:
        acr = self.provider.acr
        if acr and claims.get("acr") != acr:
            raise ValueError("the level asked for was not reached")
        subject = claims.get(self.provider.claim)
        if subject is None and "userinfo_endpoint" in self._description():
            answer = requests.get(
                self._description()["userinfo_endpoint"],
                headers={"Authorization": f"Bearer {token['access_token']}"},
                timeout=PATIENCE,
            )
            answer.raise_for_status()
            more = answer.json()
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
                raise ValueError("userinfo speaks of somebody else")
            subject = more.get(self.provider.claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ValueError("the claim that names the person is missing")
        return Recognised(subject, strong=acr is not None)

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.provider.client_id,
            self.provider.client_secret,
            scope=self.provider.scopes,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )

    def _description(self) -> Mapping[str, Any]:
        return self._known()[1]

    def _keys(self) -> KeySet:
        return self._known()[2]

    def _known(self) -> tuple[float, Mapping[str, Any], KeySet]:
        if self._said is None or time.monotonic() - self._said[0] > KNOWN_FOR:
            self._said = (time.monotonic(), *self._asked())
        return self._said

    def _asked(self) -> tuple[Mapping[str, Any], KeySet]:
        url = self.provider.discovery
        try:
            told = requests.get(url, timeout=PATIENCE)
            told.raise_for_status()
            description = told.json()
            if not url.startswith(str(description["issuer"]).rstrip("/") + "/"):
                raise ValueError("the description is another issuer's")
            keys = requests.get(description["jwks_uri"], timeout=PATIENCE)
            keys.raise_for_status()
            return description, KeySet.import_key_set(keys.json())
        except (requests.RequestException, ValueError, KeyError, JoseError):
            raise Refusal(f"{self.provider.label} ne répond pas en ce moment. Entrez autrement.") from None


def errand(provider: str, now: datetime, purpose: str, token: str = "", after: str = "") -> Errand:
    """A new one, with secrets of its own."""
    state, nonce, verifier = generate_token(32), generate_token(32), generate_token(64)
    return Errand(provider, state, nonce, verifier, now.timestamp(), purpose, token, after)
