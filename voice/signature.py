"""The door of every voice webhook: signed by the carrier with our token, or 403.

The formula is twilio's (`RequestValidator.compute_signature`); this door closes its gaps: a missing header,
an empty token, repeated parameter names (hidden by its set), the URL seen behind a proxy, and the algorithm
chosen by the caller's header (facts: reliability §4).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from flask import Request
from twilio.request_validator import RequestValidator

HEADER = "X-Twilio-Signature"
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
        self._validators = [RequestValidator(token) for token in tokens]

    def fields(self, request: Request) -> dict[str, str]:
        """The signed form fields, each name once. Raises `Forged`."""
        signature = request.headers.get(HEADER, "")
        if request.mimetype != "application/x-www-form-urlencoded" or not signature:
            raise Forged("unsigned, or not a form")
        fields = _form(request)
        # The library's sorting costs four times its HMAC; names are unique here, so a plain sort is the same.
        signed = self._public_url + _raw_target(request) + "".join(f"{k}{fields[k]}" for k in sorted(fields))
        for validator in self._validators:
            if hmac.compare_digest(validator.compute_signature(signed, None), signature):
                if fields.get("AccountSid", self._account_sid) != self._account_sid:
                    raise Forged("another account")
                return fields
        raise Forged("wrong signature")


def _as_signed(public_url: str) -> str:
    """The carrier drops user and port from an https URL before it signs; it keeps the port of an http one."""
    parts = urlsplit(public_url)
    host = (parts.hostname or "") if parts.scheme == "https" else parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _form(request: Request) -> dict[str, str]:
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY:
        raise Forged("body too large")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise Forged("unreadable body") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Forged("repeated parameter")
    return fields


def _raw_target(request: Request) -> str:
    """Path and query byte for byte as the carrier wrote them: werkzeug's own URL is decoded, then encoded."""
    environ = request.environ
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    query = environ.get("QUERY_STRING")
    return str(environ.get("PATH_INFO", "")) + (f"?{query}" if query else "")
