"""What all pages of one association share: which it is, its clock, its closures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import abort

from console.french import PARIS
from console.office import Office, office
from routing.closures import in_force
from routing.compiled import RuleBook
from routing.document import Association, Closure, Document


@dataclass(frozen=True, slots=True)
class Scene:
    """One association at one instant, under one book."""

    one: Association
    book: RuleBook
    document: Document
    now: datetime
    zone: ZoneInfo
    closures: tuple[Closure, ...]

    @property
    def slug(self) -> str:
        """Its slug."""
        return self.one.slug

    @property
    def overseas(self) -> bool:
        """Whether its clocks and those of Paris do not say the same."""
        return self.now.astimezone(self.zone).utcoffset() != self.now.astimezone(PARIS).utcoffset()


def scene(slug: str, here: Office | None = None) -> Scene:
    """The scene of a page; 404 where the book in force does not know the association."""
    here = here or office()
    book, now = here.book, here.now()
    document = book.document
    found = next((a for a in document.associations if a.slug == slug), None) if document else None
    if found is None or document is None:
        abort(404)
    zone = ZoneInfo(found.time_zone)
    return Scene(found, book, document, now, zone, tuple(in_force(document, slug, now)))
