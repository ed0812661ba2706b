"""Those at the telephones: what they do when it rings, and when they are asked something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal as Choice
from typing import Protocol, get_args

from simulator.clock import Act, Answered, HungUp, Key, Spoken, Unanswered

Planned = tuple[float, Act]  # seconds from now, and what is done then
Conduct = Choice["answer", "busy", "no-answer", "failed", "refuse", "voicemail"]
CHARACTERS_A_SECOND = 15.0
THINKING, BETWEEN_KEYS = 1.0, 0.4


@dataclass(frozen=True, slots=True)
class Question:
    """A `<Gather>` as the person at the telephone meets it. `seconds` is how long its prompts last."""

    leg: str
    seconds: float
    dtmf: bool
    speech: bool
    num_digits: int | None
    finish_on: str
    text: str

    def takes(self, keys: str) -> bool:
        """Whether this many keys may be typed here; the closing key is not counted."""
        digits = keys.removesuffix(self.finish_on) if self.finish_on else keys
        return self.dtmf and (self.num_digits is None or len(digits) <= self.num_digits)


class Person(Protocol):
    """Whoever holds a telephone. An empty answer is nothing planned: silence, or someone live acts later."""

    def rung(self) -> Sequence[Planned]: ...

    def asked(self, question: Question) -> Sequence[Planned]: ...

    def bridged(self) -> Sequence[Planned]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """How a dialled number behaves. Times in seconds; `keys` are pressed one group a question.

    `refuse` declines while it rings; `voicemail` answers, speaks and never presses; `hang_up_after` counts
    from the answer; `talks` is how long a conversation lasts before this side hangs up.
    """

    conduct: Conduct = "answer"
    after: float = 4.0
    keys: tuple[str, ...] = ("1",)
    talks: float = 60.0
    hang_up_after: float | None = None

    @classmethod
    def of(cls, given: object) -> "Line":
        """From "busy" or {"conduct": "answer", "after": 9, "keys": ["2", "1"]}. Raises ValueError."""
        wanted = {"conduct": given} if isinstance(given, str) else given
        if not isinstance(wanted, Mapping) or set(wanted) - set(cls.__dataclass_fields__):
            raise ValueError(
                f"a line is a word or a table of {', '.join(cls.__dataclass_fields__)}: {given!r}"
            )
        if wanted.get("conduct", "answer") not in get_args(Conduct):
            raise ValueError(f"a line's conduct is one of {', '.join(get_args(Conduct))}: {given!r}")
        return cls(**{**wanted, "keys": tuple(str(key) for key in wanted.get("keys", ("1",)))})


@dataclass(slots=True)
class Desk:
    """The person at a `Line`."""

    line: Line
    pressed: int = 0

    def rung(self) -> Sequence[Planned]:
        line = self.line
        match line.conduct:
            case "busy" | "failed":
                return [(0.5, Unanswered(line.conduct))]
            case "refuse":
                return [(line.after, Unanswered("busy"))]
            case "no-answer":
                return []
            case "voicemail":
                return [(max(line.after, 12.0), Answered(machine=True))]
        leaves: list[Planned] = (
            [] if line.hang_up_after is None else [(line.after + line.hang_up_after, HungUp())]
        )
        return [(line.after, Answered()), *leaves]

    def asked(self, question: Question) -> Sequence[Planned]:
        if self.line.conduct == "voicemail" or self.pressed >= len(self.line.keys):
            return []
        keys = self.line.keys[self.pressed]
        self.pressed += 1
        return typed(keys, question.seconds)

    def bridged(self) -> Sequence[Planned]:
        return [(self.line.talks, HungUp())]


@dataclass(slots=True)
class Caller:
    """A caller with groups of keys and sentences, each given at the first question that takes it.

    An empty group is one question met in silence; so is every question after the last group.
    """

    keys: list[str] = field(default_factory=list)
    say: list[str] = field(default_factory=list)
    patience: float | None = (
        None  # hangs up this many seconds after being connected; None: the other side does
    )

    def rung(self) -> Sequence[Planned]:
        return [(4.0, Answered())]

    def asked(self, question: Question) -> Sequence[Planned]:
        if question.speech and self.say:
            return spoken(self.say.pop(0), question.seconds)
        if self.keys and question.takes(self.keys[0]):
            return typed(self.keys.pop(0), question.seconds)
        return []

    def bridged(self) -> Sequence[Planned]:
        return [] if self.patience is None else [(self.patience, HungUp())]


class Live:
    """Someone at the browser page: nothing is planned, they act when they like."""

    def rung(self) -> Sequence[Planned]:
        return []

    def asked(self, question: Question) -> Sequence[Planned]:  # noqa: ARG002 - a person reads the page instead
        return []

    def bridged(self) -> Sequence[Planned]:
        return []


def typed(keys: str, after: float) -> list[Planned]:
    """Keys typed once the prompts have been heard (`after` seconds)."""
    return [(after + THINKING + place * BETWEEN_KEYS, Key(key)) for place, key in enumerate(keys)]


def spoken(text: str, after: float, confidence: float | None = 0.9) -> list[Planned]:
    """Something said once the prompts have been heard; it is recognised when it has been said."""
    return [(after + THINKING + len(text) / CHARACTERS_A_SECOND, Spoken(text, confidence))]
