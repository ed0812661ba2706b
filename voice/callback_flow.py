"""The dialogue that takes a call-back: which number, for whom, with or without video, then the promise."""

from __future__ import annotations

from msgspec.structs import replace

from routing import numbers
from routing.model import Need
from voice import prompts, ringing
from voice.call import (
    Ask,
    BookCallback,
    Booked,
    Call,
    CancelCallback,
    Cancelled,
    Event,
    Fact,
    HangUp,
    NotBooked,
    OpenCallback,
    Say,
    Stage,
    Turn,
    World,
)
from voice.ringing import figures

TRIES = 3
NUMBER_LENGTH = 10


def begin(call: Call, world: World) -> Turn:
    """A teleconsultation was chosen, or a call-back accepted: who owes it, and on which number?"""
    need = call.need or Need.TELECONSULTATION
    decision = world.routing.decide(call.place, need, world.now, world.load)
    # The owner of the call-back, and whom to ring should the booking fail, are known from here on.
    call = replace(
        call,
        association=call.association or decision.association,
        targets=call.targets or decision.targets,
        tries=0,
    )
    turn = _ask_number(call, world)
    return replace(turn, facts=(Fact("decided", figures(decision, need)), *turn.facts), decision=decision)


def ask_waiting(call: Call, waiting: OpenCallback) -> Turn:
    """This caller already waits for a call-back: say the time, offer to cancel, change or speak."""
    call = replace(call, stage=Stage.OPEN, callback=waiting.id)
    ask = Ask((prompts.waiting(waiting.promise, waiting.ahead),), call, timeout=4)
    return Turn(call, (ask,), (Fact("asked", (("question", "waiting"),)),))


def answered(call: Call, keys: str, world: World) -> Turn:
    """Keys, or silence, at one of this dialogue's questions."""
    match call.stage:
        case Stage.OFFER:
            return _offer_answered(call, keys, world)
        case Stage.OPEN:
            return _waiting_answered(call, keys, world)
        case Stage.OWN_NUMBER:
            return _own_answered(call, keys, world)
        case Stage.TYPED_NUMBER:
            return _number_typed(call, keys, world)
        case Stage.READ_BACK:
            return _read_back_answered(call, keys, world)
        case Stage.CONSENT:
            return _book(replace(call, video=keys == "1"))
        case _:
            # A key where no question was open: the caller is there, so someone is rung.
            return ringing.human(call, world)


def effect_done(call: Call, event: Event, world: World) -> Turn:
    """The booking or the cancelling was carried out, or could not be."""
    if isinstance(event, Booked):
        ended = replace(call, stage=Stage.ENDED)
        promise = Say(prompts.promised(event.promise, call.number or call.caller or ""))
        return Turn(ended, (promise, HangUp()), (Fact("booked", (("promise", event.promise),)),))
    if isinstance(event, NotBooked):
        turn = ringing.again(call, world)
        told = prompts.NOT_CHANGED if call.callback else prompts.NOT_BOOKED
        return replace(turn, instructions=(Say(told), *turn.instructions))
    if isinstance(event, Cancelled):
        turn = ringing.route(replace(call, callback=None), world, (Say(prompts.CALLBACK_CANCELLED),))
        return replace(turn, facts=(Fact("cancelled"), *turn.facts))
    return ringing.human(call, world)


def _offer_answered(call: Call, keys: str, world: World) -> Turn:
    if keys == "1":
        return begin(call, world)
    if keys == "2":
        return ringing.again(call, world)
    if call.tries + 1 < TRIES:
        call = replace(call, tries=call.tries + 1)
        return Turn(call, (ringing.ask_offer(call, world),))
    if _own_number(call) and not call.priority:
        # Silent three times, perhaps unable to press: a promise is safer than another round of ringing,
        # but not hours of waiting for who pressed the key of the red flags.
        return _book(replace(call, number=call.caller))
    return ringing.again(call, world)


def _waiting_answered(call: Call, keys: str, world: World) -> Turn:
    if keys == "1":
        return Turn(call, (CancelCallback(call),))
    if keys == "2":
        return _ask_typed(replace(call, tries=0), ())
    return ringing.human(call, world)


def _ask_number(call: Call, world: World) -> Turn:
    if not _own_number(call):
        return _ask_typed(call, ())
    return _ask_own(replace(call, stage=Stage.OWN_NUMBER, number=call.caller), world)


def _ask_own(call: Call, world: World) -> Turn:
    texts = (*_without_video(call, world), prompts.own_number(call.caller or ""))
    return Turn(call, (Ask(texts, call, timeout=5),))


def _own_number(call: Call) -> bool:
    return call.caller is not None and numbers.callable_problem(call.caller) is None


def _own_answered(call: Call, keys: str, world: World) -> Turn:
    if keys == "1":
        return _ask_consent(call, world)
    if keys == "2":
        return _ask_typed(replace(call, tries=0), ())
    call = replace(call, tries=call.tries + 1)
    if call.tries >= TRIES:
        return _book(call)  # they asked to be rung back, and this is the number they ring from
    return _ask_own(call, world)


def _ask_typed(call: Call, told: tuple[str, ...]) -> Turn:
    call = replace(call, stage=Stage.TYPED_NUMBER)
    return Turn(call, (Ask((*told, prompts.ASK_NUMBER), call, digits=NUMBER_LENGTH, timeout=6),))


def _number_typed(call: Call, keys: str, world: World) -> Turn:
    number = numbers.normalise(keys)
    if number is not None and numbers.callable_problem(number) is None:
        return _ask_read_back(replace(call, stage=Stage.READ_BACK, number=number, tries=0), world)
    call = replace(call, tries=call.tries + 1)
    if call.tries >= TRIES or keys == "0":
        return ringing.human(call, world)
    return _ask_typed(call, (prompts.NUMBER_REFUSED,) if keys else ())


def _ask_read_back(call: Call, world: World) -> Turn:
    texts = (*_without_video(call, world), prompts.read_back(call.number or ""))
    return Turn(call, (Ask(texts, call, timeout=5),))


def _read_back_answered(call: Call, keys: str, world: World) -> Turn:
    if keys == "1":
        return _ask_consent(call, world)
    if keys == "2":
        return _ask_typed(replace(call, number=None, tries=0), ())
    call = replace(call, tries=call.tries + 1)
    if call.tries >= TRIES:
        return _book(call)  # heard twice and not corrected
    return _ask_read_back(call, world)


def _ask_consent(call: Call, world: World) -> Turn:
    """Video needs a room, a mobile for its link, and a yes; without them it is advice by telephone."""
    if call.callback or call.need is not Need.TELECONSULTATION or _without_video(call, world):
        return _book(call)
    call = replace(call, stage=Stage.CONSENT, tries=0)
    return Turn(call, (Ask((prompts.ASK_CONSENT,), call, timeout=5),))


def _without_video(call: Call, world: World) -> tuple[str, ...]:
    """What a caller is told who asked for a teleconsultation where no video can be had: the 1 accepts it."""
    if call.callback or call.need is not Need.TELECONSULTATION:
        return ()
    possible = world.routing.video(call.association) and numbers.is_mobile(call.number or "")
    return () if possible else (prompts.ADVICE_ONLY,)


def _book(call: Call) -> Turn:
    call = replace(call, tries=0)
    return Turn(call, (BookCallback(call),))
