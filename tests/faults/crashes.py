"""One crash: a call-back led into a state, a process killed at a named point, and everything that follows."""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from config.settings import Settings
from routing.model import Need
from tests.callback_house import NOW, FakeCarrier, House
from workers.callbacks import failpoints
from workers.callbacks.callback import (
    CLOSED,
    TRANSITIONS,
    Booking,
    Cause,
    Conclusion,
    Disposition,
    Promise,
    State,
)
from workers.callbacks.fence import Link
from workers.callbacks.links import LegUrls
from workers.callbacks.telephony import Leg, Placed, Reply, Unknown


class FiledCarrier(FakeCarrier):
    """A carrier that outlives the process that asks it: what it was told lies in a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._calls, self._texts = folder / "calls", folder / "texts"
        self.answers = True  # False: it takes the call, and its answer is lost
        self.over: set[str] = set()

    def calls(self) -> list[dict[str, str]]:
        """What it was asked to ring."""
        return _lines(self._calls)

    def texts(self) -> list[dict[str, str]]:
        """What it was asked to write."""
        return _lines(self._texts)

    def place(self, to: str, shown: str, urls: LegUrls) -> Reply:
        sid = f"CA{len(self.calls())}"
        _append(self._calls, {"sid": sid, "to": to, "shown": shown, "url": urls.status})
        return Placed(sid) if self.answers else Unknown("ReadTimeout")

    def calls_to(self, to: str) -> Sequence[Leg]:
        return [self._leg(call) for call in self.calls() if call["to"] == to]

    def leg(self, sid: str) -> Leg | None:
        return next((self._leg(call) for call in self.calls() if call["sid"] == sid), None)

    def write_to(self, to: str, shown: str, body: str) -> Reply:
        _append(self._texts, {"to": to, "body": body})
        return Placed(f"SM{len(self.texts())}")

    def _leg(self, call: dict[str, str]) -> Leg:
        status = "completed" if call["sid"] in self.over else "in-progress"
        return Leg(call["sid"], status, call["shown"], None)


class Crash:
    """Two call-backs in one house: `mine`, led into a state, and `other`, for which the point is reached."""

    def __init__(self, engine: Engine, redis: Redis, settings: Settings) -> None:
        self.carrier = FiledCarrier(settings.var_dir)
        self.house = House(engine, redis, settings, self.carrier)
        self.links: dict[str, Link] = {}
        self.rings: Counter[str] = Counter()  # by attempt: the patient's telephone
        self.joined: Counter[str] = Counter()  # by call-back

    def lead(self, booking: Booking, target: State) -> str:
        """Book, and follow the table's shortest way to a state."""
        callback_id = self.house.store.book(booking).id
        for cause in _ways()[target]:
            self._cause(cause, callback_id)
        assert self.house.state(callback_id) is target
        return callback_id

    def die_at(self, name: str, doing: Callable[[], object]) -> None:
        """Do it in a process of its own that is killed on its way through this point."""
        self.house.engine.dispose()
        child = os.fork()
        if child == 0:
            try:
                failpoints.arm(name)
                doing()
            finally:
                os._exit(3)  # not killed, and never back into the tests
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"{name} was never reached"

    def recover(self, rounds: int = 40) -> None:
        """The clock and a worker start again, and the telephones go on where they were."""
        self.carrier.answers = True
        for _ in range(rounds):
            for step in self.house.sweeper.steps():
                step()
            while self.house.dialler.place_next():
                pass
            for call in self.carrier.calls():
                self._play(call)
            if not self.house.store.listed(set(State) - CLOSED - {State.HUMAN}):
                return

    def link(self, callback_id: str) -> Link:
        """The attempt under way, or one that never was."""
        return self.links.get(callback_id, Link(callback_id, "none"))

    def sid(self, callback_id: str) -> str:
        """The call of that attempt."""
        token = self.link(callback_id).token
        return next((c["sid"] for c in self.carrier.calls() if self._of(c).token == token), "CAnone")

    # --- what leads a call-back along the table

    def _cause(self, cause: Cause, callback_id: str) -> None:
        house, link, sid = self.house, self.link(callback_id), self.sid(callback_id)
        acts: dict[Cause, Callable[[], object]] = {
            Cause.RESERVED: lambda: self._reserve(callback_id),
            Cause.UNCERTAIN: lambda: (self._place(link), house.attempts.uncertain(link)),
            Cause.PLACED: lambda: house.attempts.placed(link, self._place(link)),
            Cause.RINGING: lambda: house.attempts.answered(link, self._place(link)),
            Cause.ACCEPTED: lambda: self._ring(link, sid),
            Cause.CONNECTED: lambda: self._join(link),
            Cause.MISSED: lambda: house.attempts.missed(link, Disposition.NO_ANSWER),
            Cause.TALKED: lambda: house.attempts.talked(link, Conclusion.DONE),
            Cause.GIVEN_UP: lambda: house.store.settle(callback_id, Cause.GIVEN_UP),
            Cause.EXPIRED: lambda: house.store.settle(callback_id, Cause.EXPIRED),
            Cause.CANCELLED: lambda: house.store.cancel(callback_id),
        }
        acts[cause]()

    def _reserve(self, callback_id: str) -> None:
        taken = self.house.reservations.take()
        assert taken is not None
        assert taken.callback.id == callback_id
        self.links[callback_id] = Link(callback_id, taken.attempt.token)

    def _place(self, link: Link) -> str:
        attempt = self.house.attempts.attempt(link)
        assert attempt is not None
        self.carrier.place(attempt.to, attempt.caller_id, self.house.links.of_call(link))
        return self.carrier.calls()[-1]["sid"]

    # --- the telephones: each question of a call is asked until it is answered, and acted on once

    def _play(self, call: dict[str, str]) -> None:
        house, link, sid = self.house, self._of(call), call["sid"]
        if sid in self.carrier.over:
            return
        house.attempts.status(link, sid, "ringing")
        house.attempts.answered(link, sid)
        if self._ring(link, sid) and self._join(link):
            house.attempts.concluded(link, Conclusion.DONE)
        house.attempts.status(link, sid, "completed")
        self.carrier.over.add(sid)

    def _ring(self, link: Link, sid: str) -> bool:
        """The doctor's 1: whatever the answer repeats, this call rings the patient once."""
        if not self.rings[f"{link.token}/{sid}"] and self.house.attempts.accepted(link, sid):
            self.rings[f"{link.token}/{sid}"] += 1
        return bool(self.rings[f"{link.token}/{sid}"])

    def _join(self, link: Link) -> bool:
        self.house.attempts.connected(link)
        if self.house.attempts.standing(link) is State.BRIDGED and not self.joined[link.token]:
            self.joined[link.token] += 1
        return bool(self.joined[link.token])

    def _of(self, call: dict[str, str]) -> Link:
        link = self.house.links.read(call["url"].partition("a=")[2])
        assert link is not None
        return link

    def rung(self) -> Counter[str]:
        """How often each attempt rang its patient, whichever call did it."""
        return Counter(key.partition("/")[0] for key, times in self.rings.items() for _ in range(times))


def booking(number: int) -> Booking:
    """A patient's wish."""
    return Booking(f"CAb{number}", f"+3363998{number:04}", Need.ADVICE, NOW, NOW, "31555", "toulouse")


PROMISE = Promise(NOW, measured=False)


def _ways() -> dict[State, tuple[Cause, ...]]:
    """The shortest way from a booking to each state, by the table; done is done by talking."""
    ways: dict[State, tuple[Cause, ...]] = {State.DUE: ()}
    queue = deque([State.DUE])
    while queue:
        here = queue.popleft()
        for row in TRANSITIONS:
            if here in row.sources and row.target not in ways and row.cause is not Cause.SETTLED:
                ways[row.target] = (*ways[here], row.cause)
                queue.append(row.target)
    return ways


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _append(path: Path, told: dict[str, str]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(told) + "\n")
