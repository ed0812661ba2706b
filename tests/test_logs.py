"""The logs are JSON, bear the call's id, and hold no phone number in clear."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.logs import bind_call, configure, masked
from config.settings import Settings

CANARIES = [
    "+33639980123",
    "0639980123",
    "06 39 98 01 23",
    "06.39.98.01.23",
    "33639980123",
    "0033639980123",
    "+262692000000",
]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    handlers, level = logging.root.handlers, logging.root.level
    yield
    logging.root.handlers, logging.root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line_with_its_call(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(settings)
    bind_call("CA" + "1" * 32)
    structlog.get_logger("voice").info("decided", outcome="connect", rulebook=7)
    (event,) = said(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "decided",
        "outcome": "connect",
        "rulebook": 7,
        "call_sid": "CA" + "1" * 32,
        "level": "info",
        "logger": "voice",
    }


def test_the_next_call_on_the_same_thread_forgets_the_one_before(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(settings)
    bind_call("CA1")
    structlog.contextvars.bind_contextvars(step=3)
    bind_call("CA2")
    structlog.get_logger().info("answered")
    (event,) = said(capsys)
    assert event["call_sid"] == "CA2"
    assert "step" not in event


@pytest.mark.parametrize("canary", CANARIES)
def test_no_way_of_logging_lets_a_number_through(
    canary: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(settings)
    log = structlog.get_logger()
    log.info(canary, target=f"sip:{canary}@desk.example", nested={"a": [canary, (canary,)]})
    logging.getLogger("twilio").warning("to %s", canary, extra={"more": {canary: 1}})
    try:
        raise ValueError(canary)
    except ValueError:
        log.exception("failed")
        logging.exception("failed")
    output = capsys.readouterr().out
    assert len(output.splitlines()) == 4
    assert canary not in output
    assert "…" in output


def test_what_a_caller_keyed_in_is_never_logged(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(settings)
    structlog.get_logger().info("pressed", digits="31500", From="anonymous", number=33639980123)
    (event,) = said(capsys)
    assert (event["digits"], event["From"], event["number"]) == ("…", "…", "…")


def test_percent_encoded_numbers_are_masked() -> None:
    assert masked("?From=%2B33639980123&x=1") == "?From=%2B…&x=1"


@pytest.mark.parametrize(
    "text",
    [
        "CA0123456789012345678901234567890a",
        "550e8400-e29b-41d4-a716-446655440000",
        "2026-11-22T03:41:05.061234Z",
        "commune 31555, book 412, 1763779265123",
        "rq:job:0f8fad5b-d9cb-469f-a165-70867728950e",
    ],
)
def test_ids_and_times_are_left_readable(text: str) -> None:
    assert masked(text) == text
