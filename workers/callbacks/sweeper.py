"""Every few seconds: rings what is due, asks the carrier, sends what is owed, merges what lay on disk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from workers.callbacks.attempts import ENDED, Attempts
from workers.callbacks.callback import Booking, Disposition, Promise, State
from workers.callbacks.courier import Courier
from workers.callbacks.doctors import Doctors
from workers.callbacks.failpoints import failpoint
from workers.callbacks.joined import Joined
from workers.callbacks.lapses import Lapse, Lapses
from workers.callbacks.spool import Spool
from workers.callbacks.store import Callbacks
from workers.callbacks.telephony import Carrier, Leg
from workers.callbacks.telling import Telling

SKEW = timedelta(seconds=30)  # between the database's clock and the carrier's, whole seconds included
log = structlog.get_logger(__name__)


class Sweeper:
    """The part of the clock that concerns call-backs. Each step may run twice, and in several processes."""

    def __init__(
        self,
        *,
        callbacks: Callbacks,
        attempts: Attempts,
        lapses: Lapses,
        courier: Courier,
        doctors: Doctors,
        spool: Spool,
        joined: Joined,
        telling: Telling,
        carrier: Carrier,
        bell: Callable[[str], None],
    ) -> None:
        self._callbacks, self._attempts, self._lapses = callbacks, attempts, lapses
        self._courier, self._doctors, self._spool = courier, doctors, spool
        self._carrier, self._bell, self._joined, self._telling = carrier, bell, joined, telling

    def steps(self) -> tuple[Callable[[], object], ...]:
        """Everything to do in one round, each to be run though another fails."""
        return (
            self._lapses.undo_clock_jump,
            self.merge_joined,
            self.merge_spool,
            self.ring_bells,
            self._lapses.to_unknown,
            self.ask_the_carrier,
            self._lapses.hand_to_people,
            self._lapses.warn_of_delay,
            self._courier.send_notices,
            self._doctors.close_forgotten,
            self._telling.tell_the_records,
        )

    def ring_bells(self) -> int:
        """Ring for whatever SQL says is due, whether or not RQ remembers it."""
        due = self._lapses.due()
        for callback_id in due:
            self._bell(callback_id)
        return len(due)

    def merge_spool(self) -> int:
        """Bookings taken while the database was away."""

        def book(booking: Booking, promise: Promise) -> None:
            self._callbacks.book(booking, promise)
            failpoint("spool_merged")

        return self._spool.merge(book)

    def merge_joined(self) -> int:
        """Patients put through while the database was away, before anything takes them for missed."""
        return self._joined.merge(self._attempts.connected)

    def ask_the_carrier(self) -> int:
        """Resolve unknown attempts by the carrier's list, and legs without news by their own state.

        Once it does not answer it is left alone until the next round: each question may take its whole
        patience, and what is due elsewhere would wait for all of them.
        """
        asked = 0
        for lapse in self._lapses.to_ask():
            asked += 1
            resolve = self._reconcile if lapse.state is State.UNKNOWN else self._follow_up
            if not resolve(lapse):
                break
        return asked

    def _reconcile(self, lapse: Lapse) -> bool:
        legs = self._carrier.calls_to(lapse.to)
        failpoint("listed")
        if legs is None:
            self._lapses.wait_more(lapse)
            return False
        candidates = [leg for leg in legs if _may_be(leg, lapse)]
        bound = self._lapses.bound([leg.sid for leg in candidates])
        ours = [leg for leg in candidates if leg.sid not in bound]
        log.info("attempt_reconciled", callback_id=lapse.link.callback_id, found=len(ours))
        if not ours:
            self._attempts.not_found(lapse.link)
            return True
        oldest = min(ours, key=lambda leg: leg.created or lapse.reserved_at)
        if not self._attempts.placed(lapse.link, oldest.sid):
            self._carrier.hang_up(oldest.sid)
        elif oldest.over:
            self._attempts.status(lapse.link, oldest.sid, oldest.status)
        return True

    def _follow_up(self, lapse: Lapse) -> bool:
        leg = self._carrier.leg(lapse.call_sid) if lapse.call_sid else None
        if leg and leg.over:
            self._attempts.leg_ended(lapse.link, ENDED.get(leg.status, Disposition.FAILED))
        else:
            self._lapses.wait_more(lapse)
        return leg is not None


def _may_be(leg: Leg, lapse: Lapse) -> bool:
    recent = leg.created is None or leg.created >= lapse.reserved_at - SKEW
    return recent and leg.shown == lapse.caller_id
