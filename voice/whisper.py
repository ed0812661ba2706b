"""What the regulator hears before the patient, and the key that takes the call."""

from __future__ import annotations

from msgspec.structs import replace

from voice import prompts
from voice.call import Brief, Desk

TAKE, HEAR_NUMBER = "1", "2"
TRIES = 3


def opening(brief: Brief) -> tuple[str, ...]:
    """The sentences said when the desk picks up. Without an accept key the number is said at once,

    unless the line already shows it: a call that breaks must be possible to ring back.
    """
    texts = (prompts.whisper(brief),)
    if brief.accept_key:
        return (*texts, prompts.WHISPER_KEYS)
    return texts if brief.shown else (*texts, prompts.caller_number(brief.caller))


def pressed(brief: Brief, keys: str) -> tuple[str, ...] | bool:
    """True: bridge. False: this leg hangs up, the next desk rings. Sentences: ask again."""
    if keys == TAKE:
        return True
    if keys == HEAR_NUMBER:
        return (prompts.caller_number(brief.caller), prompts.WHISPER_KEYS)
    if brief.tries + 1 >= TRIES:
        return False
    return opening(replace(brief, tries=brief.tries + 1))


def desk(brief: Brief, to: str) -> Desk | None:
    """Which of the desks rung together picked up, by the number the carrier rang."""
    if len(brief.desks) == 1:
        return brief.desks[0]
    return next((one for one in brief.desks if one.phone == to), None)
