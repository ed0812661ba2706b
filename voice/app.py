"""The voice application: what every process of it holds, made once, and the routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from config import logs
from config.patience import Breaker
from config.sealing import Pseudonyms, Sealer
from config.settings import Settings
from config.stores import engine, voice_redis
from routing.book import LiveBook
from routing.geography import names
from routing.geography.landlines import Landlines
from routing.geography.places import Places
from voice import audio, closing_webhooks, health, leg_webhooks, prompts, rehearsal, twiml, webhooks
from voice.background import every
from voice.effects import Effects
from voice.line import Line, Links
from voice.signature import Door
from voice.world import Map, Surroundings
from workers import queue
from workers.beats import Beats
from workers.callbacks.awaited import Awaited
from workers.callbacks.booking import Bookings
from workers.callbacks.vault import Vault
from workers.records.events import EventLog
from workers.records.load import LiveLoad
from workers.records.meters import Meters
from workers.records.spool import Spool

PATIENCE_MS = 200  # the longest a caller waits for SQL; then the spool, or knowing less
DRAIN_EVERY = 0.05  # seconds: the live picture's lag
LOAD_EVERY = 0.2
AWAITED_EVERY = 1.0
METERS_EVERY = 5.0
RECORDINGS_EVERY = 1.0


def now() -> datetime:
    """The service's clock."""
    return datetime.now(UTC)


def from_environment() -> Flask:
    """What the web server loads."""
    settings = Settings.of_process()
    logs.configure(settings)
    app = create_app(settings)
    told: health.Health = app.extensions["health"]
    Beats(told.redis, told.sql, "web").keep(told.beat)
    return app


def create_app(settings: Settings, clock: Callable[[], datetime] = now) -> Flask:
    """An application for these settings; `clock` gives aware instants."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    places = Places.load()
    names.prepare(places)
    sql = engine(settings, patience_ms=PATIENCE_MS)
    redis = voice_redis(settings)
    breaker = Breaker()
    book = LiveBook(engine(settings), settings.var_dir / "rulebook", places).start()
    log = EventLog(redis, breaker, Spool(settings.var_dir / "events", "events"))
    load = LiveLoad(redis, breaker, lambda: book.current, clock)
    bookings = Bookings.of(settings, sql, queue.bell(redis))
    awaited = Awaited(sql, Vault.of(settings.secret_keys), bookings.sql)
    map_ = Map(places, Landlines.load())
    shelf = audio.Shelf(settings.var_dir / "audio", engine(settings), settings.public_url)
    surroundings = Surroundings(book, map_, load, shelf.url)
    app.extensions["line"] = _line(
        settings, surroundings, Effects(bookings, places, awaited), log, book, clock
    )
    door = Door(settings.public_url, settings.auth_tokens, settings.account_sid)
    webhooks.install(app, door)
    leg_webhooks.install(app, door, settings, places, clock=clock)
    _staff_lines(app, door, settings, book, map_, shelf, clock)
    app.extensions["health"] = health.Health(
        settings, sql, redis, breaker, book, log, Meters(settings.var_dir / "metrics", "web")
    )
    app.register_blueprint(health.bp)
    audio.install(app, shelf)
    app.extensions["background"] = (
        every(DRAIN_EVERY, log.drain, "events_drain"),
        every(LOAD_EVERY, load.refresh, "load"),
        every(AWAITED_EVERY, awaited.refresh, "awaited"),
        every(RECORDINGS_EVERY, lambda: shelf.follow(book.current), "recordings"),
        every(METERS_EVERY, app.extensions["health"].leave_figures, "meters"),
    )
    return app


def _line(
    settings: Settings,
    surroundings: Surroundings,
    effects: Effects,
    log: EventLog,
    book: LiveBook,
    clock: Callable[[], datetime],
) -> Line:
    sealer = Sealer(settings.secret_keys, "call state")
    national = book.current.national.phone
    return Line(
        surroundings=surroundings,
        effects=effects,
        log=log,
        sealer=sealer,
        keys=settings.secret_keys,
        pseudonyms=Pseudonyms(settings.secret_keys),
        links=Links(settings.public_url, sealer),
        caller_id=settings.caller_id,
        simulated=settings.simulated,
        last_resort=twiml.last_resort(prompts.FAULT, national, prompts.LAST_RESORT, settings.caller_id),
        clock=clock,
    )


def _staff_lines(
    app: Flask,
    door: Door,
    settings: Settings,
    book: LiveBook,
    map_: Map,
    shelf: audio.Shelf,
    clock: Callable[[], datetime],
) -> None:
    """The lines no patient rings: an association closes itself, a manager tries a draft."""
    closing_webhooks.install(app, door, settings, book, clock)
    rehearsal.install(app, settings, engine(settings), book, map_, shelf, clock)


def close(app: Flask) -> None:
    """End what the application does beside its calls; a process that ends does it by ending."""
    for work in app.extensions["background"]:
        work.set()
    app.extensions["health"].book.stop()
    app.extensions["line"].log.close()
