"""A process dies at each named point, with call-backs in every state: nothing lost, nobody rung twice."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.sealing import Sealer
from routing.model import Need
from tests.faults.campaign import Campaign
from workers.callbacks.callback import Booking, Promise
from workers.callbacks.failpoints import NAMES
from workers.callbacks.spool import Spool

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("name", NAMES)
def test_a_death_at_each_named_point_loses_and_doubles_nothing(tmp_path: Path, name: str) -> None:
    with ExitStack() as stack:
        one = Campaign(tmp_path, stack, faults=True, seed=1, workers=2, failpoint=name)
        one.duty(10)
        spooled(one)
        one.book(24)
        began, died = time.monotonic(), False
        while (one.open() or not died) and time.monotonic() - began < 50:
            died |= one.revive()
            time.sleep(0.1)
        report = one.judged(time.monotonic() - began)
    assert died, "the failpoint was never reached"
    assert (report.lost, report.doubled, report.joined_twice) == ([], [], [])


def spooled(one: Campaign) -> None:
    """A booking taken while the database was away."""
    now = datetime.now(UTC)
    spool = Spool(one.folder / "bookings", Sealer(one.settings.secret_keys, "booking spool"))
    spool.keep(Booking("CAspooled", "+33639989999", Need.ADVICE, now, now), Promise(now, measured=False))
    one.report.booked += 1


def test_every_failpoint_in_the_code_is_named(request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath
    code = "".join(path.read_text() for path in (root / "workers" / "callbacks").glob("*.py"))
    assert all(f'failpoint("{name}")' in code for name in NAMES)
    assert code.count('failpoint("') == len(NAMES)
