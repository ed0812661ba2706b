"""What programs ask of the simulator: a call from the terminal, faults and lines, who was rung and when."""

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, stream_with_context

from simulator import calls
from simulator.faults import Fault, Faults
from simulator.messages import Messages
from simulator.numbers import WITHHELD, as_caller
from simulator.people import Caller, Line
from simulator.phone import json_body, unreadable
from simulator.player import Player
from simulator.switchboard import Feed, Switchboard


def blueprint(board: Switchboard, faults: Faults, messages: Messages) -> Blueprint:
    """The routes under /simulator/ that take and give JSON."""
    bp, controls = Blueprint("controls", __name__, url_prefix="/simulator"), Controls(board, faults, messages)
    bp.post("/calls")(controls.ring)
    bp.get("/calls")(controls.calls)
    bp.get("/calls/<sid>")(controls.call)
    bp.post("/faults")(controls.set_faults)
    bp.post("/lines")(controls.set_lines)
    bp.get("/messages")(controls.sent)
    bp.register_error_handler(ValueError, unreadable)
    return bp


class Controls:
    """The routes."""

    def __init__(self, board: Switchboard, faults: Faults, messages: Messages) -> None:
        self._board, self._faults, self._messages = board, faults, messages

    def ring(self) -> Response:
        """Plays a call (see `_ordered`) and streams its transcript, a line of JSON an entry."""
        player = _ordered(self._board, json_body())
        return Response(stream_with_context(_lines(player)), mimetype="application/x-ndjson")

    def calls(self) -> Response:
        return jsonify(calls=[summary(player) for player in list(self._board.players.values())])

    def call(self, sid: str) -> tuple[Response, int] | Response:
        player = self._board.players.get(sid)
        if player is None:
            return jsonify(problem="no such call"), 404
        return jsonify(
            summary(player) | {"entries": [entry.as_json() for entry in player.transcript.entries]}
        )

    def set_faults(self) -> Response:
        """{"faults": [{"kind": "429", "share": 0.3}, …]} takes the place of those in force."""
        wanted = [Fault.of(one) for one in json_body().get("faults", [])]
        self._faults.set(wanted)
        return jsonify(faults=len(wanted))

    def set_lines(self) -> Response:
        """{"+33…": "busy", …}: how these telephones behave from now on."""
        self._board.exchange.set_lines(json_body())
        return jsonify(lines=len(self._board.exchange.lines))

    def sent(self) -> Response:
        return jsonify(messages=self._messages.sent)


def summary(player: Player) -> dict[str, object]:
    """Who rang whom, and what became of it. `rung` lists {number, at} in order, in seconds."""
    leg = player.call
    return {
        "sid": leg.sid,
        "from": leg.from_number,
        "to": leg.to_number,
        "direction": leg.direction,
        "status": leg.status,
        "created": leg.created.isoformat(),
        "seconds": leg.seconds(),
        "bridged": player.bridged.to_number if player.bridged else None,
        "prompt_seconds": round(player.prompt_seconds, 2),
        "rung": [
            {"number": number, "at": entry.at}
            for entry in player.transcript.of("dial")
            for number in _numbers(entry.data.get("numbers"))
        ],
    }


def _numbers(given: object) -> list[str]:
    return [str(one) for one in given] if isinstance(given, list) else []


def _ordered(board: Switchboard, told: dict[str, Any]) -> Player:
    """{"from", "keys", "say", "lines", "clock": "virtual"|"real"} as a call ready to be played."""
    if told.get("clock", "virtual") not in ("virtual", "real"):
        raise ValueError("clock is virtual or real")
    speed = 1.0 if told.get("clock") == "real" else None
    lines = {str(number): Line.of(line) for number, line in told.get("lines", {}).items()}
    caller = Caller(_listed(told, "keys"), _listed(told, "say"))
    exchange = board.exchange.variant(speed, None, **lines)
    return board.ring_3624(exchange, as_caller(str(told.get("from", WITHHELD))), caller, quiet=True)


def _listed(told: dict[str, Any], name: str) -> list[str]:
    given = told.get(name, [])
    if not isinstance(given, list):
        raise ValueError(f"{name} is a list, one entry a question")
    return [str(one) for one in given]


def _lines(player: Player) -> Iterator[str]:
    """Each entry as it is written, then one of kind `end` with the summary."""
    feed: Feed = queue.SimpleQueue()
    player.transcript.listeners.append(lambda entry: feed.put(entry.as_json()))

    def play() -> None:
        try:
            calls.play(player)
        finally:
            words = f"Appel terminé après {player.call.seconds()} s."
            feed.put({"kind": "end", "at": round(player.stage.now(), 2), "text": words} | summary(player))

    threading.Thread(target=play, daemon=True).start()
    while True:
        told = feed.get()
        yield json.dumps(told, ensure_ascii=False) + "\n"
        if told["kind"] == "end":
            return
