"""Sounds as a browser sends them: WAV files made of a tone."""

from __future__ import annotations

import io
import math
import wave
from array import array

RATE = 8000


def tone(
    seconds: float = 2.0, loud: float = 0.5, *, rate: int = RATE, channels: int = 1, hz: int = 440
) -> bytes:
    """A tone; `loud` above 1 is clipped."""
    steps = range(int(rate * seconds))
    heights = (loud * math.sin(2 * math.pi * hz * step / rate) for step in steps)
    samples = array(
        "h", (max(-32768, min(32767, round(h * 32767))) for h in heights for _ in range(channels))
    )
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return kept.getvalue()
