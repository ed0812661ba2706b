"""The live rule book of one process: always there, never waited for, renewed in the background."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from sqlalchemy import Engine

from routing import snapshot, static_fallback, store
from routing.compile import LAST_RESORT, compile_book
from routing.compiled import RuleBook
from routing.coverage import Gazetteer, Terrain
from routing.document import Document

log = structlog.get_logger()


class BookSource(StrEnum):
    """Where the book in hand came from."""

    SQL = "sql"
    FILE = "file"
    LAST_RESORT = "last_resort"


@dataclass(frozen=True, slots=True)
class BookState:
    """For readiness: what is held, and for how many seconds it has not been confirmed."""

    version: int
    source: BookSource
    unconfirmed_seconds: float
    problem: str | None  # the fault's class while SQL cannot be read


class LiveBook:
    """Holds `current`, which never blocks and is never missing.

    `start` looks in SQL for `patience` seconds, then in the files of `folder`, then takes the national desk
    alone. Afterwards a daemon thread asks for the version's number every `every` seconds.
    """

    def __init__(
        self, engine: Engine, folder: Path, places: Gazetteer | Terrain, *, every: float = 0.3
    ) -> None:
        self.current = RuleBook(version=0, national=LAST_RESORT, teleconsultation=(LAST_RESORT,))
        self._engine, self._folder, self._places, self._every = engine, folder, places, every
        self._source = BookSource.LAST_RESORT
        self._confirmed = monotonic()
        self._problem: str | None = None
        self._first_look, self._stopped = Event(), Event()
        self._changing, self._renewing = Lock(), Lock()

    def start(self, patience: float = 3.0) -> LiveBook:
        """Begin to follow SQL; returns with the best book to be had within `patience` seconds."""
        Thread(target=self._follow, name="rule-book", daemon=True).start()
        self._first_look.wait(patience)
        if self._source is BookSource.LAST_RESORT:
            self._take_file()
        return self

    def stop(self) -> None:
        """Let the thread end at its next turn."""
        self._stopped.set()

    def state(self) -> BookState:
        """What is held now."""
        return BookState(self.current.version, self._source, monotonic() - self._confirmed, self._problem)

    def refresh(self) -> None:
        """Take what SQL has in force, if it differs; a fault leaves everything as it was."""
        try:
            with self._renewing:  # or one that has read before the other would put the older book back
                self._renew()
        except Exception as fault:  # whatever is wrong with SQL or the row, the book in hand goes on
            problem = type(fault).__name__
            if problem != self._problem:
                log.warning("rule_book_not_renewed", fault=problem, version=self.current.version)
            self._problem = problem
        else:
            self._problem, self._confirmed = None, monotonic()

    def _renew(self) -> None:
        in_force = store.current_version(self._engine)
        if in_force and (in_force != self.current.version or self._source is not BookSource.SQL):
            found = store.current(self._engine)
            if found is not None:
                self._take(*found, BookSource.SQL)
                self._keep(*found)

    def _follow(self) -> None:
        while not self._stopped.is_set():
            self.refresh()
            self._first_look.set()
            self._stopped.wait(self._every)

    def _take(self, version: int, document: Document, source: BookSource) -> None:
        book = compile_book(document, version, self._places, self.current)
        with self._changing:
            if source is BookSource.FILE and self._source is BookSource.SQL:
                return  # SQL came in after all
            self.current, self._source = book, source
        log.info("rule_book_taken", version=version, source=source)

    def _keep(self, version: int, document: Document) -> None:
        try:
            snapshot.save(self._folder, version, document)
            static_fallback.write(self._folder, self.current)
        except OSError as fault:  # a full disk must not cost the new book
            log.error("rule_book_not_kept", fault=type(fault).__name__, version=version)

    def _take_file(self) -> None:
        for version, document in snapshot.load(self._folder):
            self._take(version, document, BookSource.FILE)
            return
