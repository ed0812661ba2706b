"""Putting a change in force: read the book, change it, compare and set; once more if somebody was quicker."""

from __future__ import annotations

from collections.abc import Callable

from console.office import Office
from routing import draft_publishing, drafts, publishing, store
from routing.document import Document
from routing.store import Superseded

TRIES = 3


class NotPublished(Exception):
    """Nothing was changed: the rules refuse it, as the message says in French, or, without one, others
    published again and again meanwhile, or there is no book."""


def publish(office: Office, change: Callable[[Document], Document | None], author: str, reason: str) -> int:
    """The new version. For a change that means the same whatever else was published: it is applied anew.

    `change` answers None when there is nothing to do any more: the version in force is returned.
    """
    for _ in range(TRIES):
        found = store.current(office.engine)
        if found is None:
            break
        version, document = found
        changed = change(document)
        if changed is None:
            return version
        try:
            made = publishing.publish(office.engine, office.terrain, changed, version, author, reason)
        except Superseded:
            continue
        except (publishing.Refused, publishing.SecondPersonNeeded) as refused:
            raise NotPublished(publishing.in_words(refused)) from None
        office.live_book.refresh()  # this process obeys at once, the others within a second
        return made
    raise NotPublished


def publish_draft(office: Office, draft_id: str) -> int:
    """The new version made of this draft, as it is kept. Raises `NotPublished`, its message saying why."""
    draft = drafts.find(office.engine, draft_id)
    if draft is None or draft.state is not drafts.DraftState.OPEN:
        raise NotPublished("Ce brouillon n'est plus ouvert.")
    try:
        made = draft_publishing.publish(office.engine, office.terrain, draft)
    except store.DraftChanged:
        raise NotPublished("Le brouillon a changé entre-temps : relisez-le.") from None
    except draft_publishing.REFUSALS as refused:
        raise NotPublished(draft_publishing.in_words(refused)) from None
    office.live_book.refresh()
    return made


def put_back(office: Office, slug: str, version: int, author: str, reason: str) -> int:
    """The new version with the association's own part as in an older one. Raises `NotPublished`."""
    try:
        made = draft_publishing.put_back_published(
            office.engine, office.terrain, slug, version, author, reason
        )
    except KeyError:
        raise NotPublished("Cette version ne connaît pas l'association.") from None
    except draft_publishing.REFUSALS as refused:
        raise NotPublished(draft_publishing.in_words(refused)) from None
    office.live_book.refresh()
    return made
