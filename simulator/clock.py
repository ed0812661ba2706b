"""A call's time: what is planned, what people do, and waiting for whichever comes first.

Virtual time jumps to the next planned thing, so a test never sleeps; real time runs `speed` times as fast.
"""

import heapq
import itertools
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key pressed on the keypad: 0-9, * or #."""

    key: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something said, as recognised; Twilio does not promise a confidence."""

    text: str
    confidence: float | None = 0.9


@dataclass(frozen=True, slots=True)
class Answered:
    """The telephone is picked up, by a person or an answering machine."""

    machine: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Ringing ends without an answer: busy, failed, no-answer or canceled."""

    status: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The receiver is put down."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The REST API sends the call elsewhere: a URL, or a document given inline; neither: it is ended."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""


@dataclass(frozen=True, slots=True)
class Dequeued:
    """Somebody takes the waiting call out of its queue."""

    by: str


Act = Key | Spoken | Answered | Unanswered | HungUp | Moved | Dequeued
Event = tuple[str, Act]  # the leg's SID, and what happens on it


class Stage:
    """One call's agenda. Only the call's own thread waits; anyone may `post`."""

    def __init__(self, speed: float | None = None) -> None:
        """`speed` None is virtual time; 1 is real time; 50 is real time made short."""
        self._speed = speed
        self._began, self._virtual = time.monotonic(), 0.0
        self._agenda: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()

    def now(self) -> float:
        """Seconds since the call began."""
        return self._virtual if self._speed is None else (time.monotonic() - self._began) * self._speed

    def plan(self, delay: float, leg: str, act: Act) -> None:
        with self._changed:
            heapq.heappush(self._agenda, (self.now() + delay, next(self._order), (leg, act)))
            self._changed.notify()

    def post(self, leg: str, act: Act) -> None:
        """Something that happens now, from any thread."""
        self.plan(0, leg, act)

    def forget(self, leg: str, *kinds: type) -> None:
        """Drop what `leg` still planned of these kinds (of every kind, without any)."""
        with self._changed:
            self._agenda = [
                (when, order, (who, act))
                for when, order, (who, act) in self._agenda
                if who != leg or (kinds and not isinstance(act, kinds))
            ]
            heapq.heapify(self._agenda)

    def wait(self, until: float) -> Event | None:
        """The next thing that happens before `until`; None when nothing did and it is `until`."""
        with self._changed:
            while True:
                if self._agenda and self._agenda[0][0] <= (until if self._speed is None else self.now()):
                    when, _, event = heapq.heappop(self._agenda)
                    self._virtual = max(self._virtual, when)
                    return event
                if self._speed is None:
                    self._virtual = max(self._virtual, until)
                    return None
                if self.now() >= until:
                    return None
                next_at = min([until, *(when for when, _, _ in self._agenda[:1])])
                self._changed.wait(max(next_at - self.now(), 0) / self._speed)
