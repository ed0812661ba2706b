"""A new association from its first form to its whole checklist; the federation told when one closes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from config.settings import Settings
from console.access.roles import Role
from console.letters import Letters
from routing.decision import decide
from routing.model import Located, Need, PlaceSource
from tests.conftest import until
from tests.console import Browser, Console, console
from workers import synthetic_calls
from workers.records.reminders import closures_in_emergency
from workers.records.tables import alert_routes
from workers.synthetic_calls import Outcome

NEW = "/federation/associations/nouvelle"
BEZIERS = {"name": "SOS Médecins Béziers", "seat": "34500", "opened": "02/11/2027", "desk": "montpellier"}


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


@pytest.fixture
def federation(desk: Console) -> Browser:
    return desk.entered(Role.FEDERATION)


def test_a_new_one_is_added_without_changing_any_call_and_says_what_it_lacks(
    desk: Console, federation: Browser
) -> None:
    place = Located("34032", 1.0, PlaceSource.POSTCODE)
    before = decide(desk.office.book, place, Need.VISIT, desk.clock()).targets
    for wrong in ({"opened": ""}, {"opened": "01/01/2020"}, {"seat": "00000"}, {"name": ""}, {"desk": ""}):
        assert federation.send(NEW, **BEZIERS | wrong).status_code == 422
    assert federation.send(NEW, **BEZIERS).headers["Location"] == "/federation/associations/beziers"
    page = federation.text("/federation/associations/beziers").replace("\xa0", " ")
    assert "rien pour : visite à domicile, consultation" in page
    assert page.count("à faire") == 7, "only the desk it shares is there"
    assert decide(desk.office.book, place, Need.VISIT, desk.clock()).targets == before
    assert federation.send(NEW, **BEZIERS).status_code == 422, "a second of that name"
    assert "ouvre le 02/11/2027" in federation.text("/federation/associations")


def test_its_dates_are_changed_and_kept_sound(desk: Console, federation: Browser) -> None:
    path = "/federation/associations/pau"
    form = {"name": "SOS Médecins Pau", "city": "Pau", "seat": "64445", "time_zone": "Europe/Paris"}
    wrong = federation.send(path, **form, opened="01/01/2027", closed="01/12/2026")
    assert (wrong.status_code, "Elle fermerait avant" in wrong.text) == (422, True)
    assert federation.send(path, **form | {"time_zone": "Europe/Pau"}).status_code == 422
    assert federation.send(path, **form, closed="01/12/2026").status_code == 303
    pau = next(one for one in desk.office.book.document.associations if one.slug == "pau")  # type: ignore[union-attr] # a book of a document
    assert (pau.closed, pau.lon != 0, pau.two_person) == (date(2026, 12, 1), True, False)
    assert "ferme le 01/12/2026" in federation.text("/federation/associations")


def test_each_line_of_the_list_becomes_true_by_what_is_done(desk: Console, federation: Browser) -> None:
    path = "/federation/associations/pau"
    assert federation.text(path).count("à faire") == 4
    desk.entered(Role.MANAGER, "pau")
    synthetic_calls.keep(
        desk.office.engine,
        Outcome(
            "CA1", desk.clock(), "clock", "pau", True, "64000 (Pau) : …", "pau", "pau", (("arrivée", 4),)
        ),
    )
    assert federation.send(f"{path}/adresse", path, email="pas une adresse").status_code == 422
    assert federation.send(f"{path}/adresse", path, email="alerte@pau.example").status_code == 303
    with desk.office.engine.connect() as connection:
        (route,) = connection.execute(select(alert_routes)).all()
    assert (route.channel, route.association) == ("email", "pau")
    assert "alerte@pau" not in route.target_sealed
    assert federation.text(path).count("à faire") == 1, "somebody to ring back"


def test_the_federation_is_told_when_one_closes_and_when_it_reopens(desk: Console) -> None:
    desk.person(Role.FEDERATION)
    received: list[str] = []
    port = _mail_server(received)
    desk.office.letters = Letters(
        desk.office.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
    )
    manager = desk.entered(Role.MANAGER, "pau")
    form = {"needs": ["visit"], "reason": "Médecin malade", "end": "2h"}
    manager.send("/a/pau/fermeture", step="close", **form)
    until(lambda: len(received) == 1)
    assert "federation@federation.example" in received[0]
    (alert,) = closures_in_emergency(desk.office.engine, desk.clock())
    assert (alert.scope, alert.said) == ("pau", "SOS Médecins Pau a fermé d'urgence : Médecin malade.")
    desk.clock.advance(minutes=1)
    closure = desk.office.book.document.closures[0].id  # type: ignore[union-attr] # a book of a document
    manager.send("/a/pau/reouverture", "/a/pau/", closure=closure)
    until(lambda: len(received) == 2)
    assert closures_in_emergency(desk.office.engine, desk.clock()) == ()
    assert replace(alert).next_step


def _mail_server(received: list[str]) -> int:
    """Takes every letter, one after the other, as a mail server does."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            with listening.accept()[0] as peer, peer.makefile("rwb", buffering=0) as line:
                line.write(b"220 x\r\n")
                text, body = "", False
                while word := line.readline():
                    text += word.decode(errors="replace")
                    if body:
                        body = word != b".\r\n"
                        answer = b"" if body else b"250 ok\r\n"
                    else:
                        body = word.upper().startswith(b"DATA")
                        answer = b"354 go\r\n" if body else b"250 ok\r\n"
                    if answer:
                        line.write(answer)
                    if word.upper().startswith(b"QUIT"):
                        break
                received.append(text)

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])
