"""A draft rung like 3624: its rules decide, and nobody is dialled, nothing recorded, nothing booked.

Requests are signed with a key of the ticket's own, so that neither the carrier's signature opens this door
nor this one the real number's. The state is sealed apart as well: a rehearsal never goes on as a real call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import structlog
from flask import Blueprint, Flask, Response, request
from sqlalchemy import Engine

from config.sealing import Sealer
from config.settings import Settings
from routing import drafts, words
from routing.book import LiveBook
from routing.compile import compile_book
from routing.compiled import RuleBook
from routing.draft_publishing import carried
from routing.model import Decision
from routing.parts import Clash, Trespass
from routing.store import Superseded
from voice import carrier_words, envelope, flow, line, prompts, twiml
from voice.audio import Shelf
from voice.call import (
    Ask,
    Brief,
    Call,
    Dial,
    DialEnded,
    Event,
    HangUp,
    Instruction,
    Pressed,
    Say,
    Stage,
    Turn,
    World,
)
from voice.signature import Door, Forged
from voice.world import Book, Map, Recorded
from workers import rehearsal
from workers.callbacks.callback import Disposition

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
STATE = "rehearsal state"  # what its sealed URLs are for, and nothing else
PICKS_UP, TALK = "1", 60  # the key that answers for the desk, and the seconds such a talk counts as


class Over(Exception):
    """No such draft any more, or a ticket that is none."""


def install(
    app: Flask, settings: Settings, sql: Engine, live_book: LiveBook, map_: Map, shelf: Shelf, clock: Clock
) -> None:
    """The two routes, behind a door of their own."""
    stage = Rehearsals(settings, sql, live_book, map_, shelf, clock)
    bp = Blueprint("rehearsal", __name__, url_prefix=rehearsal.PATH)
    bp.post("", endpoint="arrived")(stage.arrived)
    bp.post("/step", endpoint="step")(stage.step)
    app.register_blueprint(bp)


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs of a rehearsal's steps: its ticket, and its sealed state."""

    base: str
    ticket: str
    sealer: Sealer

    def step(self, call: Call) -> str:
        """Where the answer to a question is posted."""
        return f"{self.base}/step?t={self.ticket}&s={envelope.seal_call(self.sealer, call)}"

    def whisper(self, brief: Brief) -> str:
        """Nobody is dialled, so nobody is whispered to."""
        del brief
        raise TypeError("a rehearsal dials nobody")


