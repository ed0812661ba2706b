"""Who was lost and not rung back: on the first page, rung back by one click, the number never in clear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config import journal
from config.settings import Settings
from console.access.roles import Role
from console.office import Office
from routing.model import Need
from tests.console import Browser, Console, console
from tests.console_life import book, call, kept, lost
from workers.callbacks.callback import State
from workers.records import recordbook
from workers.records.callrecord import CallRecord
from workers.records.events import Event
from workers.records.ledger import hold
from workers.records.monthkeys import MonthKeys

CALLER, OTHER = "+33199001240", "+33639980041"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def happened(office: Office, *calls: CallRecord) -> None:
    with office.engine.begin() as connection:
        recordbook.write(connection, [recordbook.row_of(one) for one in calls])


def lost_one(desk: Console, name: str, minutes: int, number: str | None = CALLER, who: str = "me") -> None:
    began = desk.clock() - timedelta(minutes=minutes)
    happened(desk.office, lost(name, began, who=who))
    if number:
        kept(desk.office, name, number, began)


def ring_back(browser: Browser, name: str) -> int:
    return browser.send(f"/a/pau/rappels/perdus/{name}", page="/a/pau/", step="").status_code


def test_one_click_makes_one_callback_of_a_lost_caller_and_no_number_is_shown(desk: Console) -> None:
    lost_one(desk, "CAl1", 40)
    first, second = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.DOCTOR, "pau")
    page = first.text("/a/pau/")
    assert "Perdus, pas encore rappelés" in page
    assert "Visite à domicile, Pau" in page
    assert "01 99 00 12 40" not in page
    assert [ring_back(first, "CAl1"), ring_back(second, "CAl1")] == [303, 303]
    assert "déjà prise en charge" in second.text("/a/pau/rappels")
    (made,) = desk.office.callbacks.listed(set(State))
    assert (made.number, made.association, made.state) == (CALLER, "pau", State.DUE)
    assert made.waiting_since == desk.clock() - timedelta(minutes=42), "their place"
    assert "Perdus, pas encore" not in first.text("/a/pau/")
    assert "01 99 00 12 40" not in first.text("/a/pau/rappels")
    first.send(f"/a/pau/rappels/{made.id}/prendre", page="/a/pau/rappels")
    assert "01 99 00 12 40" in first.text("/a/pau/rappels"), "whoever claims it sees it"
    with desk.office.engine.connect() as connection:
        rows = connection.execute(select(journal.lines).where(journal.lines.c.chain == "pau")).all()
    (line,) = [row for row in rows if row.action == "lost_rung_back"]
    assert line.subject.startswith("Appel perdu le dimanche 22 novembre")
    assert "990012" not in str(rows)


def test_who_rang_again_and_was_served_or_waits_for_a_callback_leaves_the_list(desk: Console) -> None:
    lost_one(desk, "CAl1", 40)
    lost_one(desk, "CAl2", 30)
    lost_one(desk, "CAl3", 20, OTHER, who="you")
    browser = desk.entered(Role.MEMBER, "pau")
    page = browser.text("/a/pau/")
    assert page.count("perdus/CAl") == 2, "one line a person"
    assert "2 appels" in page
    happened(desk.office, call("CAl4", desk.clock() - timedelta(minutes=5), who="me"))
    assert browser.text("/a/pau/").count("perdus/CAl") == 1
    now = desk.clock()
    book(desk.office, "CAl5", OTHER, now, now + timedelta(hours=1))
    assert "Perdus, pas encore" not in browser.text("/a/pau/")


def test_only_numbers_that_are_kept_can_be_rung_and_only_by_their_association(desk: Console) -> None:
    lost_one(desk, "CAl1", 40, None)
    lost_one(desk, "CAl2", 50, None, who="")
    lost_one(desk, "CAl3", 25 * 60, OTHER, who="old")
    browser = desk.entered(Role.MANAGER, "pau")
    page = browser.text("/a/pau/")
    assert "numéro attendu" in page
    assert "numéro masqué" in page
    assert "perdus/CAl" not in page
    theirs = desk.entered(Role.MANAGER, "bayonne")
    answer = theirs.send("/a/bayonne/rappels/perdus/CAl3", page="/compte")
    assert answer.status_code == 404
    auditor = desk.entered(Role.AUDITOR)
    assert "Perdus" not in auditor.text("/a/pau/"), "it is for those who ring back"
    assert auditor.send("/a/pau/rappels/perdus/CAl3", page="/compte").status_code == 403
    assert desk.office.callbacks.listed(set(State)) == []


def test_in_the_night_of_the_first_a_caller_has_two_names_and_still_leaves_the_list(desk: Console) -> None:
    desk.clock.at = datetime.fromisoformat("2026-12-01T00:20:00+00:00")
    keys = MonthKeys(desk.office.settings.secret_keys)
    lost_one(desk, "CAl1", 40, CALLER, who="november")
    browser = desk.entered(Role.MEMBER, "pau")
    assert browser.text("/a/pau/").count("perdus/CAl1") == 1
    with desk.office.engine.begin() as connection:
        hold(connection)
        keys.keeping(connection)(Event("x", "CAl2", "arrived", desk.clock(), (("who", "anybody"),)))
        december = keys.who(connection, CALLER, "2026-12")
    happened(desk.office, call("CAl2", desk.clock() - timedelta(minutes=3), who=december))
    assert "perdus/CAl1" not in browser.text("/a/pau/")


def test_whom_no_association_knows_the_federation_rings_back(desk: Console) -> None:
    began = desk.clock() - timedelta(minutes=9)
    happened(desk.office, lost("CAl9", began, who="me", association="", place="", need=""))
    kept(desk.office, "CAl9", CALLER, began)
    assert "Perdus" not in desk.entered(Role.MEMBER, "pau").text("/a/pau/")
    assert "Perdus" not in desk.entered(Role.AUDITOR).text("/federation/")
    browser = desk.entered(Role.FEDERATION)
    page = browser.text("/federation/")
    assert "Demande non dite, lieu inconnu" in page
    assert "01 99 00 12 40" not in page
    assert browser.send("/federation/perdus/CAl9", page="/federation/").status_code == 303
    (made,) = desk.office.callbacks.listed(set(State))
    assert (made.number, made.association, made.need) == (CALLER, None, Need.ADVICE)
    assert "Perdus" not in browser.text("/federation/")
    assert browser.send("/federation/perdus/CAnobody", page="/federation/").status_code == 404
