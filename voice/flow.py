"""The call as a pure state machine: `advance(call, event, world) -> Turn`.

Every state answers every event, and every path ends with a person, a promise or the 15: silence and wrong
keys get two more tries, then a human with what is known; 0 reaches a human at any question; the star key
(or « 15 » typed) is the way out for a caller in danger, at any question.
"""

from __future__ import annotations

from msgspec.structs import replace

from routing.model import Decision, Load, Located, Need, PlaceSource
from voice import callback_flow, place_flow, prompts, ringing
from voice.call import (
    Arrived,
    Ask,
    Call,
    DialEnded,
    Event,
    Fact,
    Instruction,
    Pressed,
    Said,
    Say,
    Stage,
    Turn,
    World,
)
from workers.callbacks.callback import AgeClass

TRIES = 3  # a question is put at most three times, then a human takes over
DANGER_KEYS = frozenset({"15", "112"})
STAR, HUMAN_KEY = "*", "0"
# Who is asked to say a commune says the key as well, or cries for help.
_SAID_KEYS = {
    **dict.fromkeys(("zéro", "zero", "quelqu'un", "parler à quelqu'un"), HUMAN_KEY),
    **dict.fromkeys(("étoile", "au secours", "à l'aide", "aidez-moi", "aidez moi"), STAR),
    "quinze": "15",
}
LIKELY = 0.5  # from here on a landline's place is offered for confirmation, below it is asked
REMEMBERED = 0.9  # the place of the call-back this caller already waits for
_AGES = {"1": AgeClass.INFANT, "2": AgeClass.CHILD, "3": AgeClass.ADULT, "4": AgeClass.SENIOR}


def advance(call: Call, event: Event, world: World) -> Turn:
    """One step of a call. Total: whatever arrives in whatever state, the answer leads to a human.

    The step number grows by one, so that a repeated webhook (same sealed state) repeats the same step.
    """
    call = replace(call, step=call.step + 1)
    if isinstance(event, Arrived):
        return welcome(replace(call, caller=event.caller), world)
    if isinstance(event, DialEnded):
        return ringing.dial_ended(call, event, world)
    if isinstance(event, Pressed | Said):
        return _answered(call, event, world)
    return callback_flow.effect_done(call, event, world)


def welcome(call: Call, world: World) -> Turn:
    """The 15 first, then the place: confirmed by silence where the landline tells it, else asked."""
    guess = world.places.locate(call.caller)
    facts = (Fact("arrived", (("guess", guess.commune if guess else None),)),)
    first = Ask((prompts.WELCOME,), replace(call, place=guess, tries=0), timeout=1, silence=False)
    if world.open_callback is not None:
        known = world.open_callback.place
        place = Located(known, REMEMBERED, PlaceSource.MEMORY) if known else guess
        then = callback_flow.ask_waiting(replace(call, place=place), world.open_callback)
    elif guess is not None and guess.confidence >= LIKELY and world.places.name(guess.commune):
        then = place_flow.ask_confirm(call, guess, world)
    else:
        # An unlikely guess is kept for a caller who never answers: it is better than nothing.
        then = place_flow.ask_place(replace(call, place=guess), (prompts.ASK_PLACE,))
    return Turn(then.call, (first, *then.instructions), facts)


def _answered(call: Call, event: Pressed | Said, world: World) -> Turn:
    event = _key_said(event) if isinstance(event, Said) else event
    keys = event.digits if isinstance(event, Pressed) else ""
    # Who is frightened presses again and again until something is heard.
    if keys in DANGER_KEYS or keys.startswith(STAR) or (len(keys) < 5 and STAR in keys):
        return _danger(call, world)
    if keys and not keys.strip(HUMAN_KEY):
        return ringing.human(call, world)
    match call.stage:
        case Stage.WELCOME:
            return _typed_ahead(call, keys, world)
        case Stage.PLACE | Stage.CONFIRM | Stage.COMMUNE | Stage.HOMONYM:
            return _place_answered(call, event, world)
        case Stage.NEED:
            return _need_answered(call, keys, world)
        case Stage.AGE:
            return _age_answered(call, keys, world)
        case _:
            return callback_flow.answered(call, keys, world)


def _key_said(event: Said) -> Pressed | Said:
    words = event.words.lower().replace("’", "'").strip(" .,!?")
    key = _SAID_KEYS.get(words, words)
    return Pressed(key) if key in DANGER_KEYS | {STAR, HUMAN_KEY} else event


def _danger(call: Call, world: World) -> Turn:
    number = world.routing.emergency(call.place)
    call = replace(call, priority=True)
    turn = ringing.route(call, world, before=(Say(prompts.danger(number)),))
    return replace(turn, facts=(Fact("danger"), *turn.facts))


