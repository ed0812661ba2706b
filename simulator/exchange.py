"""The exchange: the account, who is at which number, every call there has been, and the queues."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from simulator.clock import Stage
from simulator.legs import Leg
from simulator.people import Desk, Line, Person

NUMBER = "+33199003624"


@dataclass(frozen=True, slots=True)
class Account:
    """The carrier's account as our service knows it. `owned` None: any number but a mobile may be shown."""

    sid: str
    token: str
    voice_url: str
    fallback_url: str = ""
    status_url: str = ""
    number: str = NUMBER
    owned: frozenset[str] | None = None

    def may_show(self, number: str) -> bool:
        """Whether a number may be caller id. Twilio's French terms bar 06 and 07 from automated calls."""
        if self.owned is not None:
            return number == self.number or number in self.owned
        return number.startswith("+") and not number.startswith(("+336", "+337"))


@dataclass(frozen=True, slots=True)
class Mishaps:
    """What a scenario lets go wrong on the way of status events."""

    drop: bool = False
    duplicate: bool = False
    reverse: bool = False  # held until the call has ended, then sent last first


@dataclass
class Exchange:
    """Everything calls share. SIDs come from `seed`, so that the same seed plays the same call twice."""

    account: Account
    seed: int = 0
    speed: float | None = None
    default_line: Line = field(default_factory=Line)
    lines: dict[str, Line] = field(default_factory=dict)
    mishaps: Mishaps = field(default_factory=Mishaps)
    dequeue_after: float | None = None  # seconds until somebody takes a waiting call
    records: bool = False  # <Record> is refused unless asked for
    legs: dict[str, Leg] = field(default_factory=dict)
    queues: dict[str, list[Leg]] = field(default_factory=dict)
    bodyguard: threading.RLock = field(default_factory=threading.RLock)
    who: Callable[[str], Person] | None = (
        None  # overrides `lines`: a test's driver, or the people at the page
    )

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible on purpose

    def sid(self, prefix: str) -> str:
        with self.bodyguard:
            return f"{prefix}{self._random.getrandbits(128):032x}"

    def person_at(self, number: str) -> Person:
        if self.who is not None:
            return self.who(number)
        return Desk(self.lines.get(number, self.default_line))

    def stage(self) -> Stage:
        return Stage(self.speed)

    def enter(self, leg: Leg) -> Leg:
        with self.bodyguard:
            self.legs[leg.sid] = leg
        return leg

    def set_lines(self, lines: Mapping[str, object]) -> None:
        """Raises ValueError for a line `Line.of` refuses."""
        self.lines.update({number: Line.of(given) for number, given in lines.items()})

    def variant(
        self, speed: float | None, who: Callable[[str], Person] | None = None, **lines: Line
    ) -> "Exchange":
        """The same exchange with other people at the telephones, or in another time, for one call."""
        seed = int(self.sid("")[:16], 16)
        return replace(self, seed=seed, speed=speed, who=who, lines=self.lines | lines)
