"""The ticket to a draft's rehearsal: which draft, until when, and the key its requests are signed with."""

from __future__ import annotations

from config.sealing import Pseudonyms, Sealer, Unsealable

PATH = "/voice/rehearsal"
VALID = 2 * 3600  # seconds: a draft is tried the evening it is written


def ticket(keys: tuple[str, ...], draft_id: str, now: float) -> str:
    """URL-safe text that names a draft for two hours; `now` in seconds UTC."""
    return _sealer(keys).seal(f"{int(now) + VALID} {draft_id}".encode())


def draft_of(keys: tuple[str, ...], given: str, now: float) -> str | None:
    """The draft a ticket names; None when it is not ours, or too old."""
    try:
        until, _, draft_id = _sealer(keys).unseal(given).decode().partition(" ")
    except (Unsealable, UnicodeDecodeError):
        return None
    return draft_id if now < int(until) else None


def signing_key(keys: tuple[str, ...], given: str) -> str:
    """The key requests under this ticket are signed with: never the carrier's, another for each ticket."""
    return Pseudonyms(keys, "rehearsal").index(given)


def _sealer(keys: tuple[str, ...]) -> Sealer:
    return Sealer(keys, "rehearsal")
