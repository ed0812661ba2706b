"""What a console prepares, so that no page waits: its templates, and the maps and coverage of the book."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.exc import SQLAlchemyError

from config.stores import reading
from console import chronicle, maps, periods
from console.chronicle import Names
from console.federation.coverage import COVERED, coverage, midnight
from console.office import Office
from console.periods import Kind
from routing.compiled import RuleBook
from routing.geography import names
from routing.model import Need
from workers.records import paris

EVERY = 0.3  # seconds between two looks whether the book or the day is another
log = structlog.get_logger(__name__)


def prepare(app: Flask) -> None:
    """Before the first request: compiled templates and drawings lie in VAR_DIR since the last start."""
    here: Office = app.extensions["office"]
    _compile(app, here.settings.var_dir / "templates")
    maps.drawings.folder = here.settings.var_dir / "maps"
    maps.outlines().nearby()
    names.prepare(here.places)
    _draw(here, here.book, here.now())
    _tell(here, here.now())
    threading.Thread(target=_follow, args=(here,), name="maps", daemon=True).start()


def _compile(app: Flask, folder: Path) -> None:
    """A full disk costs time, not the console."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
        for name in app.jinja_env.list_templates(extensions=["html"]):
            app.jinja_env.get_template(name)
    except OSError as fault:
        app.jinja_env.bytecode_cache = None
        log.warning("templates_not_kept", fault=type(fault).__name__)


def _follow(here: Office) -> None:
    """Draw each new book and day beside the requests."""
    drawn = here.book.version, midnight(here.now())
    waiting = threading.Event()
    while not waiting.wait(EVERY):
        book, now = here.book, here.now()
        if (book.version, midnight(now)) != drawn:
            _draw(here, book, now)
            drawn = book.version, midnight(now)


def _draw(here: Office, book: RuleBook, now: datetime) -> None:
    if not book.version:
        return
    try:
        day = midnight(now)
        maps.areas(book, Need.VISIT, day)
        for need in COVERED:
            coverage(book, here.places, need, day)
    except Exception as fault:  # the page itself will say so; the console must start
        log.error("map_not_drawn", fault=type(fault).__name__)


def _tell(here: Office, now: datetime) -> None:
    """A year's story, so that its statements are put together and the holidays of both years known."""
    year = periods.asked({"periode": Kind.YEAR}, now.astimezone(paris.ZONE).date())
    with suppress(SQLAlchemyError), reading(here.engine).begin() as connection:
        chronicle.story(connection, year, None, "association", Names({}, here.places), now)
