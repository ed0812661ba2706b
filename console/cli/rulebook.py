"""The rule book the command line judges by: the one in force, else the file, else the demonstration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from errno import ENAMETOOLONG
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import migrate, stores
from config.settings import LOOPBACK, Settings
from console.cli.refusal import Refused
from routing import drafts, snapshot, store
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.demo import demo_document
from routing.document import FIRST_YEAR, LAST_YEAR, Document, DocumentRefused, read
from routing.geography.places import Places

PARIS = ZoneInfo("Europe/Paris")
LAST_VERSION = 2**31 - 1  # SQL's integers
VERSION = click.IntRange(1, LAST_VERSION)
MOST_TOLD = 50  # faults of a file: whoever wrote more mends these first
DEMONSTRATION = 1  # the number under which a first release publishes it


def book_in_force(settings: Settings, places: Places) -> RuleBook:
    """Return the compiled book in force."""
    version, document = document_in_force(settings)
    return compile_book(document, version, places)


def document_in_force(settings: Settings) -> tuple[int, Document]:
    """Return the number and document in force; before any release, what a first release would publish.

    With the database out of reach it is the file voice keeps, and a line on standard error says so.
    """
    try:
        with database(settings) as engine:
            found = store.current(engine) if engine else None
    except SQLAlchemyError as fault:
        found = next(snapshot.load(settings.var_dir / "rulebook"), None)
        held = f"règles n° {found[0]} du fichier" if found else "aucune règle gardée en fichier"
        click.echo(f"La base ne répond pas ({type(fault).__name__}) : {held}.", err=True)
    if found is None and not demonstrates(settings):
        raise click.ClickException(
            "Aucun jeu de règles n'est publié : lancez sos3624 release, puis publiez-en un."
        )
    return found or (DEMONSTRATION, demo_document())


def newest(settings: Settings) -> tuple[int, datetime] | None:
    """Return the number of the book in force and when it was published. Raises `SQLAlchemyError`."""
    with database(settings) as engine:
        published = store.history(engine, limit=1) if engine else ()
    return (published[0].version, published[0].published_at) if published else None


def demonstrates(settings: Settings) -> bool:
    """Whether the demonstration's fictional numbers may be rung: never through a real carrier."""
    return urlsplit(settings.carrier_url).hostname in LOOPBACK


@contextmanager
def database(settings: Settings) -> Iterator[Engine | None]:
    """Yield an engine, None where nothing was ever released: asking must not leave an empty file behind."""
    engine = stores.engine(settings)
    try:
        unborn = engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists()
        yield engine if not unborn and migrate.released(engine) else None
    finally:
        engine.dispose()


def document_of(what: str | None) -> Document:
    """A file, a draft's id, a version's number, or nothing for the book in force."""
    if what is None:
        return document_in_force(Settings.of_process())[1]
    if (written := _file(what)) is not None:
        try:
            return read(written)
        except DocumentRefused as refused:
            told, more = refused.problems[:MOST_TOLD], len(refused.problems) - MOST_TOLD
            fail("\n".join((*told, *([f"… et {more} autres fautes."] if more > 0 else []))))
    with opened() as engine:
        numbered = what.isdecimal() and int(what) <= LAST_VERSION
        found = store.version(engine, int(what)) if numbered else _of_draft(engine, what)
    if found is None:
        raise Refused(f"« {what} » n'est ni un fichier, ni un brouillon, ni une version publiée")
    return found


def instant(at: str) -> datetime:
    """As it is typed; without an offset, on the clock of Paris."""
    try:
        said = datetime.fromisoformat(at)
    except ValueError:
        said = None
    if said is None or not FIRST_YEAR <= said.year <= LAST_YEAR:
        raise Refused(f"instant inconnu « {at} » ; attendu : 2026-12-25T03:00")
    return said if said.tzinfo else said.replace(tzinfo=PARIS)


def _file(what: str) -> bytes | None:
    try:
        return path.read_bytes() if (path := Path(what)).is_file() else None
    except OSError as fault:
        if fault.errno == ENAMETOOLONG:
            return None
        raise Refused(f"« {what} » ne se lit pas : {fault.strerror}") from None


def _of_draft(engine: Engine, name: str) -> Document | None:
    draft = drafts.find(engine, name)
    return draft.document if draft is not None else None


@contextmanager
def opened() -> Iterator[Engine]:
    """The database; ends the command where nothing was ever released."""
    with database(Settings.of_process()) as engine:
        if engine is None:
            fail("La base n'a encore rien reçu : lancez sos3624 release.")
        yield engine


def said(_ctx: click.Context, option: click.Parameter, value: str) -> str:
    """Whoever signs has a name, and a reason has words: they stay in the journal."""
    if not value.strip():
        raise Refused(f"{option.opts[0]} ne peut pas être vide")
    return value.strip()


def fail(words: str) -> NoReturn:
    """End the command: these words, exit 1."""
    click.echo(words, err=True)
    sys.exit(1)
