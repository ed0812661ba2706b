"""The call's state in the URL: packed, encrypted, signed, versioned, and too old after four hours.

A call therefore needs no Redis, no database and no particular process to go on, and a deploy in mid-call is
harmless. The nouns themselves are the format, as MessagePack lists of their fields: a field added at the end
of one, with a default, is read from a state sealed before it was there; any other change needs a new version.
"""

from __future__ import annotations

import zlib
from typing import TypeVar

from msgspec import DecodeError
from msgspec.msgpack import Decoder, Encoder

from config.sealing import Sealer, Unsealable
from voice.call import Brief, Call

VERSION = b"\x02"  # the first byte
_COMPRESSED = b"x"  # zlib's first byte
MAX_AGE = 4 * 3600  # seconds; the carrier's own limit on a call
SHORT = 700  # bytes; sealed and in base64 they stay below 1 kB
_CALL, _BRIEF = b"call", b"brief"
_pack = Encoder().encode
_calls, _briefs = Decoder(Call), Decoder(Brief)
_Noun = TypeVar("_Noun", Call, Brief)


class Stale(Exception):
    """The state cannot be used: forged, of an unknown version, or older than a call can be."""


def seal_call(sealer: Sealer, call: Call) -> str:
    """URL-safe text of at most 1 kB."""
    return _seal(sealer, call, _CALL)


def open_call(sealer: Sealer, text: str, sid: str, now: int) -> Call:
    """The state of call `sid` (None of another call's), `now` in epoch seconds. Raises `Stale`."""
    call = _open(sealer, text, _CALL, _calls)
    if call.sid != sid or not 0 <= now - call.began + 60 <= MAX_AGE + 60:
        raise Stale(f"state of step {call.step}")
    return call


def seal_brief(sealer: Sealer, brief: Brief) -> str:
    """What a desk is told before it takes the call, sealed for the whisper's URL."""
    return _seal(sealer, brief, _BRIEF)


def open_brief(sealer: Sealer, text: str) -> Brief:
    """The brief of a whisper's URL. Raises `Stale`."""
    return _open(sealer, text, _BRIEF, _briefs)


def _seal(sealer: Sealer, noun: Call | Brief, context: bytes) -> str:
    plain = VERSION + _pack(noun)
    # Setting a compressor up costs more than the rest of the step: only what would be too long is compressed.
    return sealer.seal(plain if len(plain) <= SHORT else zlib.compress(plain, 1), context)


def _open(sealer: Sealer, text: str, context: bytes, decoder: Decoder[_Noun]) -> _Noun:
    try:
        plain = sealer.unseal(text, context)
        if plain[:1] == _COMPRESSED:
            plain = zlib.decompress(plain)
        if plain[:1] != VERSION:
            raise Stale(f"state of version {plain[:1].hex()}")
        return decoder.decode(plain[1:])
    except (Unsealable, zlib.error, DecodeError) as error:
        raise Stale("unreadable state") from error
