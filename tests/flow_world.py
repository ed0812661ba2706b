"""A tiny world for the call's state machine, and a walk through every state it can reach in it."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from routing.model import Decision, Load, Located, Need, Notice, Outcome, PlaceSource, Reason, Target
from voice import flow
from voice.call import (
    Arrived,
    Ask,
    BookCallback,
    Booked,
    Call,
    CancelCallback,
    Cancelled,
    Dial,
    DialEnded,
    Event,
    Instruction,
    NotBooked,
    OpenCallback,
    Pressed,
    Said,
    Turn,
    World,
)
from workers.callbacks.callback import Disposition

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LANDLINE, MOBILE, FOREIGN = "+33561000000", "+33639980001", "+441632960001"
UNLIKELY = "+33562000000"
TOULOUSE, RURAL = "31555", "23200"
PLACES = {TOULOUSE: "Toulouse", "31044": "Balma", RURAL: "Saint-Vaury", "31149": "Colomiers"}
HOMONYMS = {"97411": "Saint-Denis", "93066": "Saint-Denis"}
CODES = {"31000": (TOULOUSE,), "31130": (TOULOUSE, "31044"), "23320": (RURAL,), "31700": ("31149", TOULOUSE)}


def desk(name: str) -> Target:
    return Target(name, f"desk-{name}", f"+33536490{len(name):03d}", 25)


NATIONAL = replace(desk("national"), association=None)


class TinyMap:
    """Four communes, two homonyms, a likely prefix and an unlikely one."""

    def name(self, insee: str) -> str | None:
        return (PLACES | HOMONYMS).get(insee)

    def told_apart(self, insee: str) -> str:
        return f"{self.name(insee)}, dans le {insee[:2]}"

    def by_postcode(self, code: str) -> tuple[str, ...]:
        return CODES.get(code, ())

    def locate(self, number: str | None) -> Located | None:
        sure = {LANDLINE: 0.8, UNLIKELY: 0.3}.get(number or "")
        return Located(TOULOUSE, sure, PlaceSource.LANDLINE) if sure else None

    def spoken(self, words: str) -> tuple[Located, ...]:
        if "Saint-Denis" in words:
            return tuple(Located(insee, 0.48, PlaceSource.SPOKEN) for insee in HOMONYMS)
        return (Located("31149", 0.9, PlaceSource.SPOKEN),) if "Colomiers" in words else ()


class TinyRouting:
    """Toulouse has two desks and everything; Saint-Vaury has no visit; nowhere asks the national desk."""

    version = 7

    def __init__(self, ages: bool = False) -> None:
        self._ages = ages

    def decide(self, place: Located | None, need: Need | None, at: datetime, load: Load) -> Decision:
        if place is None:
            return Decision(Outcome.LOCATE, None, None, 0.0, (NATIONAL,), 7, ())
        if place.commune == RURAL and need is Need.VISIT:
            notice = Notice(Reason.NOT_COVERED, Need.VISIT)
            return Decision(Outcome.NOT_COVERED, None, RURAL, 0.9, (NATIONAL,), 7, (), notice)
        outcome = Outcome.CALLBACK if need is Need.TELECONSULTATION else Outcome.CONNECT
        targets = (desk("toulouse"), replace(desk("pau"), together=True), desk("auch"), NATIONAL)
        return Decision(outcome, "toulouse", place.commune, place.confidence, targets, 7, ())

    def offers(self, place: Located | None, at: datetime) -> tuple[Need, ...]:
        if place is not None and place.commune == RURAL:
            return (Need.CONSULTATION, Need.TELECONSULTATION, Need.ADVICE)
        return tuple(Need)

    def owners(self, insee: str) -> frozenset[str]:
        return frozenset({"balma"}) if insee == "31044" else frozenset({"toulouse"})

    def emergency(self, place: Located | None) -> str:
        return "15"

    def asks_age(self, slug: str | None) -> bool:
        return self._ages

    def video(self, slug: str | None) -> bool:
        return slug == "toulouse"

    def announcement(self, slug: str | None, at: datetime) -> str | None:
        return None

    def red_flags(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        return ()

    def recording(self, slug: str | None) -> str | None:
        return None

    def campaign(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        return ()


def world(*, ages: bool = False, waiting: bool = False) -> World:
    promise = OpenCallback("cb-1", "avant 21 h 40", 2, TOULOUSE) if waiting else None
    return World(TinyRouting(ages), TinyMap(), NOW, open_callback=promise)


def arrive(caller: str | None, here: World | None = None) -> Turn:
    return flow.advance(Call(sid="CA1", began=int(NOW.timestamp())), Arrived(caller), here or world())


KEYS: tuple[Event, ...] = tuple(Pressed(key) for key in (*"012345*#", "", "99", "123456789012", "15"))
PLACES_TYPED: tuple[Event, ...] = tuple(Pressed(code) for code in ("31000", "31130", "23320", "00000"))
NUMBERS: tuple[Event, ...] = (Pressed("0639980002"), Pressed("0899000000"), Pressed("3624"))
SAID: tuple[Event, ...] = (
    *(Said(words) for words in ("à Colomiers", "Saint-Denis", "euh", "oui", "non", "non, à Colomiers")),
    Said("31000", 0.3),
)
DIALLED: tuple[Event, ...] = tuple(DialEnded(d, 40 * (d is Disposition.ANSWERED)) for d in Disposition)
BROKEN: tuple[Event, ...] = (DialEnded(Disposition.ANSWERED, 2),)


def inputs(open_instruction: Instruction) -> tuple[tuple[Call, Event], ...]:
    """Everything that may follow an instruction that waits."""
    match open_instruction:
        case Ask(call=call, speech=speech):
            events = KEYS + PLACES_TYPED + NUMBERS + (SAID if speech else ())
        case Dial(call=call):
            events = DIALLED + BROKEN
        case BookCallback(call=call):
            events = (Booked("avant 21 h 40"), NotBooked())
        case CancelCallback(call=call):
            events = (Cancelled(), NotBooked())
        case _:
            return ()
    return tuple((call, event) for event in events)


def kind_of(call: Call) -> tuple[object, ...]:
    """What an answer can depend on: communes with the same services are alike, and so are needs."""
    place = call.place and (call.place.commune == RURAL, call.place.source)
    need = call.need and call.need is Need.TELECONSULTATION
    reached = (len(call.targets), bool(call.number), bool(call.callback))
    return (call.stage, call.tries, call.rounds, place, need, len(call.typed), len(call.choices), reached)


def walk(first: Turn, here: World) -> Iterator[tuple[Call, Event, Turn]]:
    """Every step that can be reached, each state once (the step number aside)."""
    todo, seen = deque([first]), set()
    while todo:
        turn = todo.popleft()
        for instruction in turn.instructions:
            for call, event in inputs(instruction):
                if (key := (kind_of(call), event)) not in seen:
                    seen.add(key)
                    then = flow.advance(call, event, here)
                    yield call, event, then
                    todo.append(then)


def dialled(turn: Turn) -> tuple[str, ...]:
    last = turn.instructions[-1]
    return tuple(target.regulator for target in last.targets) if isinstance(last, Dial) else ()


def answer(turn: Turn, *events: Event, here: World | None = None) -> Turn:
    for event in events:
        ask = turn.instructions[-1]
        assert isinstance(ask, Ask | Dial), turn
        turn = flow.advance(ask.call, event, here or world())
    return turn


def silent_ending(turn: Turn, here: World) -> str:
    for _ in range(60):
        match turn.instructions[-1]:
            case Ask(call=call):
                turn = flow.advance(call, Pressed(""), here)
            case Dial(call=call):
                turn = flow.advance(call, DialEnded(Disposition.NO_ANSWER), here)
            case BookCallback(call=call):
                turn = flow.advance(call, Booked("avant 21 h 40"), here)
            case CancelCallback(call=call):
                turn = flow.advance(call, Cancelled(), here)
            case _:
                return turn.facts[-1].name
    return "never"
