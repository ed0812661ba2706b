"""Requests signed as the carrier signs them, with the stand-in's own code."""

from __future__ import annotations

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulator.signature import sign
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN
from tests.service import Service


def post(client: FlaskClient, service: Service, path: str, **fields: str) -> TestResponse:
    """POST a webhook to `path` (query included, fragment left out as the carrier does)."""
    path = path.partition("#")[0]
    fields = {"AccountSid": ACCOUNT_SID, "CallStatus": "in-progress", **fields}
    signature = sign(service.settings.public_url + path, fields, AUTH_TOKEN)
    return client.post(path, data=fields, headers={"X-Twilio-Signature": signature})


def fields_of(document: str) -> list[str]:
    """The action URLs of a document, in order."""
    return [unescape(url) for url in re.findall(r'action="([^"]+)"', document)]
