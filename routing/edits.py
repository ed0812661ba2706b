"""What one edit of a draft changes, in words for the journal: whoever reads them was allowed the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from config import journal
from routing.differences import differences
from routing.document import Document, DocumentRefused, read
from routing.parts import own_part_of
from routing.tables import books

MOST_TOLD = 2000  # characters of one edit: the publication tells all of it


@dataclass(frozen=True, slots=True)
class Edit:
    """A draft written once more, or begun (`before` None) on the book of a number."""

    association: str | None  # None: the federation's
    based_on: int
    what: str  # the part of the rules, or the reason, in a few words
    before: str | None  # its text
    after: Document


def tell(connection: Connection, by: str, edit: Edit, communes: Mapping[str, str]) -> None:
    """One line in the transaction that keeps the edit; none where it changes nothing."""
    said = _in_words(connection, edit, communes)
    if said:
        subject = f"Brouillon fondé sur les règles n° {edit.based_on} : {edit.what}"
        chain = edit.association or journal.FEDERATION
        journal.append(connection, by, [journal.Change(chain, "draft_kept", subject, after=said)])


def _in_words(connection: Connection, edit: Edit, communes: Mapping[str, str]) -> str:
    """Of an association's draft its own part alone: the rest came with the book in force, by others."""
    text, slug = edit.before, edit.association
    if text is None:
        text = connection.scalar(sa.select(books.c.document).where(books.c.version == edit.based_on))
    try:
        was = read(text) if text else None
        before = own_part_of(was, edit.after, slug) if was and slug else was
    except DocumentRefused:
        before = None
    except KeyError:
        return f"« {slug} » n'est pas dans les deux textes."
    if before is None:
        return "Ce qu'il y avait avant n'est pas lisible."
    found = differences(before, edit.after, communes)
    said = "\n".join(one.said for one in found)
    return said if len(said) <= MOST_TOLD else f"{said[:MOST_TOLD]}… ({len(found)} changements en tout)"
