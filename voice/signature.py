"""The door of every voice webhook: signed by the carrier with our token, or 403.

The formula is twilio's (`RequestValidator.compute_signature`); this door closes its gaps: a missing header,
an empty token, repeated parameter names (hidden by its set), the URL seen behind a proxy, and the algorithm
chosen by the caller's header (facts: reliability §4).
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

HEADER = "HTTP_X_TWILIO_SIGNATURE"
FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024  # bytes; the carrier sends two or three kB
MAX_FIELDS = 200


class Forged(Exception):
    """The request was not signed by the carrier, or not in the one form that is accepted."""


class Door:
    """Judges requests against `public_url` (never the URL a proxy shows) and one or two tokens."""

    def __init__(self, public_url: str, tokens: Sequence[str], account_sid: str) -> None:
        if not tokens or any(len(token) < 32 for token in tokens):
            raise ValueError("a carrier token is missing or too short: signatures could be forged")
        self._public_url = _as_signed(public_url)
        self._account_sid = account_sid
        self._tokens = [token.encode() for token in tokens]

    def fields(self, environ: Mapping[str, Any], body: bytes) -> dict[str, str]:
        """The signed form fields of a WSGI request, each name once. Raises `Forged`."""
        signature = str(environ.get(HEADER, ""))
        form = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM
        if not form or not signature:
            raise Forged("unsigned, or not a form")
        given = signature.encode(errors="replace")
        fields = _form(body)
        # Names are unique here, so a plain sort is the library's; it costs four times the rest of its work.
        listed = "".join([name + fields[name] for name in sorted(fields)])
        signed = (self._public_url + _raw_target(environ) + listed).encode()
        for token in self._tokens:
            ours = b2a_base64(hmac.digest(token, signed, "sha1"), newline=False)
            if hmac.compare_digest(ours, given):
                if fields.get("AccountSid", self._account_sid) != self._account_sid:
                    raise Forged("another account")
                return fields
        raise Forged("wrong signature")


def _as_signed(public_url: str) -> str:
    """The carrier drops user and port from an https URL before it signs; it keeps the port of an http one."""
    parts = urlsplit(public_url)
    host = (parts.hostname or "") if parts.scheme == "https" else parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BODY:
        raise Forged("body too large")
    fields: dict[str, str] = {}
    try:
        pairs = body.decode("ascii").replace("+", "%20").split("&", MAX_FIELDS)
        for pair in pairs:
            name, _, value = pair.partition("=")
            if "%" in pair:  # nearly none has anything to decode; `unquote` takes twice the time
                name, value = unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()
            fields[name] = value
    except UnicodeDecodeError as error:
        raise Forged("unreadable body") from error
    if len(pairs) > MAX_FIELDS:
        raise Forged("too many parameters")
    if len(fields) != len(pairs):
        raise Forged("repeated parameter")
    return fields


def _raw_target(environ: Mapping[str, Any]) -> str:
    """Path and query byte for byte as the carrier wrote them: werkzeug's own URL is decoded, then encoded."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    query = environ.get("QUERY_STRING")
    return str(environ.get("PATH_INFO", "")) + (f"?{query}" if query else "")
