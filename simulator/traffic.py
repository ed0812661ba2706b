"""Callers who ring 3624 by themselves, drawn from a seed, in real time, for a demonstration's screens."""

import random
import threading

from simulator.people import Caller, Conduct, Desk, Line
from simulator.switchboard import Switchboard

# Real prefixes followed by zeros, and towns with their own association or none.
LANDLINES = ("+33561000000", "+33388000000", "+33478000000", "+33240000000", "+33556000000", "+33320000000")
POSTCODES = (
    "31000",
    "67000",
    "69003",
    "44000",
    "33000",
    "59000",
    "13001",
    "06000",
    "35000",
    "75011",
    "23000",
)
CONDUCTS: tuple[tuple[Conduct, int], ...] = (("answer", 80), ("busy", 10), ("no-answer", 10))
MOST_AT_ONCE = 100


class Traffic:
    """`per_minute` calls at random moments; each stays for a conversation of minutes."""

    def __init__(self, board: Switchboard, per_minute: int, seed: int) -> None:
        self._board, self._per_minute = board, per_minute
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        # Desks answer in threads of their own: what they draw must not change who rings next.
        self._desks = random.Random(seed + 1)  # noqa: S311 - reproducible on purpose
        self._stop = threading.Event()

    def start(self) -> None:
        if self._per_minute > 0:
            threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._random.expovariate(self._per_minute / 60)):
            ringing = sum(player.call.live for player in list(self._board.players.values()))
            if ringing < MOST_AT_ONCE:
                self.ring()

    def ring(self) -> None:
        """One random caller: seven in ten on a mobile, typing a postcode; the others on a landline."""
        mobile = self._random.random() < 0.7
        number = (
            f"+336399{self._random.randrange(80_000, 90_000)}" if mobile else self._random.choice(LANDLINES)
        )
        need = self._random.choice(["1", "1", "2", "3", "4"])
        # A landline is located by itself: silence after the welcome and after the place, then the need.
        keys = [self._random.choice(POSTCODES), need] if mobile else ["", "", need]
        exchange = self._board.exchange.variant(1.0, lambda _number: Desk(self._desk()))
        caller = Caller(keys, patience=self._random.uniform(60, 400))
        self._board.start(self._board.ring_3624(exchange, number, caller, quiet=True))

    def _desk(self) -> Line:
        words, weights = zip(*CONDUCTS, strict=True)
        conduct = self._desks.choices(words, weights)[0]
        return Line(conduct, after=self._desks.uniform(2, 15), talks=self._desks.uniform(60, 300))
