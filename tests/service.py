"""A whole voice service on a port of its own, and the stand-in's account that rings it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from werkzeug.serving import make_server

from config.settings import Settings
from simulator.exchange import Account
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, until
from tests.player import ServiceClock
from voice.app import close, create_app

TUESDAY = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)  # for a call that does not care


@dataclass(frozen=True)
class Service:
    """The voice webhooks, listening."""

    settings: Settings
    app: Flask
    clock: ServiceClock
    account: Account


def until_ruled(app: Flask) -> None:
    """Wait until it follows the published rules; on a slow machine it may answer before, by what it knew."""
    until(lambda: bool(app.extensions["health"].book.current.version), 30)


@contextmanager
def running(env: Mapping[str, str]) -> Iterator[Service]:
    """The voice application over real HTTP; its stores may be dead, that is what some tests are about."""
    settings = Settings.from_env(env)
    clock = ServiceClock(TUESDAY)
    app = create_app(settings, clock)
    server = make_server("127.0.0.1", settings.port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = settings.public_url
    steps = (url + "/voice/incoming", url + "/voice/fallback", url + "/voice/status")
    yield Service(
        settings, app, clock, Account(ACCOUNT_SID, AUTH_TOKEN, *steps, owned=frozenset({settings.caller_id}))
    )
    server.shutdown()
    server.server_close()
    thread.join()
    close(app)
