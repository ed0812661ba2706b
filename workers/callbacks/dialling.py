"""Placing one attempt: reserve, commit, one POST, and what its answer means."""

from __future__ import annotations

import secrets
from datetime import timedelta

import structlog

from workers.callbacks.attempts import Attempts
from workers.callbacks.failpoints import failpoint
from workers.callbacks.fence import Link
from workers.callbacks.links import Links
from workers.callbacks.pace import Pace
from workers.callbacks.reservations import Reservation, Reservations
from workers.callbacks.telephony import Carrier, Placed, Refused, Throttled, Unknown

log = structlog.get_logger(__name__)


class Dialler:
    """Rings doctors, most urgent patient first, at the carrier's pace."""

    def __init__(
        self, reservations: Reservations, attempts: Attempts, carrier: Carrier, links: Links, pace: Pace
    ) -> None:
        self._reservations, self._attempts = reservations, attempts
        self._carrier, self._links, self._pace = carrier, links, pace

    def place_next(self) -> bool:
        """Ring for the most urgent call-back. False when there was none, no telephone free, or no turn.

        The row is chosen after the turn has come: who rang the bell does not matter, who waits most does.
        """
        if not self._pace.wait():
            return False
        reservation = self._reservations.take()
        if reservation is None:
            return False
        failpoint("reserved")
        self._ring(reservation)
        return True

    def _ring(self, reservation: Reservation) -> None:
        attempt = reservation.attempt
        link = Link(attempt.callback_id, attempt.token)
        reply = self._carrier.place(attempt.to, attempt.caller_id, self._links.of_call(link))
        failpoint("posted")
        log.info("callback_attempt", callback_id=link.callback_id, reply=type(reply).__name__)
        match reply:
            case Placed(sid):
                if not self._attempts.placed(link, sid):
                    self._carrier.hang_up(sid)
                failpoint("placed_committed")
            case Throttled(pause):
                self._attempts.throttled(link, pause + _jitter())
            case Refused(code):
                log.warning("telephone_refused", callback_id=link.callback_id, code=code)
                self._attempts.refused(link)
            case Unknown(why):
                log.warning("attempt_unknown", callback_id=link.callback_id, why=why)
                self._attempts.uncertain(link)
                failpoint("uncertain_committed")


def _jitter() -> timedelta:
    """Workers throttled together must not come back together."""
    return timedelta(milliseconds=secrets.randbelow(2000))
