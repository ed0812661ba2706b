"""The service's own processes as the soak runs them: real code, short leases, a clock that can be stepped."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from config import logs
from config.settings import Settings
from config.stores import engine, voice_redis, worker_redis
from routing.geography.places import Places
from routing.model import Target
from voice import leg_webhooks
from voice.signature import Door
from workers import clock, jobs, queue
from workers.callbacks import failpoints
from workers.callbacks.assembly import Parts
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import Callback
from workers.callbacks.pool import Route
from workers.callbacks.timing import Timing
from workers.callbacks.vault import Vault
from workers.worker import run

TIMING = Timing(
    dialling=timedelta(seconds=1.5),
    settle=timedelta(seconds=1.5),
    placed=timedelta(seconds=4),
    ringing=timedelta(seconds=4),
    patient=timedelta(seconds=4),
    talk=timedelta(seconds=6),
    again=timedelta(seconds=0.5),
    carrier=timedelta(seconds=0.3),
    retries=(timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=2)),
)
DESK = Target(None, "national", "+33199000000", 25)
PER_SECOND = 200.0


def routes(callback: Callback, at: datetime) -> Route:
    """Everybody's doctors are the national pool's; one desk behind them."""
    del callback, at
    return Route((), (DESK,))


def noon(insee: str | None) -> tzinfo:
    """A zone where it is about noon, so that retries are within hours whenever the test runs."""
    del insee
    return timezone(timedelta(hours=12 - datetime.now(UTC).hour))


def stepped(settings: Settings, patience_ms: int = 5000) -> Engine:
    """The engine, its clock moved by what the file `clock` says, in seconds."""
    made = engine(settings, patience_ms=patience_ms)
    if made.dialect.name == "sqlite":
        offset = settings.var_dir / "clock"

        @event.listens_for(made, "connect")
        def replace_clock(connection: Any, _record: object) -> None:
            connection.create_function("strftime", 2, lambda _form, _what: _now(offset))
            # A killed process loses nothing the kernel has; only a power cut would, and none is made here.
            connection.execute("PRAGMA synchronous = OFF")

    return made


def _now(offset: Path) -> str:
    try:
        step = float(offset.read_text())
    except (OSError, ValueError):
        step = 0.0
    return (datetime.now(UTC) + timedelta(seconds=step)).isoformat(timespec="milliseconds")


def parts(settings: Settings) -> Parts:
    """What a process that dials holds."""
    return Parts.of(
        settings,
        stepped(settings),
        voice_redis(settings),
        routes,
        noon,
        timing=TIMING,
        per_second=PER_SECOND,
    )


def worker(env: dict[str, str]) -> None:
    """`python -m workers.worker`, with the soak's timing."""
    settings = _settings(env)
    jobs.wire(parts(settings).dialler.place_next)
    run(worker_redis(settings))


def ticking(env: dict[str, str]) -> None:
    """`python -m workers.clock`, with the soak's timing."""
    settings = _settings(env)
    redis, made = voice_redis(settings), parts(settings)
    ring = clock.bell_or_dial(made.dialler, queue.sweeping_bell(redis, every=1.0))
    clock.run(made.sweeper(ring).steps(), clock.stop_on_signals(), every=0.4)


def web() -> Flask:
    """The legs' webhooks under the real server."""
    settings = _settings(dict(os.environ))
    app = Flask(__name__, static_folder=None)
    door = Door(settings.public_url, settings.auth_tokens, settings.account_sid)
    sql = stepped(settings, leg_webhooks.PATIENCE_MS)
    attempts = Attempts(sql, Vault.of(settings.secret_keys), TIMING, noon)
    leg_webhooks.install(app, door, settings, Places.load(), attempts)
    return app


def _settings(env: dict[str, str]) -> Settings:
    failpoints.arm(env.get("FAILPOINT", ""))
    settings = Settings.from_env(env)
    logs.configure(settings)
    return settings
