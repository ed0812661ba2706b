"""A recording as the telephone takes it: WAV, 8 kHz, mono, 16 bits, 1 to 60 s, neither silent nor clipped."""

from __future__ import annotations

import io
import sys
import wave
from array import array
from dataclasses import dataclass
from hashlib import sha256

RATE = 8000  # samples a second: what a telephone line carries
SHORTEST, LONGEST = 1.0, 60.0  # seconds
MOST_BYTES = int(RATE * 2 * LONGEST) + 64 * 1024  # room for the headers some programs write
MOST_WORDS = 400  # characters, as an announcement
_LOUD = 655  # of 32768: -34 dB; a voice on a poor microphone is ten times louder
_BLOCK = RATE // 10  # a tenth of a second
_LOUD_BLOCKS = 5  # half a second of voice at least: a click does not make an announcement
_EDGES = (32767, -32768)
_CLIPPED = 0.001  # of the samples


class Unfit(ValueError):
    """The recording cannot be played to a patient; the message says why, in French, and what to do."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that passed: `wav` holds a bare header and the samples, nothing else."""

    wav: bytes
    seconds: float


def judge(body: bytes) -> Sound:
    """The recording in these bytes. Raises `Unfit`."""
    if len(body) > MOST_BYTES:
        raise Unfit("Le fichier est trop gros : une minute au plus, à 8 kHz.")
    samples = _samples(body)
    seconds = len(samples) / RATE
    if not SHORTEST <= seconds <= LONGEST:
        said = f"{seconds:.1f}".replace(".", ",")
        raise Unfit(f"L'enregistrement dure {said} s : il en faut 1 au moins et 60 au plus.")
    blocks = (samples[start : start + _BLOCK] for start in range(0, len(samples), _BLOCK))
    if sum(max(max(block), -min(block)) >= _LOUD for block in blocks) < _LOUD_BLOCKS:
        raise Unfit("On n'entend rien : parlez plus près du micro, puis recommencez.")
    if sum(map(samples.count, _EDGES)) > _CLIPPED * len(samples):
        raise Unfit("Le son sature : éloignez-vous du micro, puis recommencez.")
    return Sound(_written(samples), seconds)


def name_of(wav: bytes, words: str) -> str:
    """The recording's name: a hash of its words and its sound, so that neither changes under it."""
    return sha256(words.encode() + b"\0" + wav).hexdigest()


def _samples(body: bytes) -> array[int]:
    try:
        with wave.open(io.BytesIO(body)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            samples = array("h", file.readframes(file.getnframes())) if form == (1, 2, RATE) else None
    except (wave.Error, EOFError, ValueError, RuntimeError):  # the last for chunks that lie about their size
        raise Unfit("Ce n'est pas un fichier WAV lisible.") from None
    if samples is None:
        raise Unfit("Il faut du WAV à 8 kHz, mono, 16 bits : c'est ce que le navigateur prépare.")
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _written(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return kept.getvalue()
