"""The carrier's words in ours: the last module of the call's path that knows its parameter names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from routing import numbers
from voice.call import Arrived, DialEnded, Event, Pressed, Said
from workers.callbacks.callback import Disposition

# Ways the carrier says that it has no number (facts: twilio §1.1); anything else unusable normalises to None.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_DIALLED = {
    "busy": Disposition.BUSY,
    "no-answer": Disposition.NO_ANSWER,
    "failed": Disposition.FAILED,
    "canceled": Disposition.CANCELED,
}
_KEYS = re.compile(r"[0-9*#]{0,64}")


def caller(fields: Mapping[str, str]) -> str | None:
    """The caller's number in E.164, None when withheld, foreign to the plan or malformed."""
    said = fields.get("From", "").strip()
    return None if said in _WITHHELD else numbers.normalise(said)


def event(fields: Mapping[str, str]) -> Event:
    """What a webhook of a call says. Total: what is not understood counts as silence."""
    if "DialCallStatus" in fields:
        return _dial_ended(fields)
    words = fields.get("SpeechResult", "").strip()
    if words and not fields.get("Digits"):
        return Said(words[:200], _number(fields.get("Confidence", "")))
    digits = fields.get("Digits", "")
    return Pressed(digits if _KEYS.fullmatch(digits) else "")


def arrived(fields: Mapping[str, str]) -> Arrived:
    """3624 rings."""
    return Arrived(caller(fields))


def is_over(fields: Mapping[str, str]) -> bool:
    """Whether the caller is gone: whatever we answer is moot."""
    return fields.get("CallStatus", "") in _OVER


def progress(fields: Mapping[str, str]) -> tuple[tuple[str, str | int | float | None], ...]:
    """A status webhook as the records keep it: status, rank of sending, seconds, instant, direction."""
    return (
        ("status", fields.get("CallStatus", "")),
        ("sequence", int(_number(fields.get("SequenceNumber", "")) or 0)),
        ("seconds", int(_number(fields.get("CallDuration", "")) or 0)),
        ("stamp", fields.get("Timestamp", "")),
        ("direction", fields.get("Direction", "")),
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the carrier asks the fallback: its error code, and the URL that failed."""

    code: str
    sealed: str  # the state in that URL; empty when it had none


def failure(fields: Mapping[str, str]) -> Failure:
    """What the fallback is told. Total."""
    try:
        query = parse_qs(urlsplit(fields.get("ErrorUrl", "")).query)
    except ValueError:
        query = {}
    code = fields.get("ErrorCode", "")
    return Failure(code if code.isdecimal() else "", query.get("s", [""])[0])


def _dial_ended(fields: Mapping[str, str]) -> DialEnded:
    """`completed` does not mean that a human answered: a desk that never pressed 1 was not bridged."""
    status = fields["DialCallStatus"]
    seconds = int(_number(fields.get("DialCallDuration", "")) or 0)
    bridged = fields.get("DialBridged", "").lower()
    if status == "answered" or (status == "completed" and (bridged == "true" or (not bridged and seconds))):
        return DialEnded(Disposition.ANSWERED, seconds)
    return DialEnded(_DIALLED.get(status, Disposition.NO_ANSWER), seconds)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
