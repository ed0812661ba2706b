"""`<Enqueue>`, the music of `waitUrl`, `<Leave>`, and `<Dial><Queue>` taking the first who waits."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from simulator.clock import Dequeued
from simulator.legs import Leg
from simulator.player import Document, Ended, Gone, Left, Player, Request, Sent, Taken

MAX_WAITING = 1000
QUEUE_SID = "QU" + "0" * 32
BY_SCENARIO = "scenario"
SCENARIO_TALKS = 60.0
Told = tuple[tuple[str, str], ...]


def enqueue(player: Player, leg: Leg, verb: ET.Element, document: Document) -> Request | None:
    """Waits until somebody takes the call, it leaves, or the caller hangs up; then asks the action."""
    name = (verb.text or "").strip()
    waiting = player.exchange.queues.setdefault(name, [])
    place = _Place(player, leg, verb, document, waiting, player.stage.now())
    if len(waiting) >= int(verb.get("maxQueueSize", str(MAX_WAITING))):
        return place.action((("QueueResult", "queue-full"),))
    waiting.append(leg)
    player.transcript.add("queue", f"En attente, place {len(waiting)}.", leg=leg.sid, queue=name)
    if player.exchange.dequeue_after is not None:
        player.stage.plan(player.exchange.dequeue_after, leg.sid, Dequeued(BY_SCENARIO))
    try:
        result = place.wait()
    except Gone:
        place.moot("hangup")
        raise
    except Sent as sent:
        place.moot("redirected" if sent.request else "hangup")
        raise
    finally:
        if leg in waiting:
            waiting.remove(leg)
    return place.action(place.ended(result))


def dial_queue(player: Player, leg: Leg, noun: ET.Element, timeout: float) -> Told:
    """Takes the first waiting call, waiting for one until the timeout; answers the action's parameters."""
    waiting = player.exchange.queues.get((noun.text or "").strip())
    if waiting is None:
        return (("DialCallStatus", "failed"), ("DialBridged", "false"))
    until = player.stage.now() + timeout
    while player.stage.now() < until and not waiting:
        player.speak(leg, min(1.0, until - player.stage.now()), listening=False)
    if not waiting:
        return (("DialCallStatus", "no-answer"), ("DialBridged", "false"))
    other = waiting.pop(0)
    other.stage.post(other.sid, Dequeued(leg.sid))
    player.bridged = other
    words = f"En ligne avec {other.from_number}"
    player.transcript.add("bridge", words, leg=other.sid, number=other.from_number, machine=False)
    while other.live:
        player.speak(leg, 1.0, listening=False)
    return (("DialCallStatus", "completed"), ("DialBridged", "true"), ("DialCallSid", other.sid))


@dataclass(frozen=True, slots=True)
class _Place:
    """A call's place in a queue."""

    player: Player
    leg: Leg
    verb: ET.Element
    document: Document
    waiting: list[Leg]
    began: float

    def wait(self) -> str:
        """The QueueResult: hangup by the wait document, leave, or bridged."""
        try:
            self._loop()
        except Left:
            return "leave"
        except Taken as taken:
            self._talk(taken.by)
            return "bridged"
        return "hangup"

    def action(self, told: Told) -> Request | None:
        url = self.verb.get("action")
        return self.document.link(url, told, self.verb.get("method", "POST")) if url else None

    def ended(self, result: str) -> Told:
        return (("QueueResult", result), ("QueueSid", QUEUE_SID), ("QueueTime", self._seconds()))

    def moot(self, result: str) -> None:
        """The action is asked, and what it answers is moot."""
        request = self.action(self.ended(result))
        if request is not None:
            self.player.obtain(self.leg, request, "call")

    def _loop(self) -> None:
        """Plays the waitUrl again and again; silence for an empty one."""
        url, method = self.verb.get("waitUrl"), self.verb.get("waitUrlMethod", "POST")
        while True:
            before = self.player.stage.now()
            try:
                if url:
                    link = self.document.link(url, self._position(), method)
                    self.player.follow(self.leg, link, "wait")
            except Ended:
                return
            if self.player.stage.now() == before:
                # A wait document without sound would otherwise be asked for without end.
                self.player.speak(self.leg, 1.0, listening=False)

    def _talk(self, by: str) -> None:
        player, leg = self.player, self.leg
        player.transcript.add("bridge", f"Pris dans la file par {by}", leg=leg.sid, number=by, machine=False)
        other = player.exchange.legs.get(by)
        player.bridged = other or leg
        for delay, act in leg.person.bridged():
            player.stage.plan(delay, leg.sid, act)
        until = player.stage.now() + (14_400 if other else SCENARIO_TALKS)
        while player.stage.now() < until and (other is None or other.live):
            player.speak(leg, 1.0, listening=False)

    def _position(self) -> Told:
        # Whoever dials the queue takes the leg out before the leg learns of it.
        place = self.waiting.index(self.leg) + 1 if self.leg in self.waiting else 1
        return (
            ("QueuePosition", str(place)), ("QueueSid", QUEUE_SID), ("QueueTime", self._seconds()),
            ("AvgQueueTime", self._seconds()), ("CurrentQueueSize", str(len(self.waiting))),
            ("MaxQueueSize", str(MAX_WAITING)),
        )  # fmt: skip

    def _seconds(self) -> str:
        return str(round(self.player.stage.now() - self.began))