class Rehearsals:
    """Everything the rehearsals of one process need."""

    def __init__(
        self, settings: Settings, sql: Engine, live_book: LiveBook, map_: Map, shelf: Shelf, clock: Clock
    ) -> None:
        self._settings, self._sql, self._live, self._map, self._clock = settings, sql, live_book, map_, clock
        self._shelf = shelf
        self._sealer = Sealer(settings.secret_keys, STATE)
        self._one_at_a_time = Lock()
        self._compiled: tuple[str, int, RuleBook] | None = None  # the last draft rung

    def arrived(self) -> Response:
        """The draft's number rings."""

        def begin(fields: dict[str, str], now: datetime) -> tuple[Call, Event]:
            return Call(sid=fields["CallSid"], began=int(now.timestamp())), carrier_words.arrived(fields)

        return self._played(begin)

    def step(self) -> Response:
        """A question was answered, or nobody said anything."""

        def go_on(fields: dict[str, str], now: datetime) -> tuple[Call, Event]:
            sealed, since = request.args["s"], int(now.timestamp())
            call = envelope.open_call(self._sealer, sealed, fields["CallSid"], since)
            event = carrier_words.event(fields)
            if call.stage is Stage.RINGING:
                event = _desk(event)
            return call, event

        return self._played(go_on)

    def _played(self, read: Callable[[dict[str, str], datetime], tuple[Call, Event]]) -> Response:
        ticket, now = request.args.get("t", ""), self._clock()
        key = rehearsal.signing_key(self._settings.secret_keys, ticket)
        try:
            door = Door(self._settings.public_url, (key,), self._settings.account_sid)
            fields = door.fields(request.environ, request.get_data(cache=False))
        except Forged:
            return Response("signature refused\n", status=403, mimetype="text/plain")
        links = Links(self._settings.public_url + rehearsal.PATH, ticket, self._sealer)
        try:
            book = self._book(rehearsal.draft_of(self._settings.secret_keys, ticket, now.timestamp()))
            world = World(Book(book, self._map.places, self._recorded(book)), self._map, now)
            turn = flow.advance(*read(fields, now), world)
        except Over:
            return self._said((Say(prompts.REHEARSAL_OVER), HangUp()), links)
        except Exception:
            log.exception("rehearsal_failed")
            return self._said((Say(prompts.REHEARSAL_FAILED), HangUp()), links)
        answer = self._said(harmless(turn, book), links)
        if turn.decision is not None and self._settings.simulated:
            answer.headers["X-Decision"] = self._decision(turn.decision, book)
        return answer

    def _said(self, instructions: tuple[Instruction, ...], links: Links) -> Response:
        document = twiml.render(instructions, links, self._settings.caller_id)
        return Response(document, mimetype="text/xml")

    def _book(self, draft_id: str | None) -> RuleBook:
        draft = drafts.find(self._sql, draft_id) if draft_id else None
        if draft is None or draft.state is not drafts.DraftState.OPEN:
            raise Over  # published or given up: what it would do is told by the rules in force
        text, version = draft.document.to_json(), self._live.current.version
        with self._one_at_a_time:  # compiling takes the calls' own processor time
            if self._compiled is None or self._compiled[:2] != (text, version):
                self._compiled = (text, version, self._compile(draft))
            return self._compiled[2]

    def _compile(self, draft: drafts.Draft) -> RuleBook:
        in_force = self._live.current
        try:
            whole = (in_force.version, in_force.document) if in_force.document else None
            document = carried(self._sql, draft, whole).document
        except (Clash, Trespass, Superseded):
            document = draft.document
        return compile_book(document, in_force.version, self._map.places, in_force)

    def _recorded(self, book: RuleBook) -> Recorded:
        """The draft's own recordings are played, before any book in force plays them."""
        words = {one.announcement_audio: one.announcement for one in book.associations.values()}

        def url(name: str | None) -> str | None:
            return self._shelf.rehearsed(name, words.get(name))

        return url

    def _decision(self, decision: Decision, book: RuleBook) -> str:
        """For the stand-in's page, as a real call's."""
        place = self._map.name(decision.commune) if decision.commune else None
        return line.told(decision, words.why(decision, book, place))


def harmless(turn: Turn, book: RuleBook) -> tuple[Instruction, ...]:
    """What would be done, said instead of done: no document of a rehearsal holds a Dial."""
    made: list[Instruction] = []
    for one in turn.instructions:
        match one:
            case Say() | Ask() | HangUp():
                made.append(one)
            case Dial(targets, call):
                names = " et ".join(dict.fromkeys(_name(book, target.regulator) for target in targets))
                asked = prompts.rehearsed_ring(names, max(target.ring_seconds for target in targets))
                made.append(Ask((asked,), call, timeout=6))
            case _:  # a promise, or whatever else acts on the world
                made += [Say(prompts.REHEARSED_CALLBACK), HangUp()]
    return tuple(made)


def _name(book: RuleBook, regulator: str) -> str:
    desk = book.desks.get(regulator)
    return desk.name if desk else book.national_name


def _desk(event: Event) -> Event:
    """At « ici sonnerait… » the key 1 picks up for the desk; anything else leaves it ringing out."""
    if isinstance(event, Pressed) and event.digits == PICKS_UP:
        return DialEnded(Disposition.ANSWERED, TALK)
    return DialEnded(Disposition.NO_ANSWER)
