"""Brings patients what they are owed: an SMS, or on a landline a short call. Each at most once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import structlog

from routing.numbers import is_mobile
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import CLOSED, WAITING, Callback
from workers.callbacks.failpoints import failpoint
from workers.callbacks.fence import Link
from workers.callbacks.links import Links
from workers.callbacks.notices import Notice, Notices, Owed
from workers.callbacks.pace import Pace
from workers.callbacks.promise import sms
from workers.callbacks.reservations import Routes
from workers.callbacks.store import Callbacks
from workers.callbacks.telephony import Carrier, Placed, Refused, Reply, Throttled

TOLD_WITHIN = timedelta(seconds=60)  # 25 of ringing, the sentence, a key
AT_ONCE = 20  # in one round: they must not keep the bells waiting
log = structlog.get_logger(__name__)


class Courier:
    """The outbox is the truth: what was taken from it and is in doubt is not sent again."""

    def __init__(
        self,
        *,
        callbacks: Callbacks,
        attempts: Attempts,
        notices: Notices,
        carrier: Carrier,
        links: Links,
        pace: Pace,
        routes: Routes,
        shown: str,
        zone_of: Callable[[str | None], tzinfo],
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks, self._attempts, self._notices = callbacks, attempts, notices
        self._carrier, self._links, self._pace, self._routes = carrier, links, pace, routes
        self._shown, self._zone_of, self._now = shown, zone_of, now

    def send_notices(self) -> int:
        """Send what is owed; returns how many were taken."""
        for sent in range(AT_ONCE):
            owed = self._notices.take()
            if owed is None:
                return sent
            failpoint("notice_taken")
            if not self._settled(owed, self._reply(owed)):
                return sent
        return AT_ONCE

    def _settled(self, owed: Owed, reply: Reply | None) -> bool:
        """Write the carrier's answer down. False: it takes no more for the moment."""
        match reply:
            case Placed():
                self._notices.sent(owed)
            case Throttled():
                self._notices.later(owed)
                return False
            case _:
                log.warning("notice_lost", callback_id=owed.callback_id, reply=type(reply).__name__)
                self._notices.lost(owed)
        return True

    def _reply(self, owed: Owed) -> Reply | None:
        callback = self._callbacks.get(owed.callback_id)
        if callback is None or not callback.number:
            return None  # erased meanwhile
        if owed.kind in {Notice.VIDEO, Notice.VIDEO_DOCTOR}:
            return self._video(owed.kind, callback)
        if _moot(owed.kind, callback):
            return None
        if owed.kind is Notice.LATE and not is_mobile(callback.number):
            return self._called(callback)
        return self._write(owed.kind, callback, callback.number)

    def _called(self, callback: Callback) -> Reply:
        """A landline takes no SMS: it is rung, by the same rule of one request and no second."""
        pace = self._pace.wait()
        shown = self._routes(callback, self._now()).caller_id or self._shown
        urls = self._links.of_notice(callback.id)
        if not pace:
            return Throttled.shortly()
        reply = self._carrier.place(callback.number, shown, urls)
        if not isinstance(reply, Throttled | Refused):
            self._notices.keep_line_free(callback.id, TOLD_WITHIN)
        return reply

    def _video(self, kind: Notice, callback: Callback) -> Reply | None:
        """The room's address, to the patient, and to the doctor whose telephone takes it."""
        template = self._routes(callback, self._now()).video_url
        attempt = self._attempts.attempt(Link(callback.id, callback.token or ""))
        if template is None or attempt is None:
            return None
        to = callback.number if kind is Notice.VIDEO else attempt.to
        room = template.replace("{token}", self._links.room(callback.id))
        return self._write(kind, callback, to, room) if is_mobile(to) else None

    def _write(self, kind: Notice, callback: Callback, to: str, room: str = "") -> Reply:
        told = self._callbacks.expected(callback) if kind is Notice.LATE else callback.promise
        body = sms(kind, told, self._now(), self._zone_of(callback.commune), room)
        return self._carrier.write_to(to, self._shown, body)


def _moot(kind: Notice, callback: Callback) -> bool:
    """What waited for its turn may be true no more: nobody rings again who has renounced, or has spoken."""
    if kind is Notice.LATE:
        return callback.state not in WAITING and not callback.with_a_person  # a doctor is at it
    return kind is not Notice.CANCELLED and callback.state in CLOSED
