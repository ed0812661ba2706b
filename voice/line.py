"""A patient's line: unseals the state, advances the flow, carries out effects, seals the next URLs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import structlog
from msgspec import Struct
from msgspec.structs import replace

from config.sealing import Pseudonyms, Sealer
from routing.model import Decision, Load
from voice import carrier_words, envelope, flow, prompts, twiml, whisper
from voice.call import Brief, Call, Desk, Dial, DialEnded, Fact, HangUp, Say, Stage, Turn
from voice.effects import Effects
from voice.envelope import Stale
from voice.ringing import ROUNDS
from voice.world import Surroundings
from workers.callbacks.callback import Disposition
from workers.proof_call import code_in
from workers.records.events import Event, EventLog
from workers.records.load import line_mark

log = structlog.get_logger(__name__)

Fields = Mapping[str, str]


class Answer(Struct, frozen=True):
    """A document for the carrier; `decision` (percent-encoded JSON) only for the stand-in's page."""

    document: str | None  # None: nothing to be done, as for a status
    decision: str | None = None


class Links:
    """Absolute URLs of our own steps, the sealed state inside."""

    def __init__(self, public_url: str, sealer: Sealer) -> None:
        self._base, self._sealer = public_url + "/voice", sealer

    def step(self, call: Call) -> str:
        """Where the next event of this call is posted."""
        return f"{self._base}/step?s={envelope.seal_call(self._sealer, call)}{twiml.CONNECTION}"

    def whisper(self, brief: Brief) -> str:
        """What a desk hears first."""
        return f"{self._base}/whisper?s={envelope.seal_brief(self._sealer, brief)}{twiml.CONNECTION}"

    def whisper_key(self, brief: Brief) -> str:
        """Where the desk's key is posted."""
        return f"{self._base}/whisper-key?s={envelope.seal_brief(self._sealer, brief)}{twiml.CONNECTION}"


