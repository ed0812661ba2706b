"""Ringing the desks in order, and what is offered when none of them answers."""

from __future__ import annotations

from msgspec.structs import replace

from routing.model import Decision, Need, Target
from voice import place_flow, prompts
from voice.call import (
    Ask,
    Brief,
    Call,
    Desk,
    Dial,
    DialEnded,
    Fact,
    HangUp,
    Instruction,
    Say,
    Stage,
    Turn,
    World,
)
from workers.callbacks.callback import Disposition

TOGETHER = 10  # the carrier rings at most ten numbers at once
ROUNDS = 3  # the whole list is rung at most three times before the last resort is spoken
CUT_SHORT = 5  # a talk shorter than this, the caller still there, was a line that broke
WHISPERED = 8  # the carrier counts from the desk's answer, so what it is told before it takes the patient


def route(
    call: Call, world: World, before: tuple[Instruction, ...] = (), decision: Decision | None = None
) -> Turn:
    """Decide with what is known (or as was just decided), tell the caller what has to be told, ring."""
    if decision is None:
        decision = world.routing.decide(call.place, call.need, world.now, world.load)
    call = replace(call, association=decision.association, targets=decision.targets, tries=0)
    turn = ring(call, world, before + _told(call, decision, world))
    facts = (Fact("decided", figures(decision, call.need)), *turn.facts)
    return replace(turn, facts=facts, decision=decision)


def human(call: Call, world: World) -> Turn:
    """A person, with what is known: 0 was pressed, or a question went unanswered too often."""
    return route(call, world, before=(Say(prompts.TO_A_HUMAN),))


def ring(call: Call, world: World, before: tuple[Instruction, ...] = ()) -> Turn:
    """Ring the next desk, or the next group that rings together."""
    if not call.targets:
        return offer(call, world)
    group = _group(call.targets)
    call = replace(call, stage=Stage.RINGING)
    shown = bool(call.caller) and all(target.shows_caller for target in group)
    brief = Brief(
        sid=call.sid,
        place=place_flow.name_of(call, world),
        need=call.need,
        age=call.age,
        priority=call.priority,
        caller=call.caller,
        accept_key=any(target.accept_key for target in group),
        shown=shown,
        desks=tuple(Desk(target.regulator, target.phone, target.association) for target in group),
    )
    dial = Dial(group, call, brief, call.caller if shown else None)
    facts = tuple(
        Fact(
            "ringing",
            (
                ("regulator", target.regulator),
                ("association", target.association),
                ("owner", call.association),
            ),
        )
        for target in group
    )
    return Turn(call, (*before, dial), facts)


def dial_ended(call: Call, event: DialEnded, world: World) -> Turn:
    """Answered: the call is over. Anything else: the next desk, then the offer of a call-back."""
    group = _group(call.targets)
    names = ",".join(target.regulator for target in group)
    answered = event.disposition is Disposition.ANSWERED
    broke = answered and event.seconds < _cut_short(group)
    disposition = Disposition.FAILED if broke else event.disposition
    data = (("regulator", names), ("disposition", disposition.value), ("seconds", event.seconds))
    if answered and not broke:
        ended = replace(call, stage=Stage.ENDED)
        return Turn(ended, (HangUp(),), (Fact("answered", data),))
    rest = call.targets[len(group) :] if group else ()
    call = replace(call, targets=rest)
    turn = ring(call, world, (Say(prompts.NEXT_DESK),)) if rest else offer(call, world)
    return replace(turn, facts=(Fact("unanswered", data), *turn.facts))


def _cut_short(group: tuple[Target, ...]) -> int:
    return CUT_SHORT + WHISPERED * any(target.accept_key for target in group)


def offer(call: Call, world: World) -> Turn:
    """Nobody answered: a call-back, or another round."""
    call = replace(call, stage=Stage.OFFER, tries=0)
    return Turn(call, (ask_offer(call, world),), (Fact("offered"),))


def ask_offer(call: Call, world: World) -> Ask:
    """The offer; a caller in danger is told again whom to ring instead."""
    danger = (prompts.danger(world.routing.emergency(call.place)),) if call.priority else ()
    return Ask((*danger, prompts.OFFER), call, timeout=6)


def again(call: Call, world: World) -> Turn:
    """The whole list once more; after three rounds the last resort is spoken, never a bare hang-up."""
    call = replace(call, rounds=call.rounds + 1, tries=0)
    if call.rounds >= ROUNDS:
        ended = replace(call, stage=Stage.ENDED)
        return Turn(ended, (Say(prompts.LAST_RESORT), HangUp()), (Fact("last_resort"),))
    return route(call, world, before=(Say(prompts.STAY),))


def _group(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    size = 1
    while size < min(len(targets), TOGETHER) and targets[size].together:
        size += 1
    return targets[:size]


def _told(call: Call, decision: Decision, world: World) -> tuple[Instruction, ...]:
    """What the caller must know before the desk rings: what cannot be had, and the owner's announcement."""
    told: list[Instruction] = []
    if decision.notice is not None and call.need is not None:
        told.append(Say(prompts.notice(decision.notice, place_flow.name_of(call, world))))
    announcement = world.routing.announcement(decision.association, world.now)
    if announcement and not call.priority:
        audio = world.routing.recording(decision.association)
        told.append(Say(prompts.speakable(announcement), audio))
    return tuple(told)


def figures(decision: Decision, need: Need | None) -> tuple[tuple[str, str | int | float | None], ...]:
    """A decision as an event keeps it."""
    return (
        ("outcome", decision.outcome.value),
        ("association", decision.association),
        ("place", decision.commune),
        ("need", need.value if need else None),
        ("rulebook", decision.rulebook),
        ("trace", " ; ".join(f"{line.rule}={line.result}" for line in decision.trace)),
    )
