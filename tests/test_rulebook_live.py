"""The book each process holds: renewed within two seconds, never lost, whatever becomes of SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import Engine, create_engine

from routing import snapshot, store
from routing.book import BookSource, LiveBook
from routing.geography.places import Places
from routing.model import Need
from tests.books_on_file import document_on_file
from tests.conftest import until

GIRONDE, PLACES = document_on_file("gironde")


@pytest.fixture
def unreachable() -> Engine:
    """A database that is not there."""
    return create_engine("sqlite:////nonexistent/3624.sqlite3")


@pytest.fixture
def live(sqlite_engine: Engine, tmp_path: Path) -> Iterator[LiveBook]:
    store.publish(sqlite_engine, GIRONDE, 0, "ana", "")
    book = LiveBook(sqlite_engine, tmp_path / "books", PLACES, every=0.2).start()
    yield book
    book.stop()


def closed_for_visits(document_version: int) -> object:
    document = GIRONDE.model_dump(mode="json")
    document["associations"][0]["name"] = f"Bordeaux {document_version}"
    return type(GIRONDE).model_validate(document)


def test_a_publication_is_held_within_two_seconds(live: LiveBook, sqlite_engine: Engine) -> None:
    assert (live.current.version, live.state().source) == (1, BookSource.SQL)
    before = live.current
    store.publish(sqlite_engine, closed_for_visits(2), 1, "ana", "")
    until(lambda: live.current.version == 2, seconds=2)
    assert before.version == 1  # a call under way keeps the book it began with
    assert live.current.association("bordeaux").name == "Bordeaux 2"


def test_a_start_without_sql_takes_the_file(live: LiveBook, unreachable: Engine, tmp_path: Path) -> None:
    live.stop()
    other = LiveBook(unreachable, tmp_path / "books", PLACES).start()
    other.stop()
    assert (other.current.version, other.state().source) == (1, BookSource.FILE)
    assert other.state().problem == "OperationalError"
    assert other.current.service(Need.VISIT, "bordeaux") is not None


def test_a_start_with_sql_frozen_does_not_wait_for_it(live: LiveBook, tmp_path: Path) -> None:
    live.stop()
    thaw = Event()

    def frozen() -> sqlite3.Connection:
        thaw.wait(20)
        return sqlite3.connect(":memory:")

    began = monotonic()
    other = LiveBook(create_engine("sqlite://", creator=frozen), tmp_path / "books", PLACES).start(
        patience=0.3
    )
    took = monotonic() - began
    other.stop()
    thaw.set()
    assert (other.current.version, other.state().source) == (1, BookSource.FILE)
    assert took < 3


def test_a_start_with_nothing_at_all_rings_the_nation(unreachable: Engine, tmp_path: Path) -> None:
    book = LiveBook(unreachable, tmp_path / "none", PLACES).start()
    book.stop()
    assert (book.current.version, book.state().source) == (0, BookSource.LAST_RESORT)
    assert book.current.national.phone


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 50, None])
def test_a_damaged_file_is_passed_over_for_the_one_before(damage: bytes | None, tmp_path: Path) -> None:
    snapshot.save(tmp_path, 1, GIRONDE)
    newer = snapshot.save(tmp_path, 2, closed_for_visits(2))
    newer.write_bytes(newer.read_bytes()[:-20] if damage is None else damage)
    assert next(snapshot.load(tmp_path)) == (1, GIRONDE)


def test_two_files_are_kept_and_no_half_written_one(tmp_path: Path) -> None:
    for version in range(1, 6):
        snapshot.save(tmp_path, version, GIRONDE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rulebook-4.json", "rulebook-5.json"]
    assert [version for version, _ in snapshot.load(tmp_path)] == [5, 4]


def test_a_corrupt_row_leaves_the_book_in_hand(live: LiveBook, sqlite_engine: Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO rule_books (version, document, digest, author, reason, published_at) "
            "VALUES (2, '{', 'x', 'a', '', '2026-01-01')"
        )
    until(lambda: live.state().problem == "Corrupt", seconds=3)
    assert live.current.version == 1


def test_the_demonstration_compiles_for_the_whole_country(sqlite_engine: Engine, tmp_path: Path) -> None:
    store.ensure_demo(sqlite_engine)
    book = LiveBook(sqlite_engine, tmp_path, Places.load()).start(patience=20)
    book.stop()
    assert len(book.current.associations) == 61
    assert book.current.owners("31555") == {"toulouse"}
