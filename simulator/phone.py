"""The telephone in the browser: calls rung by hand in real time, and what people do at every telephone."""

import json
import queue
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from simulator.clock import Act, Answered, HungUp, Key, Spoken, Unanswered
from simulator.exchange import Account
from simulator.numbers import as_caller
from simulator.people import Live
from simulator.switchboard import Switchboard

HEARTBEAT = 5.0  # seconds; also how soon a closed page is noticed
KEYS = frozenset("0123456789*#")
TICKET = re.compile(r"[\w-]{20,400}", re.ASCII)


def blueprint(board: Switchboard) -> Blueprint:
    """The page at `/`, and what it asks."""
    bp, phone = Blueprint("phone", __name__), Phone(board)
    bp.get("/")(phone.page)
    bp.post("/simulator/phone")(phone.ring)
    bp.post("/simulator/acts")(phone.act)
    bp.get("/simulator/feed")(phone.feed)
    bp.register_error_handler(ValueError, unreadable)
    return bp


class Phone:
    """The routes of the page."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def page(self) -> Response:
        return current_app.send_static_file("phone.html")

    def ring(self) -> Response:
        """{"from": "05 61 00 00 00"} -> {"call": sid}; every telephone of this call waits for the page.

        With {"rehearsal": "ticket.key"}, as a draft's page of the console gives it, the draft is rung.
        """
        told = json_body()
        exchange = self._board.exchange.variant(1.0, lambda _number: Live())
        if told.get("rehearsal"):
            exchange = replace(exchange, account=_rehearsal(exchange.account, str(told["rehearsal"])))
        player = self._board.ring_3624(exchange, as_caller(str(told.get("from", ""))), Live())
        self._board.start(player)
        return jsonify(call=player.call.sid)

    def act(self) -> Response:
        """{"leg", "act", …} -> {"done": whether that telephone is still in a call}."""
        told = json_body()
        return jsonify(done=self._board.act(str(told.get("leg", "")), _act(told)))

    def feed(self) -> Response:
        """Server-sent events: every entry of every call that is not quiet."""
        return Response(
            _events(self._board), mimetype="text/event-stream", headers={"Cache-Control": "no-store"}
        )


def _rehearsal(account: Account, given: str) -> Account:
    """The same service's rehearsals: another URL, signed with the key that came with the ticket."""
    ticket, _, key = given.partition(".")
    if not TICKET.fullmatch(ticket) or not TICKET.fullmatch(key):
        raise ValueError("rehearsal is a ticket and its key, joined by a dot")
    url = account.voice_url.removesuffix("/incoming") + f"/rehearsal?t={ticket}"
    return replace(account, token=key, voice_url=url, fallback_url="", status_url="")


def json_body() -> dict[str, Any]:
    """The request's object. Only JSON is taken, so that no other site's form reaches a telephone."""
    told = request.get_json(silent=True)
    if not isinstance(told, dict):
        raise ValueError("a JSON object is expected, sent as application/json")
    return told


def unreadable(error: Exception) -> tuple[Response, int]:
    """A request that says what nothing knows."""
    return jsonify(problem=str(error)), 400


def _act(told: dict[str, Any]) -> Act:
    """{"act": "key", "key": "1"}, {"act": "say", "text": …}, answer, refuse or hangup."""
    match told.get("act"):
        case "key" if told.get("key") in KEYS:
            return Key(str(told["key"]))
        case "say" if str(told.get("text", "")).strip():
            return Spoken(str(told["text"]).strip())
        case "answer":
            return Answered()
        case "refuse":
            return Unanswered("busy")
        case "hangup":
            return HungUp()
    raise ValueError("act is key (with key), say (with text), answer, refuse or hangup")


def _events(board: Switchboard) -> Iterator[str]:
    with board.watching() as feed:
        yield ": connected\n\n"
        while True:
            try:
                yield f"data: {json.dumps(feed.get(timeout=HEARTBEAT), ensure_ascii=False)}\n\n"
            except queue.Empty:
                yield ": still here\n\n"
