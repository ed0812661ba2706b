"""Places calls: someone rings 3624, or our service has a number rung through the REST API."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.clock import Answered, Unanswered
from simulator.exchange import Exchange
from simulator.legs import Leg
from simulator.people import Person
from simulator.player import Ended, Gone, Player, Request, Sent
from simulator.transcript import Entry, Transcript
from simulator.verbs import VERBS

WITHHELD = "anonymous"


@dataclass(frozen=True, slots=True)
class Order:
    """What `POST Calls.json` asked for. Either `url` or `twiml`; `timeout` in seconds."""

    to_number: str
    from_number: str
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    status_url: str = ""
    status_method: str = "POST"
    status_events: frozenset[str] = frozenset({"completed"})
    timeout: float = 60.0
    machine_detection: str = ""


Watch = Callable[[Entry], None]


def incoming(exchange: Exchange, from_number: str, person: Person, watch: Watch | None = None) -> Player:
    """A call to 3624, ready to `play`. `from_number` as Twilio sends it: E.164, "anonymous", sip:, empty."""
    account = exchange.account
    leg = Leg(
        exchange.sid("CA"), account.sid, from_number, account.number, "inbound", person, exchange.stage(),
        status="ringing", fallback_url=account.fallback_url, status_url=account.status_url,
    )  # fmt: skip
    return _player(exchange, leg, watch)


def play(player: Player) -> Player:
    """The whole of an incoming call; returns when it has ended."""
    leg = player.call
    shown = leg.from_number or "sans numéro"
    player.transcript.add("ring", f"Appel de {shown} vers le 3624.", leg=leg.sid, number=leg.from_number)
    player.run(Request(player.exchange.account.voice_url))
    return player


def outgoing(exchange: Exchange, order: Order, watch: Watch | None = None) -> Player:
    """A call ordered through the REST API, queued and ready to `ring`."""
    leg = Leg(
        exchange.sid("CA"), exchange.account.sid, order.from_number, order.to_number, "outbound-api",
        exchange.person_at(order.to_number), exchange.stage(), fallback_url=order.fallback_url,
        status_url=order.status_url, status_method=order.status_method, status_events=order.status_events,
        machine_detection=order.machine_detection,
    )  # fmt: skip
    return _player(exchange, leg, watch)


def ring(player: Player, order: Order) -> Player:
    """The whole of an ordered call. A call canceled while queued is never rung and sends no event at all."""
    leg = player.call
    if not leg.live:
        return player
    leg.status = "ringing"
    for event in ("initiated", "ringing"):
        player.tell(leg, event, leg.status_url, leg.status_method, leg.status_events)
    player.transcript.add(
        "dial", f"Le service appelle {leg.to_number}", numbers=[leg.to_number], legs=[leg.sid],
        shown=leg.from_number, timeout=order.timeout, prompt_seconds=0.0,
    )  # fmt: skip
    for delay, act in leg.person.rung():
        player.stage.plan(delay, leg.sid, act)
    status = _picked_up(player, order)
    if status == "in-progress":
        player.tell(leg, "answered", leg.status_url, leg.status_method, leg.status_events)
        player.run(Request(order.url, order.method, twiml=order.twiml))
        return player
    leg.end(status)
    player.transcript.add(
        status, f"Sans suite ({status}) : {leg.to_number}", leg=leg.sid, number=leg.to_number
    )
    player.tell(leg, "completed", leg.status_url, leg.status_method, leg.status_events)
    return player


def _player(exchange: Exchange, leg: Leg, watch: Watch | None) -> Player:
    exchange.enter(leg)
    transcript = Transcript(leg.stage.now)
    if watch is not None:
        transcript.listeners.append(watch)
    return Player(exchange, leg, transcript, VERBS)


def _picked_up(player: Player, order: Order) -> str:
    """in-progress, or why it was not answered. Twilio lets it ring five seconds longer than asked."""
    leg, until = player.call, player.stage.now() + order.timeout + 5
    try:
        while (event := player.speak(leg, until - player.stage.now(), listening=False)) is not None:
            match event[1]:
                case Answered(machine):
                    leg.answer()
                    leg.machine = machine
                    _detect(player, leg)
                    words = "Un répondeur décroche" if machine else "Décroche"
                    player.transcript.add(
                        "answer", f"{words} : {leg.to_number}", leg=leg.sid, number=leg.to_number
                    )
                    return "in-progress"
                case Unanswered(status):
                    return status
    except (Gone, Ended):
        return "completed"
    except Sent as sent:
        return "canceled" if sent.request is None else "failed"
    return "no-answer"


def _detect(player: Player, leg: Leg) -> None:
    """Answering-machine detection holds the call for about four seconds of silence."""
    if leg.machine_detection:
        leg.answered_by = "machine_start" if leg.machine else "human"
        player.speak(leg, 4.0, listening=False)
