"""The rule book the command line judges by: the one in force, else the file, else the demonstration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import migrate, stores
from config.settings import LOOPBACK, Settings
from routing import snapshot, store
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places

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
