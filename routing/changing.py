"""A change that means the same whatever else was published: read the book, change it, compare and set."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from routing import publishing, store
from routing.document import Document
from routing.person import By
from routing.store import Superseded

TRIES = 3


class NotPublished(Exception):
    """Nothing was changed: the rules refuse it, as the message says in French, or, without one, others
    published again and again meanwhile, or there is no book."""


def put_in_force(
    engine: Engine,
    change: Callable[[Document], Document | None],
    author: By,
    reason: str,
) -> int:
    """The new version. Where somebody was quicker, the change is applied anew to what they published.

    `change` answers None when there is nothing to do any more: the version in force is returned.
    """
    for _ in range(TRIES):
        found = store.current(engine)
        if found is None:
            break
        version, document = found
        changed = change(document)
        if changed is None:
            return version
        try:
            return publishing.publish(engine, changed, version, author, reason)
        except Superseded:
            continue
        except (publishing.Refused, publishing.SecondPersonNeeded) as refused:
            raise NotPublished(publishing.in_words(refused)) from None
    raise NotPublished
