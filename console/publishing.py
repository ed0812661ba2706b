"""Putting a change in force from a page: this process obeys at once."""

from __future__ import annotations

from collections.abc import Callable

from console.office import Office
from routing import draft_publishing, drafts, store
from routing.changing import NotPublished, put_in_force
from routing.document import Document
from routing.person import By


def publish(office: Office, change: Callable[[Document], Document | None], author: By, reason: str) -> int:
    """The new version, in force in this process at once and in the others within a second.

    Raises `NotPublished`; `change` is as `routing.changing.put_in_force` wants it.
    """
    made = put_in_force(office.engine, change, author, reason)
    office.live_book.refresh()
    return made


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


def put_back(office: Office, slug: str, version: int, author: By, reason: str) -> int:
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
