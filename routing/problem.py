"""One fault of a rule book, in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, how grave, whom it touches, when first, and which rule to change."""

    kind: str
    blocking: bool
    message: str  # French, one sentence
    commune: str | None = None  # INSEE code of the most inhabited one touched
    inhabitants: int | None = None
    first_minute: datetime | None = None  # aware, UTC
    rule: str | None = None  # a path in the document
