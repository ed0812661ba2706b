"""The call's state in the URL: packed, encrypted, signed, versioned, and too old after four hours.

A call therefore needs no Redis, no database and no particular process to go on, and a deploy in mid-call is
harmless: an older version is still read while the sealing keys live.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from config.sealing import Sealer, Unsealable
from routing.model import Located, Need, PlaceSource, Target
from voice.call import Brief, Call, Desk, Stage
from workers.callbacks.callback import AgeClass

VERSION = 1
MAX_AGE = 4 * 3600  # seconds; the carrier's own limit on a call
SHORT = 700  # bytes; sealed and in base64 they stay below 1 kB
_CALL, _BRIEF = b"call", b"brief"
_encoded = json.JSONEncoder(separators=(",", ":")).encode


class Stale(Exception):
    """The state cannot be used: forged, of an unknown version, or older than a call can be."""


def seal_call(sealer: Sealer, call: Call) -> str:
    """URL-safe text of at most 1 kB."""
    return sealer.seal(_squeeze(_pack(call)), _CALL)


def open_call(sealer: Sealer, text: str, sid: str, now: int) -> Call:
    """The state of call `sid` (None of another call's), `now` in epoch seconds. Raises `Stale`."""
    call = _unpack(_unsqueeze(sealer, text, _CALL))
    if call.sid != sid or not 0 <= now - call.began + 60 <= MAX_AGE + 60:
        raise Stale(f"state of step {call.step}")
    return call


def seal_brief(sealer: Sealer, brief: Brief) -> str:
    """What a desk is told before it takes the call, sealed for the whisper's URL."""
    fields = [VERSION, brief.sid, brief.place, brief.need, brief.age, brief.priority, brief.caller]
    desks = [[desk.regulator, desk.phone, desk.association] for desk in brief.desks]
    return sealer.seal(_squeeze([*fields, brief.accept_key, brief.shown, brief.tries, desks]), _BRIEF)


def open_brief(sealer: Sealer, text: str) -> Brief:
    """The brief of a whisper's URL. Raises `Stale`."""
    fields = _unsqueeze(sealer, text, _BRIEF)
    # A brief sealed before a deploy lacks the desks, or whom they answer for.
    sid, place, need, age, priority, caller, accept_key, shown, tries, *desks = fields
    return Brief(
        sid=sid,
        place=place,
        need=Need(need) if need else None,
        age=AgeClass(age) if age else None,
        priority=priority,
        caller=caller,
        accept_key=accept_key,
        shown=shown,
        tries=tries,
        desks=tuple(Desk(*one) for one in desks[0]) if desks else (),
    )


def _squeeze(fields: list[Any]) -> bytes:
    plain = _encoded(fields).encode()
    # Setting a compressor up costs more than the rest of the step: only what would be too long is compressed.
    return plain if len(plain) <= SHORT else zlib.compress(plain, 1)


def _unsqueeze(sealer: Sealer, text: str, context: bytes) -> list[Any]:
    try:
        plain = sealer.unseal(text, context)
        fields: list[Any] = json.loads(plain if plain[:1] == b"[" else zlib.decompress(plain))
    except (Unsealable, zlib.error, ValueError) as error:
        raise Stale("unreadable state") from error
    if fields[0] != VERSION:
        raise Stale(f"state of version {fields[0]}")
    return fields[1:]


def _pack(call: Call) -> list[Any]:
    place = call.place and [call.place.commune, call.place.confidence, call.place.source]
    targets = [
        [
            t.association,
            t.regulator,
            t.phone,
            t.ring_seconds,
            t.accept_key + 2 * t.shows_caller + 4 * t.together,
        ]
        for t in call.targets
    ]
    return [
        VERSION, call.sid, call.stage, call.step, call.caller, call.tries, place, call.typed, call.choices,
        call.need, call.age, call.priority, call.association, targets, call.rounds, call.number, call.video,
        call.callback, call.began,
    ]  # fmt: skip


def _unpack(fields: list[Any]) -> Call:
    (
        sid, stage, step, caller, tries, place, typed, choices, need, age, priority, association, targets,
        rounds, number, video, callback, began,
    ) = fields  # fmt: skip
    return Call(
        sid=sid,
        stage=Stage(stage),
        step=step,
        caller=caller,
        tries=tries,
        place=Located(place[0], place[1], PlaceSource(place[2])) if place else None,
        typed=typed,
        choices=tuple(choices),
        need=Need(need) if need else None,
        age=AgeClass(age) if age else None,
        priority=priority,
        association=association,
        targets=tuple(Target(a, r, p, s, bool(f & 1), bool(f & 2), bool(f & 4)) for a, r, p, s, f in targets),
        rounds=rounds,
        number=number,
        video=video,
        callback=callback,
        began=began,
    )
