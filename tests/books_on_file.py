"""Small rule books as TOML (`tests/books`), with the few communes they are about."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.document import Document
from routing.geography.places import Commune, Places, departement_of
from routing.model import Located, PlaceSource

BOOKS = Path(__file__).parent / "books"


def document_on_file(name: str, **changes: Any) -> tuple[Document, Places]:
    """The document and the communes of `tests/books/<name>.toml`; `changes` replace parts of the document."""
    written = tomllib.loads((BOOKS / f"{name}.toml").read_text())
    communes = [
        Commune(
            insee,
            it["name"],
            departement_of(insee),
            it["population"],
            it["lon"],
            it["lat"],
            tuple(it["postcodes"]),
        )
        for insee, it in written["places"].items()
    ]
    return Document.model_validate(written["book"] | changes), Places(communes)


def book_on_file(name: str, **changes: Any) -> RuleBook:
    """The same, compiled as version 7."""
    document, places = document_on_file(name, **changes)
    return compile_book(document, 7, places)


def at(commune: str) -> Located:
    """A patient in this commune, typed on the keypad."""
    return Located(commune, 1.0, PlaceSource.POSTCODE)
