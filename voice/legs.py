"""The dialogue of a call-back's two legs, pure: which key means what, and what is said next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voice import leg_prompts as prompts
from workers.callbacks.callback import Conclusion

TRIES = 2  # how often a question is asked before silence is an answer


class Step(StrEnum):
    """What a leg is asked; the last part of its URL."""

    DOCTOR = "doctor"
    KEY = "key"
    PATIENT = "patient"
    PATIENT_KEY = "patient-key"
    TALK = "talk"
    OUTCOME = "outcome"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Ask:
    """Say, and wait for one key, which goes to `step`; `tries` counts the times it was asked before."""

    texts: tuple[str, ...]
    step: Step
    tries: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """Say, and hang this leg up."""

    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """The two legs are joined."""


@dataclass(frozen=True, slots=True)
class RingPatient:
    """The doctor has accepted: the patient is rung from this leg."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The doctor passes, or nobody is at the telephone: the next one."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Nobody pressed 1: a machine has picked up, it is left a message."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """The doctor has said how it went."""

    conclusion: Conclusion | None


def doctor_key(whisper: str, digits: str, tries: int) -> RingPatient | Pass | Ask:
    """1 accepts, 2 passes; silence and wrong keys are asked once more, then it is the next doctor's."""
    if digits == "1":
        return RingPatient()
    if digits == "2" or tries + 1 >= TRIES:
        return Pass()
    return opening(whisper, tries + 1)


def opening(whisper: str, tries: int = 0) -> Ask:
    """What the doctor hears when picking up."""
    return Ask((whisper, prompts.TAKE_OR_LEAVE), Step.KEY, tries)


def patient_key(digits: str, tries: int) -> Join | Machine | Ask:
    """Any key joins: a patient who is ill may miss the 1, a machine presses none."""
    if digits:
        return Join()
    if tries + 1 >= TRIES:
        return Machine()
    return Ask((prompts.PATIENT_PICKS_UP,), Step.PATIENT_KEY, tries + 1)


def outcome_key(digits: str, tries: int) -> Conclude | Ask:
    """After the talk. Silence ends it without a conclusion: they did talk."""
    keyed = {"1": Conclusion.DONE, "2": Conclusion.VISIT, "3": Conclusion.FIFTEEN}.get(digits)
    if keyed:
        return Conclude(keyed)
    if digits == "4":
        return Ask((prompts.OTHER_ISSUE,), Step.OTHER)
    return Conclude(None) if tries + 1 >= TRIES else Ask((prompts.CONCLUDE,), Step.OUTCOME, tries + 1)


def other_key(digits: str, tries: int) -> Conclude | Ask:
    """The rarer issues."""
    keyed = {"1": Conclusion.UNREACHABLE, "2": Conclusion.WRONG_NUMBER}.get(digits)
    if keyed:
        return Conclude(keyed)
    return Conclude(None) if tries + 1 >= TRIES else Ask((prompts.OTHER_ISSUE,), Step.OTHER, tries + 1)
