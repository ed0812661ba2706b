"""What one edit of a draft changes, in words for the journal: whoever reads them was allowed the draft."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from routing.differences import differences
from routing.document import Document, DocumentRefused, read
from routing.parts import own_part_of
from routing.tables import books

MOST_TOLD = 2000  # characters of one edit: the publication tells all of it


def in_words(
    connection: Connection,
    before: str | None,
    after: Document,
    based_on: int,
    slug: str | None,
    communes: Mapping[str, str] | None,
) -> str:
    """From the text `before`, else from the book the draft is begun on; empty where nothing changes.

    Of an association's draft its own part alone: the rest came with the book in force, and is others' doing.
    """
    if before is None:
        before = connection.scalar(sa.select(books.c.document).where(books.c.version == based_on))
    try:
        was = read(before) if before else None
    except DocumentRefused:
        was = None
    if was is None:
        return "Ce qu'il y avait avant n'est pas lisible."
    try:
        found = differences(own_part_of(was, after, slug) if slug else was, after, communes)
    except KeyError:
        return f"« {slug} » n'est pas dans les deux textes."
    said = "\n".join(one.said for one in found)
    return said if len(said) <= MOST_TOLD else f"{said[:MOST_TOLD]}… ({len(found)} changements en tout)"