@dataclass(frozen=True, slots=True)
class Line:
    """Everything the webhooks of a patient's call need, made once a process."""

    surroundings: Surroundings
    effects: Effects
    log: EventLog
    sealer: Sealer
    keys: tuple[str, ...]
    pseudonyms: Pseudonyms
    links: Links
    caller_id: str
    simulated: bool
    last_resort: str  # a whole document, made at start
    clock: Callable[[], datetime]

    def incoming(self, fields: Fields) -> Answer:
        """3624 rings: the welcome."""
        now = self.clock()
        call = Call(sid=fields["CallSid"], began=int(now.timestamp()))
        event = carrier_words.arrived(fields)
        world = self.surroundings.at(now, self.effects.open_callback(event.caller, now))
        return self._answer(call, flow.advance(call, event, world), now)

    def step(self, fields: Fields, sealed: str) -> Answer:
        """The next event of a call under way."""
        now = self.clock()
        call = envelope.open_call(self.sealer, sealed, fields["CallSid"], int(now.timestamp()))
        event = carrier_words.event(fields)
        if carrier_words.is_over(fields):
            return self._left(call, event, now)
        world = self.surroundings.at(now)
        turn = self.effects.carry_out(flow.advance(call, event, world), world)
        return self._answer(call, turn, now)

    def whisper(self, fields: Fields, sealed: str) -> Answer:
        """A desk picked up."""
        brief = envelope.open_brief(self.sealer, sealed)
        texts = whisper.opening(brief)
        desk = whisper.desk(brief, fields.get("To", ""))
        self._emit(brief.sid, "picked_up", (("regulator", desk.regulator if desk else None),))
        if not brief.accept_key:
            self._emit(brief.sid, "taken", _taken(brief, desk))
            return Answer(twiml.bridge(texts))
        return Answer(twiml.ask_desk(texts, self.links.whisper_key(brief)))

    def whisper_key(self, fields: Fields, sealed: str) -> Answer:
        """The desk takes the call, hears the number, or is left alone."""
        brief = envelope.open_brief(self.sealer, sealed)
        texts = whisper.pressed(brief, fields.get("Digits", ""))
        if texts is True:
            self._emit(brief.sid, "taken", _taken(brief, whisper.desk(brief, fields.get("To", ""))))
            return Answer(twiml.bridge(()))
        if texts is False:
            return Answer(twiml.render((HangUp(),), self.links, self.caller_id))
        again = replace(brief, tries=brief.tries + 1)
        return Answer(twiml.ask_desk(texts, self.links.whisper_key(again)))

    def proof(self, sealed: str) -> Answer:
        """The code, twice; nothing of ours is said for any other text."""
        code = code_in(self.keys, sealed)
        told = (Say(prompts.proof(code)),) * 2 if code else ()
        return Answer(twiml.render((*told, HangUp()), self.links, self.caller_id))

    def status(self, fields: Fields) -> None:
        """A call's status event, for the records."""
        data = carrier_words.progress(fields)
        sid = fields.get("CallSid", "")
        now = self.clock()
        said = ":".join(str(value) for _, value in data[:2])
        event = Event(f"{sid}:status:{said}", sid, "status", now, data)
        self.log.emit([event])

    def rescue(self, fields: Fields, sealed: str) -> Answer:
        """Ring with what is known, touching no store. Never raises."""
        try:
            answer = self._rescue(fields, sealed)
        except Exception:
            log.exception("rescue_failed")
            answer = Answer(self.last_resort)
        self._emit(fields.get("CallSid", ""), "rescued", ())
        return answer

    def _rescue(self, fields: Fields, sealed: str) -> Answer:
        now = self.clock()
        call = self._known(fields, sealed, now)
        event = carrier_words.event(fields)
        if isinstance(event, DialEnded) and event.disposition is Disposition.ANSWERED:
            return Answer(twiml.render((HangUp(),), self.links, self.caller_id))
        call = replace(call, rounds=call.rounds + 1, stage=Stage.RINGING)
        if call.rounds > ROUNDS:
            return Answer(self.last_resort)
        routing = self.surroundings.at(now).routing
        decision = routing.decide(call.place, call.need, now, Load())
        # A desk that was ringing when the fault came is not rung first again: it may be the fault.
        targets = decision.targets[call.rounds - 1 :] or decision.targets[-1:]
        call = replace(call, targets=targets)
        brief = Brief(call.sid, None, call.need, call.age, call.priority, call.caller, True, False)
        instructions = (Say(prompts.FAULT), Dial(targets[:1], call, brief, None))
        return Answer(twiml.render(instructions, self.links, self.caller_id))

    def _known(self, fields: Fields, sealed: str, now: datetime) -> Call:
        """The sealed state where it can be read, else what the caller's number tells."""
        sid = fields.get("CallSid", "")
        try:
            return envelope.open_call(self.sealer, sealed, sid, int(now.timestamp()))
        except Stale:
            caller = carrier_words.caller(fields)
            place = self.surroundings.at(now).places.locate(caller)
            return Call(sid=sid, caller=caller, place=place, began=int(now.timestamp()))

    def _left(self, call: Call, event: object, now: datetime) -> Answer:
        """The caller hung up: nothing more can be said to them."""
        dialled = event if isinstance(event, DialEnded) else None
        data = (
            ("stage", call.stage.name.lower()),
            ("disposition", dialled.disposition.value if dialled else None),
            ("seconds", dialled.seconds if dialled else None),
        )
        facts = (Fact("left", data),)
        return self._answer(call, Turn(replace(call, stage=Stage.ENDED), (HangUp(),), facts), now)

    def _answer(self, before: Call, turn: Turn, now: datetime) -> Answer:
        events = [
            Event(f"{before.sid}:{before.step}:{i}", before.sid, fact.name, now, self._data(fact, turn.call))
            for i, fact in enumerate(turn.facts)
        ]
        self.log.emit(events)
        document = twiml.render(turn.instructions, self.links, self.caller_id)
        shown = None
        if self.simulated and turn.decision:
            shown = told(turn.decision, self.surroundings.why(turn.decision))
        return Answer(document, shown)

    def _data(self, fact: Fact, call: Call) -> tuple[tuple[str, str | int | float | None], ...]:
        if fact.name != "arrived":
            return fact.data
        month = self.clock().strftime("%Y-%m")
        who = self.pseudonyms.of(call.caller, month) if call.caller else None
        return (*fact.data, ("who", who))

    def _emit(self, sid: str, name: str, data: tuple[tuple[str, str | int | float | None], ...]) -> None:
        now = self.clock()
        self.log.emit([Event(f"{sid}:{name}:{now.timestamp():.3f}", sid, name, now, data)])


def _taken(brief: Brief, desk: Desk | None) -> tuple[tuple[str, str | int | float | None], ...]:
    """Who took the call, with what the live load counts by."""
    if desk is None:
        return (("regulator", None),)
    told = (("regulator", desk.regulator), ("association", desk.association), ("line", line_mark(desk.phone)))
    return (*told, ("need", brief.need.value if brief.need else None))


def told(decision: Decision, why: str) -> str:
    """A decision for the stand-in, whose page shows it: percent-encoded JSON."""
    fields = {
        "outcome": decision.outcome.value,
        "association": decision.association,
        "commune": decision.commune,
        "targets": [
            {"association": t.association, "phone": t.phone, "ring_seconds": t.ring_seconds}
            for t in decision.targets
        ],
        "rulebook": decision.rulebook,
        "why": why,
        "trace": [{"rule": line.rule, "result": line.result} for line in decision.trace],
    }
    return quote(json.dumps(fields, ensure_ascii=False))
