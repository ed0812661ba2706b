"""How long a call-back may stay in each state before someone asks the carrier what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from workers.callbacks.callback import State
from workers.callbacks.policy import RETRIES


@dataclass(frozen=True, slots=True)
class Timing:
    """Leases, by database time. Tests shorten them; the defaults follow the carrier (docs/callbacks.md)."""

    dialling: timedelta = timedelta(seconds=30)  # our POST gives up after 5 s
    settle: timedelta = timedelta(seconds=90)  # the carrier's own time-out is 26 s, and its list lags
    placed: timedelta = timedelta(minutes=3)  # it queues what comes faster than one call a second
    ringing: timedelta = timedelta(minutes=2)
    patient: timedelta = timedelta(minutes=2)
    talk: timedelta = timedelta(hours=2)
    again: timedelta = timedelta(seconds=20)  # the carrier could not be asked, or the leg still lives
    carrier: timedelta = timedelta(seconds=5)  # our patience with its REST API
    retries: tuple[timedelta, ...] = RETRIES  # after which a missed patient is rung again

    def lease(self, state: State) -> timedelta:
        """How long the state is believed without news."""
        return {
            State.DIALLING: self.dialling,
            State.PLACED: self.placed,
            State.DOCTOR_RINGING: self.ringing,
            State.PATIENT_RINGING: self.patient,
            State.BRIDGED: self.talk,
        }[state]
