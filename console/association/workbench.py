"""What an association's rule editors write on: its open draft, begun from the book in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from console.association.scene import Scene
from console.office import office, visitor
from routing import drafts
from routing.differences import Difference, differences
from routing.document import Association, Document


@dataclass(frozen=True, slots=True)
class Ground:
    """The text an editor shows and changes, and the stamp its form carries and brings back."""

    document: Document
    based_on: int  # the version it was begun from
    draft: str | None  # id of the open draft; None while nothing is being changed
    slug: str

    @property
    def one(self) -> Association:
        """The association as this text has it."""
        return next(one for one in self.document.associations if one.slug == self.slug)

    @property
    def stamp(self) -> str:
        """Changes with every change of the text."""
        return sha256(f"{self.based_on} {self.document.to_json()}".encode()).hexdigest()[:16]


class Moved(Exception):
    """Somebody changed the draft while this form was open: nothing was kept. Both changes, in words."""

    def __init__(self, theirs: tuple[Difference, ...], yours: tuple[Difference, ...]) -> None:
        super().__init__("Quelqu'un d'autre a changé ce brouillon entre-temps. Rien n'a été changé.")
        self.theirs, self.yours = theirs, yours


def ground(at: Scene) -> Ground:
    """The association's open draft, else the book in force."""
    found = next(
        (d for d in drafts.still_open(office().engine, at.slug) if _has(d.document, at.slug)),
        None,
    )
    if found is None:
        return Ground(at.document, at.book.version, None, at.slug)
    return Ground(found.document, found.based_on, found.id, at.slug)


def keep(at: Scene, stamp: str, change: Callable[[Document], Document], told: str) -> str:
    """Change the draft and keep it; its id. `told` says the change in a few French words, for its reason.

    `stamp` is the one of the `Ground` the form was shown from. Raises `Moved`.
    """
    here, now = office(), ground(at)
    changed = change(now.document)
    if stamp != now.stamp:
        raise Moved(differences(at.document, now.document), differences(now.document, changed))
    reason = _reason(now, told)
    return drafts.save(
        here.engine,
        changed,
        now.based_on,
        visitor().name,
        reason,
        association=at.slug,
        draft_id=now.draft,
    )


def with_association(document: Document, one: Association) -> Document:
    """The document with this association in the place of the one of its slug."""
    changed = tuple(one if other.slug == one.slug else other for other in document.associations)
    return document.model_copy(update={"associations": changed})


def _reason(now: Ground, told: str) -> str:
    before = drafts.find(office().engine, now.draft) if now.draft else None
    said = before.reason.split(" ; ") if before and before.reason else []
    return " ; ".join(dict.fromkeys((*said, told)))[:400]


def _has(document: Document, slug: str) -> bool:
    return any(one.slug == slug for one in document.associations)
