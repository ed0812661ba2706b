"""When a patient is rung again, who comes first, and what may be promised: pure, time passed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from workers.callbacks.callback import AgeClass, Promise

RETRIES = (timedelta(minutes=5), timedelta(minutes=20), timedelta(minutes=60))
OPENS, CLOSES = (
    time(7, 0),
    time(23, 0),
)  # a second try wakes nobody; the first comes at any hour
LATEST = timedelta(hours=3)  # what may be promised without measures: then a person takes over
ON_THE_LIST = timedelta(hours=24)  # how long a person may take before the request expires
MOST_RINGS = 40  # asked of the carrier; a row that never succeeds must not loop for ever (poison)
WARNED_BEFORE = timedelta(minutes=10)  # of the promised time
PASS_PAUSE = timedelta(minutes=2)  # before a doctor who passed is asked again for the same patient
FEWEST = 20  # measured talks below which no time is computed
STEP = timedelta(minutes=5)  # promises are rounded up to this
MARGIN = 1.25  # the queue moves unevenly: p90 of one talk, and a quarter more

# A bounded head start is ageing: nobody can be overtaken by someone who asked more than this much later.
HEAD_START = {
    AgeClass.INFANT: timedelta(minutes=15),
    AgeClass.SENIOR: timedelta(minutes=10),
    AgeClass.CHILD: timedelta(minutes=5),
    AgeClass.ADULT: timedelta(0),
}
VISIT_HEAD_START = timedelta(minutes=30)


def order_at(waiting_since: datetime, age: AgeClass | None, *, urgent: bool = False) -> datetime:
    """The place in the queue: the earliest is rung first. Constant for a row, so an index can hold it."""
    head_start = HEAD_START[age] if age else timedelta(0)
    return waiting_since - head_start - (VISIT_HEAD_START if urgent else timedelta(0))


def next_attempt_at(
    tries: int, now: datetime, zone: tzinfo, retries: Sequence[timedelta] = RETRIES
) -> datetime | None:
    """When a patient missed for the `tries`-th time (from 1) is rung again; None: the human list."""
    if tries > len(retries):
        return None
    return within_hours(now + retries[tries - 1], zone)


def within_hours(at: datetime, zone: tzinfo) -> datetime:
    """`at`, or the next opening, in the patient's own time zone."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    opening = local.replace(hour=OPENS.hour, minute=OPENS.minute, second=0, microsecond=0)
    return (opening if local.time() < OPENS else opening + timedelta(days=1)).astimezone(at.tzinfo)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the promise is computed from."""

    doctors: int  # on duty for this patient
    ahead: int  # call-backs to be rung before this one by the same doctors
    talks: Sequence[timedelta]  # whole attempts that reached someone, most recent first


def promise(outlook: Outlook, now: datetime) -> Promise:
    """The time told. Never invented: without doctors or measures, only the latest the rules allow."""
    latest = Promise(round_up(now + LATEST, timedelta(minutes=15)), measured=False)
    if outlook.doctors < 1 or len(outlook.talks) < FEWEST:
        return latest
    rounds = math.ceil((outlook.ahead + 1) / outlook.doctors)
    by = round_up(now + rounds * percentile(outlook.talks, 0.9) * MARGIN, STEP)
    return Promise(by, measured=True) if by < latest.by else latest


def percentile(values: Sequence[timedelta], rank: float) -> timedelta:
    """Nearest rank, so that it is a duration that did happen."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(rank * len(ordered)) - 1)]


def round_up(at: datetime, step: timedelta) -> datetime:
    """The next multiple of `step` on the clock."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp(math.ceil(at.timestamp() / seconds) * seconds, at.tzinfo)


def warned_at(asked_at: datetime, promised_by: datetime) -> datetime:
    """When somebody nobody has rung yet is told of a delay. Of a short promise, its last third: a delay told
    seconds after the promise itself would make it a lie."""
    return promised_by - max(timedelta(0), min(WARNED_BEFORE, (promised_by - asked_at) / 3))
