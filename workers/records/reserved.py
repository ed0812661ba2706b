"""CallSids of our own test calls: what is told of them is in no figure and in no live picture."""

from __future__ import annotations

SYNTHETIC = "CA362436243624"  # one of the carrier's own begins so in 10**14


def synthetic(call: str) -> bool:
    """Whether a call is one of our own tests."""
    return call.startswith(SYNTHETIC)
