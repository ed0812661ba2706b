"""What the carrier and the legs tell of an attempt, each told thing one conditional update or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from config.stores import database_now, reading
from routing.numbers import is_mobile
from workers.callbacks import fence, outcomes, policy
from workers.callbacks.callback import IN_ATTEMPT, Attempt, Callback, Cause, Conclusion, Disposition, State
from workers.callbacks.failpoints import failpoint
from workers.callbacks.fence import Link
from workers.callbacks.notices import Notice, owe
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import attempts, callbacks
from workers.callbacks.timing import Timing
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

ZoneOf = Callable[[str | None], tzinfo]  # INSEE code -> the patient's time zone


RANKS = {"queued": 0, "initiated": 1, "ringing": 2, "in-progress": 3}  # any other word is the end: 4
ENDED = {
    "completed": Disposition.ANSWERED,
    "busy": Disposition.BUSY,
    "no-answer": Disposition.NO_ANSWER,
    "canceled": Disposition.CANCELED,
}


class Attempts:
    """The second fence: whatever does not hold the current token, or comes from another CallSid, is void."""

    def __init__(self, engine: Engine, vault: Vault, timing: Timing, zone_of: ZoneOf) -> None:
        self._engine, self._timing, self._zone_of = engine, timing, zone_of
        self._callbacks, self._vault = Callbacks(engine, vault), vault

    # --- what the carrier answered to our POST

    def placed(self, link: Link, call_sid: str) -> bool:
        """The carrier has the call. False when it must be hung up: cancelled meanwhile, or a second one."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            if not fence.bind(connection, link, call_sid):
                return False
            lease = now + self._timing.placed
            move(connection, Cause.PLACED, link.callback_id, now, held=link.token, lease_until=lease)
            return fence.state(connection, link) in IN_ATTEMPT

    def uncertain(self, link: Link) -> None:
        """The carrier may have it: wait for its list."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            settle = {"settle_at": now + self._timing.settle, "lease_until": None}
            move(connection, Cause.UNCERTAIN, link.callback_id, now, held=link.token, **settle)

    def throttled(self, link: Link, pause: timedelta) -> None:
        """Nothing left: due again after `pause`. It counts as no ring: a carrier away is no poisoned row."""
        self._returned(Cause.THROTTLED, link, None, pause, rings=callbacks.c.rings - 1)

    def refused(self, link: Link) -> None:
        """The carrier will never ring this telephone: the next one."""
        self._returned(Cause.REFUSED, link, Disposition.FAILED, timedelta(0))

    def not_found(self, link: Link) -> None:
        """The carrier's list, read after the settle time, does not have it."""
        self._returned(Cause.NOT_FOUND, link, None, timedelta(0))

    # --- what the doctor's leg tells

    def status(self, link: Link, call_sid: str, word: str) -> None:
        """A status event in the carrier's word; late, repeated and foreign ones change nothing."""
        rank = RANKS.get(word, 4)
        with self._engine.begin() as connection:
            now = database_now(connection)
            if not fence.bind(connection, link, call_sid, rank):
                return
            if rank in {2, 3}:
                self._ringing(connection, link, now)
        failpoint("status_between")
        if rank == 4:
            self.leg_ended(link, ENDED.get(word, Disposition.FAILED))

    def answered(self, link: Link, call_sid: str) -> Callback | None:
        """The telephone was picked up. None: hang up, nothing said (stale, cancelled, a second call)."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            if not fence.bind(connection, link, call_sid):
                return None
            self._ringing(connection, link, now)
            if fence.state(connection, link) is not State.DOCTOR_RINGING:
                return None
        return self._callbacks.get(link.callback_id)

    def accepted(self, link: Link, call_sid: str) -> Callback | None:
        """1 was pressed: the patient is to be rung, by this call and once. None: hang up."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            if not fence.bound(connection, link, call_sid):
                return None
            changes = {
                "lease_until": now + self._timing.patient,
                "first_rung_at": func.coalesce(callbacks.c.first_rung_at, now),
            }
            if move(connection, Cause.ACCEPTED, link.callback_id, now, held=link.token, **changes):
                fence.note(connection, link, accepted_at=now)
                self._owe_video(connection, link, now)
            elif fence.state(connection, link) is not State.PATIENT_RINGING:
                return None  # else the webhook is repeated: the same answer again
        failpoint("accepted_committed")
        return self._callbacks.get(link.callback_id)

    def held_by(self, link: Link, call_sid: str) -> Callback | None:
        """The row, if this call is the one its attempt under way is bound to."""
        with reading(self._engine).begin() as connection:
            held = fence.bound(connection, link, call_sid) and fence.state(connection, link)
        return self._callbacks.get(link.callback_id) if held else None

    def of(self, link: Link) -> Callback | None:
        """The row of this attempt."""
        return self._callbacks.get(link.callback_id)

    def attempt(self, link: Link) -> Attempt | None:
        """The attempt itself: which telephone, and what it is shown."""
        query = select(attempts).where(
            attempts.c.token == link.token, attempts.c.callback_id == link.callback_id
        )
        with reading(self._engine).begin() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        to = self._vault.unseal(row.to_sealed, "attempts", "to", row.token)
        ended = Disposition(row.disposition) if row.disposition else None
        return Attempt(
            row.token, row.callback_id, to, row.caller_id, row.doctor_id, row.reserved_at, row.call_sid, ended
        )

    def standing(self, link: Link) -> State | None:
        """Where the row stands while this attempt holds it; None once it does not."""
        with reading(self._engine).begin() as connection:
            return fence.state(connection, link)

    def passed(self, link: Link, disposition: Disposition) -> None:
        """2, silence, or nobody: the next doctor."""
        self._returned(Cause.PASSED, link, disposition, timedelta(0))

    def leg_ended(self, link: Link, disposition: Disposition) -> None:
        """The doctor's leg is over, whatever it was at."""
        state = self.standing(link)
        if state is State.BRIDGED:
            self.talked(link)
        elif state is State.PATIENT_RINGING:
            self.missed(link, Disposition.CANCELED)
        elif state is not None:
            self.passed(link, disposition)

    # --- what the patient's leg tells

    def connected(self, link: Link) -> None:
        """The patient pressed 1."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            kept = {
                "kept_at": func.coalesce(callbacks.c.kept_at, now),
                "lease_until": now + self._timing.talk,
            }
            if move(connection, Cause.CONNECTED, link.callback_id, now, held=link.token, **kept):
                fence.note(connection, link, bridged_at=now)
        failpoint("connected_committed")

    def missed(self, link: Link, disposition: Disposition) -> None:
        """The patient was rung and not joined: again after 5, 20, 60 minutes, then a person."""
        callback = self._callbacks.get(link.callback_id)
        if callback is None:
            return
        with self._engine.begin() as connection:
            now = database_now(connection)
            tries = callback.tries + 1
            again = policy.next_attempt_at(tries, now, self._zone_of(callback.commune), self._timing.retries)
            cause = Cause.MISSED if again else Cause.GIVEN_UP
            changes: dict[str, Any] = {"tries": tries, "due_at": again or now}
            if not move(connection, cause, link.callback_id, now, held=link.token, **changes):
                return
            fence.end(connection, link, now, disposition)
            if is_mobile(callback.number):
                owe(connection, callback.id, Notice.MISSED if again else Notice.TO_A_PERSON, now, tries)
        failpoint("missed_committed")

    def talked(self, link: Link, conclusion: Conclusion | None = None) -> None:
        """They spoke. A conclusion keyed in after the end of the call is still written down."""
        with self._engine.begin() as connection:
            now = database_now(connection)
            kept = {"kept_at": func.coalesce(callbacks.c.kept_at, now), "conclusion": conclusion}
            if not move(connection, Cause.TALKED, link.callback_id, now, held=link.token, **kept):
                late = update(callbacks).where(
                    callbacks.c.id == link.callback_id,
                    callbacks.c.token == link.token,
                    callbacks.c.state == State.DONE.value,
                    callbacks.c.conclusion.is_(None),
                )
                if conclusion is None or connection.execute(late.values(conclusion=conclusion)).rowcount == 0:
                    return
            fence.end(connection, link, now, Disposition.ANSWERED, conclusion)
        failpoint("concluded_committed")

    def concluded(self, link: Link, conclusion: Conclusion) -> None:
        """The doctor's key after the talk."""
        if conclusion is Conclusion.UNREACHABLE:
            self.missed(link, Disposition.NO_ANSWER)
        elif conclusion is Conclusion.VISIT:
            self._visit(link)
        else:
            self.talked(link, conclusion)

    def _visit(self, link: Link) -> None:
        callback = self._callbacks.get(link.callback_id)
        if callback is None or callback.conclusion is not None:
            return
        with self._engine.begin() as connection:
            now = database_now(connection)
            if outcomes.visit(connection, link.callback_id, now, held=link.token):
                fence.end(connection, link, now, Disposition.ANSWERED, Conclusion.VISIT)

    # --- one update each

    def _returned(
        self, cause: Cause, link: Link, disposition: Disposition | None, pause: timedelta, **changes: Any
    ) -> None:
        with self._engine.begin() as connection:
            now = database_now(connection)
            due = {"due_at": now + pause} | changes
            if move(connection, cause, link.callback_id, now, held=link.token, **due):
                fence.end(connection, link, now, disposition)

    def _owe_video(self, connection: Connection, link: Link, now: datetime) -> None:
        """The room's address to both, once the doctor has said yes."""
        if connection.scalar(select(callbacks.c.video).where(callbacks.c.id == link.callback_id)):
            # Each doctor who accepts: `rings` begins anew when a person gives the row back, attempts do not.
            made = select(func.count()).where(attempts.c.callback_id == link.callback_id)
            owe(connection, link.callback_id, Notice.VIDEO, now)
            owe(connection, link.callback_id, Notice.VIDEO_DOCTOR, now, connection.scalar(made) or 0)

    def _ringing(self, connection: Connection, link: Link, now: datetime) -> None:
        lease = now + self._timing.ringing
        move(connection, Cause.RINGING, link.callback_id, now, held=link.token, lease_until=lease)
