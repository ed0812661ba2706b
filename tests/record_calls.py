"""Calls told as the events voice and the carrier would send, for the tests of what is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from workers.records.events import Event, Value

NOON = datetime(2026, 11, 17, 11, 0, tzinfo=UTC)  # a Tuesday, 12 h in Paris


class Told:
    """The events of one call, each a step after the one before."""

    def __init__(self, call: str, began: datetime = NOON, who: str | None = "feed") -> None:
        self.call, self.began, self.at, self.step = call, began, began, 0
        self.events: list[Event] = []
        self.say("arrived", guess=None, who=who)

    def say(self, name: str, after: float = 0, **data: Value) -> Told:
        """One more event, `after` seconds after the last."""
        self.at += timedelta(seconds=after)
        self.step += 1
        self.events.append(Event(f"{self.call}:{self.step}:0", self.call, name, self.at, tuple(data.items())))
        return self

    def decided(self, after: float = 10, association: str = "toulouse", need: str | None = "visit") -> Told:
        """Routing answered."""
        place = {"toulouse": "31555", "pau": "64445"}.get(association, "75056")
        data = {"outcome": "connect", "association": association, "place": place, "need": need}
        return self.say("decided", after, **data, rulebook=3, trace="secteur=31555")

    def ringing(self, regulator: str = "d-toulouse", association: str | None = "toulouse") -> Told:
        """A desk rings."""
        return self.say("ringing", 0, regulator=regulator, association=association)

    def taken(self, after: float = 8, talk: int = 120, regulator: str = "d-toulouse") -> Told:
        """The desk takes it, they talk, the desk hangs up."""
        self.say("taken", after, regulator=regulator)
        return self.say("answered", talk, regulator=regulator, disposition="answered", seconds=talk)

    def over(self, status: str = "completed", after: float = 0) -> Told:
        """The carrier's status webhooks: ringing, in progress, and the end."""
        end = (self.at + timedelta(seconds=after)).replace(microsecond=0) + timedelta(seconds=1)
        for sequence, word, at in ((1, "in-progress", self.began), (2, status, end)):
            data = {
                "status": word,
                "sequence": sequence,
                "seconds": int((at - self.began).total_seconds()),
                "stamp": format_datetime(at),
                "direction": "inbound",
            }
            event_id = f"{self.call}:status:{word}:{sequence}"
            self.events.append(Event(event_id, self.call, "status", at, tuple(data.items())))
        return self


def some_calls(
    count: int, seed: int = 1, began: datetime = NOON, every: float = 3.0, people: int = 40
) -> list[Told]:
    """Calls of every outcome, people ringing again among them."""
    draw = Random(seed)
    return [
        _call(draw, f"CA{seed}x{i:06d}", began + timedelta(seconds=every * i), people) for i in range(count)
    ]


def _call(draw: Random, call: str, began: datetime, people: int) -> Told:
    told = Told(call, began, who=f"p{draw.randrange(people)}" if draw.random() > 0.03 else None)
    fate = draw.random()
    if fate < 0.05:
        return told.over(after=draw.randrange(3))
    told.decided(
        10 + draw.random() * 10, draw.choice(["toulouse", "pau", "lyon"]), draw.choice(["visit", None])
    )
    told.ringing()
    if fate < 0.15:
        return told.say("left", draw.random() * 60, stage="ringing", disposition="canceled").over()
    if fate < 0.35:
        told.say("unanswered", 25, regulator="d-toulouse", disposition="no_answer", seconds=0)
        told.ringing("d-pau", "pau")
        if fate < 0.25:
            told.say("unanswered", 25, regulator="d-pau", disposition="busy", seconds=0)
            return told.say("booked", 30, promise="avant 21 h 40").over(after=9)
        return told.taken(draw.random() * 20, 90, "d-pau").over()
    if fate < 0.4:
        return told.say("last_resort", 90).over(after=6)
    if fate < 0.43:
        told.say("danger", 0)
    return told.taken(draw.random() * 80, draw.randrange(5, 400)).over()
