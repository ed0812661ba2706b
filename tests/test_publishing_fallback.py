"""The file hosted with the carrier rings the national desk of the book in force, and tells its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from routing import static_fallback, store
from routing.book import LiveBook
from routing.compile import compile_book
from routing.document import Document
from simulator.grammar import read
from tests.books_on_file import document_on_file
from tests.conftest import until

GIRONDE, PLACES = document_on_file("gironde")


def ringing(number: str) -> Document:
    written = GIRONDE.model_dump(mode="json")
    written["regulators"][0]["phones"][0]["number"] = number
    return Document.model_validate(written)


@pytest.mark.parametrize("number", ["+33199000001", "sip:secours@regulation.example.fr"])
def test_the_carrier_would_play_it_and_ring_the_national_desk(number: str) -> None:
    body = static_fallback.twiml(compile_book(ringing(number), 41, PLACES)).encode()
    document = read(body, "text/xml")
    assert [verb.tag for verb in document] == ["Say", "Dial", "Say", "Dial", "Say", "Hangup"]
    assert [desk.text for desk in document.findall("Dial/*")] == [number, number]
    assert all("15" in (said.text or "") for said in document.findall("Say"))


def test_each_publication_writes_it_anew(sqlite_engine: Engine, tmp_path: Path) -> None:
    store.publish(sqlite_engine, GIRONDE, 0, "ana", "")
    live = LiveBook(sqlite_engine, tmp_path / "books", PLACES, every=0.1).start()
    until(lambda: static_fallback.written(tmp_path / "books") is not None, seconds=3)
    store.publish(sqlite_engine, ringing("+33199000009"), 1, "ana", "")
    until(lambda: _version(tmp_path / "books") == 2, seconds=3)
    live.stop()
    found = static_fallback.written(tmp_path / "books")
    assert found is not None
    assert found.rings == "+33199000009"
    assert datetime.now(UTC) - found.at < timedelta(seconds=30)


@pytest.mark.parametrize("text", ["", "<Response/>", "<Response>", "<!-- 3624, version x --><Response/>"])
def test_what_is_not_ours_is_told_as_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / static_fallback.NAME).write_text(text)
    assert static_fallback.written(tmp_path) is None


def _version(folder: Path) -> int:
    found = static_fallback.written(folder)
    return found.version if found else 0
