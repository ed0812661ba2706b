"""What an association's rule editors write on: its open draft, brought over onto the book in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from console.association.scene import Scene
from console.office import office, visitor
from routing import drafts, parts
from routing.differences import Difference, differences
from routing.document import Association, Document
from routing.draft_publishing import carried
from routing.drafts import Draft
from routing.parts import Clash, Trespass

MOST_REASON = 400  # characters


@dataclass(frozen=True, slots=True)
class Ground:
    """The text an editor shows and changes, and the stamp its form carries and brings back."""

    document: Document
    based_on: int  # the version it stands on
    draft: str | None  # id of the open draft; None while nothing is being changed
    slug: str
    refused: Clash | Trespass | None = None  # why it cannot be brought over onto the book in force
    kept: Document | None = None  # the draft's own text, as it was read

    @property
    def one(self) -> Association:
        """The association as this text has it."""
        return next(one for one in self.document.associations if one.slug == self.slug)

    @property
    def stamp(self) -> str:
        """Changes with every change of the association's own part, and with nobody else's."""
        return sha256(parts.text_of(self.document, self.slug).encode()).hexdigest()[:16]


class Moved(Exception):
    """Somebody changed the draft while this form was open: nothing was kept. Both changes, in words."""

    def __init__(self, theirs: tuple[Difference, ...], yours: tuple[Difference, ...]) -> None:
        super().__init__("Ce brouillon a changé entre-temps. Rien n'a été gardé de votre changement.")
        self.theirs, self.yours = theirs, yours


def ground(at: Scene) -> Ground:
    """The association's open draft over the book in force, else the book in force."""
    found = open_draft(at.slug)
    if found is None:
        return Ground(at.document, at.book.version, None, at.slug)
    return standing(at, found)


def standing(at: Scene, draft: Draft) -> Ground:
    """A draft over the book in force; as it was written where that cannot be."""
    try:
        made = carried(office().engine, draft, (at.book.version, at.document))
    except (Clash, Trespass) as refused:
        return Ground(draft.document, draft.based_on, draft.id, at.slug, refused, draft.document)
    return Ground(made.document, made.version, draft.id, at.slug, kept=draft.document)


def open_draft(slug: str) -> Draft | None:
    """The association's, if it has one."""
    return next((d for d in drafts.still_open(office().engine, slug) if _has(d.document, slug)), None)


def keep(at: Scene, stamp: str, change: Callable[[Document], Document], told: str) -> str:
    """Change the draft and keep it; its id. `told` says the change in a few French words, for its reason.

    `stamp` is the one of the `Ground` the form was shown from. Raises `Moved`; `Trespass` for a change of
    anything that is not the association's own.
    """
    here, now = office(), ground(at)
    changed = change(now.document)
    names = {commune.insee: commune.name for commune in here.places.all()}
    if stamp != now.stamp:
        raise _moved(at, now, changed, names)
    parts.carry(now.document, changed, now.document, at.slug)
    try:
        return drafts.save(
            here.engine,
            changed,
            now.based_on,
            visitor().person,
            _reason(now, told),
            association=at.slug,
            draft_id=now.draft,
            over=now.kept,
            told=told,
            communes=names,
        )
    except drafts.Overtaken:  # within the same moment
        later = ground(at)
        raise _moved(at, later, change(later.document), names) from None


def _moved(at: Scene, now: Ground, changed: Document, names: Mapping[str, str]) -> Moved:
    # Its own part alone: a draft that could not be brought over is older than what others published.
    drafted = parts.own_part_of(now.document, at.document, at.slug)
    return Moved(differences(at.document, drafted, names), differences(now.document, changed, names))


def with_association(document: Document, one: Association) -> Document:
    """The document with this association in the place of the one of its slug."""
    return parts.with_association(document, one)


def _reason(now: Ground, told: str) -> str:
    before = drafts.find(office().engine, now.draft) if now.draft else None
    said = before.reason.split(" ; ") if before and before.reason else []
    return " ; ".join(dict.fromkeys((*said, told)))[:MOST_REASON]


def _has(document: Document, slug: str) -> bool:
    return any(one.slug == slug for one in document.associations)
