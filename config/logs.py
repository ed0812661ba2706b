"""JSON logs, one line an event, the call's id bound, and no phone number or pressed digit in clear."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from config.settings import Settings

MASK = "…"
# What these fields hold is personal by its nature, whatever it looks like.
PERSONAL = frozenset(
    {"from", "to", "caller", "called", "phone", "number", "digits", "patient", "postcode", "speech"}
)
# French and international spellings, also percent-encoded; hexadecimal ids (calls, tokens) are left alone.
PHONE = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=%2[Bb]))"
    r"(?:\+\d(?:[ .-]?\d){7,14}|00[1-9]\d{7,13}|0[1-9](?:[ .-]?\d\d){4}"
    r"|33[1-9]\d{8}|(?:262|590|594|596)\d{9}|(?:508|687|689)\d{6})"
    r"(?![0-9A-Za-z])"
)


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's events to standard output as masked JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        mask_phones,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Once more at the very end: nothing that was added on the way may slip through.
                mask_phones,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=_in_text),
            ],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(settings.log_level.upper())
    # It tells every request's address, headers and answer.
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


def bind_call(sid: str) -> None:
    """Bind the call's id to every event this thread logs, forgetting the call before."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(call_sid=sid)


def mask_phones(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every value that is, or contains, what looks like a phone number (a structlog processor)."""
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = _masked(name, value)
    return event


def masked(text: str) -> str:
    """Return the text with everything that looks like a phone number replaced by « … »."""
    return PHONE.sub(MASK, text)


def _masked(name: str, value: object) -> object:
    if name.lower() in PERSONAL and value not in (None, ""):
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(key)): _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return MASK if PHONE.fullmatch(str(value)) else value
    return masked(str(value))


def _in_text(value: object) -> str:
    return masked(str(value))
