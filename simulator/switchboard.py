"""Runs calls at the same time, keeps their transcripts, and tells whoever watches."""

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator import calls
from simulator.calls import Order
from simulator.clock import Act, Moved
from simulator.exchange import Exchange
from simulator.legs import Leg
from simulator.people import Live, Person
from simulator.player import Player
from simulator.transcript import Entry

KEPT = 2_000
Feed = queue.SimpleQueue[dict[str, object]]


class Switchboard:
    """`calls_per_second` paces ordered calls, as Twilio does (1 by default); 0 does not pace."""

    def __init__(self, exchange: Exchange, calls_per_second: float = 1.0) -> None:
        self.exchange, self._pace = exchange, calls_per_second
        self.players: OrderedDict[str, Player] = OrderedDict()
        self._feeds: list[Feed] = []
        self._lock = threading.Lock()
        self._next_start = 0.0

    def ring_3624(self, exchange: Exchange, from_number: str, person: Person, quiet: bool = False) -> Player:
        """A call to 3624, to be passed to `start` or `calls.play`. `quiet` keeps it off the feed."""
        return self._keep(calls.incoming(exchange, from_number, person), quiet)

    def start(self, player: Player) -> None:
        threading.Thread(target=calls.play, args=(player,), daemon=True).start()

    def order(self, order: Order) -> Player:
        """A call ordered through the REST API: queued now, rung when its turn has come."""
        exchange = self.exchange.variant(1.0, lambda _number: Live()) if self._feeds else self.exchange
        player = self._keep(calls.outgoing(exchange, order), quiet=False)
        with self._lock:
            turn = max(time.monotonic(), self._next_start)
            self._next_start = turn + (1 / self._pace if self._pace else 0)
        threading.Thread(target=self._ring, args=(player, order, turn), daemon=True).start()
        return player

    def act(self, leg_sid: str, act: Act) -> bool:
        """Somebody does something at a telephone. False when that telephone is no longer in a call."""
        leg = self.exchange.legs.get(leg_sid)
        if leg is None or not leg.live:
            return False
        leg.stage.post(leg_sid, act)
        return True

    def move(self, leg: Leg, moved: Moved) -> None:
        """The REST API redirects or ends a call; a queued one never rings."""
        with self._lock:
            if leg.status == "queued":
                leg.end("canceled")
            else:
                leg.stage.post(leg.sid, moved)

    def announce(self, told: dict[str, object]) -> None:
        """Something that belongs to no call, a short message for one."""
        for feed in list(self._feeds):
            feed.put(told | {"call": "", "direction": "outbound-api"})

    @contextmanager
    def watching(self) -> Iterator[Feed]:
        """Every entry of every call but the quiet ones, as it is written. Who watches, answers."""
        feed: Feed = queue.SimpleQueue()
        with self._lock:
            self._feeds.append(feed)
        try:
            yield feed
        finally:
            with self._lock:
                self._feeds.remove(feed)

    def _ring(self, player: Player, order: Order, turn: float) -> None:
        began = time.monotonic()
        while player.call.live and (left := turn - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
        player.call.queue_ms = round((time.monotonic() - began) * 1000)
        with self._lock:  # against a cancellation in the same moment
            if player.call.live:
                player.call.status = "ringing"
        calls.ring(player, order)

    def _keep(self, player: Player, quiet: bool) -> Player:
        with self._lock:
            self.players[player.call.sid] = player
            while len(self.players) > KEPT:
                old, _ = self.players.popitem(last=False)
                self._forget(old)
        if not quiet:
            player.transcript.listeners.append(self._teller(player))
        return player

    def _forget(self, root: str) -> None:
        with self.exchange.bodyguard:
            for sid, leg in list(self.exchange.legs.items()):
                if root in (sid, leg.parent.sid if leg.parent else ""):
                    del self.exchange.legs[sid]

    def _teller(self, player: Player) -> Callable[[Entry], None]:
        def tell(entry: Entry) -> None:
            told = entry.as_json() | {"call": player.call.sid, "direction": player.call.direction}
            for feed in list(self._feeds):
                feed.put(told)

        return tell
