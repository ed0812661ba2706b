"""A console with something to see: calls in the records, call-backs that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import insert

from console.cli.demo_data import areas
from console.office import Office
from routing.model import Need
from workers.callbacks.callback import AgeClass, Booking, Promise
from workers.callbacks.vault import Vault
from workers.records import paris, recordbook
from workers.records.callrecord import CallRecord, Ring
from workers.records.filling import fill
from workers.records.past import Past, Profile
from workers.records.tables import forecasts, lost_callers

TRACE = "coverage.visit=pau ; hours=pau always ; overflow=pau bayonne ; national=national"


def call(name: str, began: datetime, **known: object) -> CallRecord:
    """A call of Pau that its own desk took after twelve seconds."""
    answered = CallRecord(
        call=name,
        t0=began,
        place="64445",
        source="landline",
        need="visit",
        association="pau",
        decided="connect",
        rulebook=1,
        trace=TRACE,
        rings=[Ring("pau", "pau", began + timedelta(seconds=20), "answered", 95)],
        t1=began + timedelta(seconds=20),
        t2=began + timedelta(seconds=32),
        t4=began + timedelta(seconds=127),
        regulator="pau",
        answered_for="pau",
        seconds=95,
        ended_by="desk",
        closed=True,
    )
    return replace(answered, **known)


def lost(name: str, began: datetime, who: str | None = None, **known: object) -> CallRecord:
    """A call of Pau that nobody took."""
    at = began + timedelta(seconds=20)
    rings = [
        Ring("pau", "pau", at, "no_answer"),
        Ring("bayonne", "bayonne", at + timedelta(seconds=25), "canceled"),
    ]
    nobody = {"t2": None, "regulator": None, "answered_for": None, "seconds": 0, "ended_by": "caller"}
    return call(name, began, rings=rings, who=who or None, **(nobody | known))


def kept(office: Office, call_sid: str, number: str, began: datetime) -> None:
    """As the reconciler keeps a number it reads in the carrier's list."""
    vault = Vault.of(office.settings.secret_keys)
    row: dict[str, object] = {
        "call": call_sid,
        "began_at": began,
        "found_at": began,
        "number_index": vault.index(number),
    }
    row["number_sealed"] = vault.seal(number, "lost_callers", "number", call_sid)
    with office.engine.begin() as connection:
        connection.execute(insert(lost_callers).values(row))


def live(office: Office, now: datetime) -> None:
    """An evening's calls, two of them lost, and two call-backs, one of them late."""
    made = [call(f"CA{n:032x}", now - timedelta(minutes=13 * n + 4)) for n in range(8)]
    made += [lost(f"CA{n:032x}", now - timedelta(minutes=31 * n)) for n in (20, 21)]
    kept(office, made[-2].call, "+33199001236", made[-2].t0)
    with office.engine.begin() as connection:
        recordbook.write(connection, [recordbook.row_of(one) for one in made])
    book(office, "CAwaiting1", "+33199001234", now - timedelta(minutes=50), now - timedelta(minutes=5))
    book(office, "CAwaiting2", "+33199001235", now - timedelta(minutes=8), now + timedelta(minutes=40))


def past(office: Office, now: datetime) -> None:
    """A month of calls of three associations, and a fortnight foretold: ten calls an hour."""
    document, today = office.book.document, now.date()
    assert document is not None
    three = [one for one in areas(document, office.places) if one.slug in {"pau", "bayonne", "bordeaux"}]
    drawn = Past(three, Profile.load(), scale=0.006)
    fill(office.engine, drawn, today - timedelta(days=30), today - timedelta(days=1), now)
    rows = [
        {"association": slug, "day": paris.number_of(today + timedelta(days=n)), "hour": hour}
        | {"expected": 1000, "low": 600, "high": 1400, "made_at": now}
        for slug in ("", "pau")
        for n in range(14)
        for hour in range(24)
    ]
    with office.engine.begin() as connection:
        connection.execute(insert(forecasts), rows)


def book(
    office: Office, call_sid: str, number: str, asked: datetime, by: datetime, association: str = "pau"
) -> str:
    """A call-back that waits."""
    age = AgeClass.CHILD
    booking = Booking(
        call_sid, number, Need.VISIT, asked, asked, commune="64445", association=association, age=age
    )
    return office.callbacks.book(booking, Promise(by, measured=True)).id
