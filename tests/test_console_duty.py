"""The call-backs page: doctors on and off duty, « Faire sonner maintenant », an outcome, and the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select

from config import journal
from config.settings import Settings
from console.access.roles import Role
from tests.console import Console, console
from tests.console_life import book
from workers import queue
from workers.callbacks.callback import Callback, Cause, Conclusion, State
from workers.callbacks.doctors import Doctors
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

PAGE, NUMBER = "/a/pau/rappels", "06 39 98 00 42"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def doctors(desk: Console) -> Doctors:
    return Doctors(desk.office.engine, Vault.of(desk.office.settings.secret_keys))


def journaled(desk: Console) -> list[str]:
    with desk.office.engine.connect() as connection:
        return list(connection.scalars(select(journal.lines.c.action).where(journal.lines.c.chain == "pau")))


def row(desk: Console, callback_id: str) -> Callback:
    found = desk.office.callbacks.get(callback_id)
    assert found
    return found


def test_a_manager_registers_a_doctor_whom_a_secretary_puts_on_and_off_duty(desk: Console) -> None:
    manager, secretary = desk.entered(Role.MANAGER, "pau"), desk.entered(Role.MEMBER, "pau")
    form = {"label": "Dr Hélène Roy", "number": NUMBER, "pin": "4512"}
    assert secretary.send(f"{PAGE}/medecins", page=PAGE, **form).status_code == 403
    assert "Inscrire un médecin" not in secretary.text(PAGE)
    refused = manager.send(f"{PAGE}/medecins", page=PAGE, **{**form, "pin": "12"})
    assert refused.status_code == 422
    assert "le code est de 4 à 8 chiffres" in words(refused.text)
    manager.send(f"{PAGE}/medecins", page=PAGE, **form)
    (one,) = doctors(desk).listed()
    page = manager.text(PAGE)
    assert "Dr Hélène Roy" in page
    assert NUMBER not in page
    assert "4512" not in page
    assert secretary.send(f"{PAGE}/medecins/{one.id}/disponible", page=PAGE, end="13").status_code == 400
    secretary.send(f"{PAGE}/medecins/{one.id}/disponible", page=PAGE, end="8")
    assert "Dr Hélène Roy est disponible jusqu'à demain à 7 h" in words(secretary.text(PAGE))
    assert doctors(desk).listed()[0].on_duty_until
    secretary.send(f"{PAGE}/medecins/{one.id}/fin", page=PAGE)
    assert doctors(desk).listed()[0].on_duty_until is None
    assert [told for told in journaled(desk) if told in ("doctor_added", "duty_begun", "duty_ended")] == [
        "doctor_added",
        "duty_begun",
        "duty_ended",
    ]
    theirs = doctors(desk).register("Dr Ailleurs", "+33639980043", "4512", "bayonne")
    assert "Dr Ailleurs" not in secretary.text(PAGE)
    assert secretary.send(f"{PAGE}/medecins/{theirs}/disponible", page="/compte", end="8").status_code == 404


def test_a_callback_is_rung_at_once_through_the_bell_and_the_figures_are_told(
    desk: Console, redis_client: Redis
) -> None:
    now = desk.clock()
    one = book(desk.office, "CA1", "+33199001234", now, now + timedelta(hours=1))
    before = row(desk, one).due_at
    secretary = desk.entered(Role.MEMBER, "pau")
    secretary.send(f"{PAGE}/{one}/sonner", page=PAGE)
    assert "Un médecin est appelé, puis le patient." in secretary.text(PAGE)
    assert row(desk, one).due_at != before
    jobs = queue._queue(desk.office.redis).get_job_ids()
    assert [Job.fetch(job, desk.office.redis, serializer=JSONSerializer).args for job in jobs] == [[one]]
    assert "callback_hastened" in journaled(desk)
    for name, ago in (("CA2", 3), ("CA3", 50)):
        asked = now - timedelta(hours=ago)
        book(desk.office, name, f"+3319900124{ago % 10}", asked, asked + timedelta(hours=1))
    told = words(secretary.text(PAGE))
    assert "Promis 2 3" in told, "today, and in seven days"
    assert "Encore ouverts 2 3" in told
    assert "Neuf sur dix en moins de – –" in told


def test_what_nobody_has_taken_is_concluded_or_rung_from_the_list_and_anothers_is_not(desk: Console) -> None:
    now = desk.clock()
    left = book(desk.office, "CA1", "+33199001234", now, now + timedelta(hours=1))
    settled = book(desk.office, "CA2", "+33199001235", now, now + timedelta(hours=1))
    secretary, doctor = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.DOCTOR, "pau")
    secretary.send(f"{PAGE}/{settled}/issue", page=PAGE, conclusion="fifteen")
    assert (row(desk, settled).state, row(desk, settled).conclusion) == (State.DONE, Conclusion.FIFTEEN)
    secretary.send(f"{PAGE}/{left}/prendre", page=PAGE)
    doctor.send(f"{PAGE}/{left}/sonner", page="/compte")
    doctor.send(f"{PAGE}/{left}/issue", page="/compte", conclusion="done")
    assert row(desk, left).state is State.HUMAN
    secretary.send(f"{PAGE}/{left}/issue", page=PAGE, conclusion="again")
    with desk.office.engine.begin() as connection:
        move(connection, Cause.GIVEN_UP, left, now)  # tried in vain: nobody's, on the list
    doctor.send(f"{PAGE}/{left}/sonner", page=PAGE)
    assert row(desk, left).state is State.DUE
