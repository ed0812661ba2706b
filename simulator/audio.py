"""How long what is heard lasts: about fifteen characters a second in French, or a recording's own length."""

import io
import wave
import xml.etree.ElementTree as ET

from simulator.people import CHARACTERS_A_SECOND

UNKNOWN_SECONDS = 3.0
BREAK_SECONDS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.0}


def spoken_seconds(say: ET.Element, words: str) -> float:
    """Seconds of a `<Say>`, its breaks included."""
    return len(words) / CHARACTERS_A_SECOND + sum(_break(one) for one in say.iter("break"))


def wav_seconds(body: bytes) -> float:
    """Seconds of a WAV file; three for anything else."""
    try:
        with wave.open(io.BytesIO(body)) as recording:
            return float(recording.getnframes() / recording.getframerate())
    except (wave.Error, EOFError):
        return UNKNOWN_SECONDS


def _break(element: ET.Element) -> float:
    time = element.get("time", "")
    if time.endswith("ms"):
        return float(time[:-2]) / 1000
    return float(time.removesuffix("s")) if time else BREAK_SECONDS[element.get("strength", "medium")]