def _typed_ahead(call: Call, keys: str, world: World) -> Turn:
    """A caller who knows the menu types during the welcome: a postcode, its first digit, or the need.

    Only a likely place needs no answer first, and only before a need that rings a desk: the first digit of a
    postcode must not book a call-back.
    """
    if len(keys) > 1:
        return _place_answered(replace(call, stage=Stage.PLACE), Pressed(keys), world)
    if call.place is None or call.place.confidence < LIKELY:
        return place_flow.ask_place(replace(call, typed=keys), (prompts.ASK_PLACE,))
    need = _need_of(keys, call, world)
    if need is None or need is Need.TELECONSULTATION:
        return place_flow.ask_confirm(replace(call, typed=keys), call.place, world)
    return _need_answered(replace(call, stage=Stage.NEED), keys, world)


def _place_answered(call: Call, event: Pressed | Said, world: World) -> Turn:
    heard = place_flow.hear(call, event, world)
    if isinstance(heard, Turn):
        return heard
    if isinstance(heard, Located):
        facts = (Fact("located", (("place", heard.commune), ("source", heard.source.value))),)
        keys = event.digits if isinstance(event, Pressed) else ""
        keys = keys or call.typed
        call = replace(call, place=heard, typed="", choices=(), tries=0)
        ahead = keys if heard.source is PlaceSource.LANDLINE else ""
        turn = _need_answered(call, ahead, world) if ahead else _ask_need(call, world)
        return replace(turn, facts=facts + turn.facts)
    return _retry(call, heard, world)


def _retry(call: Call, text: str, world: World) -> Turn:
    """The place once more, or a human when it was asked often enough."""
    refused = call.stage is Stage.CONFIRM and call.place and call.place.source is PlaceSource.SPOKEN
    place = None if refused else call.place
    call = replace(call, tries=call.tries + 1, typed="", choices=(), place=place)
    if call.tries >= TRIES:
        return ringing.human(call, world)
    texts = (text, prompts.PLACE_NOT_HEARD) if text else (prompts.PLACE_NOT_HEARD,)
    return place_flow.ask_place(call, texts)


def _ask_need(call: Call, world: World, told: tuple[str, ...] = ()) -> Turn:
    """The menu of what can be had there now; what cannot be is said in one sentence first."""
    offers = world.routing.offers(call.place, world.now)
    if not told:  # the question's first time
        routing = world.routing
        first = (*routing.campaign(call.place, world.now), *routing.red_flags(call.place, world.now))
        told = tuple(map(prompts.speakable, first))
        if Need.VISIT not in offers:
            told += notice_of(call, Need.VISIT, world)
    call = replace(call, stage=Stage.NEED)
    if not offers:
        return ringing.route(call, world, before=tuple(Say(text) for text in told))
    ask = Ask((*told, prompts.need_menu(offers)), call, digits=1, timeout=4)
    return Turn(call, (ask,), (Fact("asked", (("question", "need"),)),))


def notice_of(call: Call, need: Need, world: World) -> tuple[str, ...]:
    """The sentence that says why `need` is not to be had there now; none when it is."""
    told = world.routing.decide(call.place, need, world.now, Load()).notice
    heard = call.place is not None and call.place.source is PlaceSource.LANDLINE
    where = None if heard else place_flow.name_of(call, world)  # the town was just said
    return (prompts.notice(told, where),) if told else ()


def _need_of(keys: str, call: Call, world: World) -> Need | None:
    offers = world.routing.offers(call.place, world.now)
    if keys.isdecimal() and 1 <= int(keys) <= len(offers):
        return offers[int(keys) - 1]
    return None


def _need_answered(call: Call, keys: str, world: World) -> Turn:
    need = _need_of(keys, call, world)
    if need is not None:
        call = replace(call, need=need, tries=0)
        decision = world.routing.decide(call.place, need, world.now, world.load)
        if world.routing.asks_age(decision.association):
            ask = Ask((prompts.ASK_AGE,), replace(call, stage=Stage.AGE), timeout=4)
            return Turn(ask.call, (ask,), (Fact("asked", (("question", "age"),)),))
        return _go(call, world, decision)
    if not keys:
        # Silence: a person who cannot or will not press is put through, the need unknown.
        return ringing.route(replace(call, need=None, tries=0), world)
    call = replace(call, tries=call.tries + 1)
    if call.tries >= TRIES:
        return ringing.human(call, world)
    return _ask_need(call, world, (prompts.CHOICE_NOT_HEARD,))


def _age_answered(call: Call, keys: str, world: World) -> Turn:
    """Silence or a wrong key never holds a caller up here: the age is a courtesy to the desk."""
    return _go(replace(call, age=_AGES.get(keys), tries=0), world)


def _go(call: Call, world: World, decision: Decision | None = None) -> Turn:
    if call.need is Need.TELECONSULTATION:
        return callback_flow.begin(call, world)
    before: tuple[Instruction, ...] = ()
    if call.place is not None and call.place.source is not PlaceSource.LANDLINE:
        before = (Say(prompts.connecting(place_flow.name_of(call, world))),)
    return ringing.route(call, world, before, decision)
