"""The pages of figures: a period beside last year's, who helps whom, the fortnight to come, their files."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import pairwise

import pytest
from openpyxl import load_workbook

from config.settings import Settings
from console import periods
from console.access.roles import Role
from console.periods import Kind
from tests.console import EVENING, Browser, Console, console
from tests.console_life import call, live, past
from workers.records import recordbook

TODAY = date(2026, 11, 22)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        office = made.office
        past(office, EVENING)
        helped = call("CAhelped", EVENING - timedelta(hours=3), answered_for="bayonne", regulator="bayonne")
        year_ago = call("CAyearago", datetime(2025, 11, 23, 9, 30, tzinfo=UTC))
        with office.engine.begin() as connection:
            recordbook.write(connection, [recordbook.row_of(one) for one in (helped, year_ago)])
        live(office, EVENING)
        yield made


def cells(text: str, row: str) -> list[str]:
    """The figures of the row whose heading is `row`, in the first table that has it."""
    found = re.search(rf'<th scope="row">\s*{re.escape(row)}(?!\w).*?</tr>', text, re.DOTALL)
    assert found, row
    return [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)", found[0])]


def test_a_story_of_the_figures(desk: Console) -> None:
    federation = desk.entered(Role.FEDERATION)
    history_tells(federation)
    fairness_tells(federation)
    the_fortnight_is_foretold(federation)
    an_association_has_its_own(desk)


def history_tells(federation: Browser) -> None:
    month = federation.text("/federation/historique")
    assert "Historique\u00a0: novembre 2026" in month
    charts = [
        json.loads(block) for block in re.findall(r'<script type="application/json">(.*?)</script>', month)
    ]
    assert charts[0]["labels"][0] == "01/11"
    assert charts[0]["marks"][0] == charts[0]["marks"][10] == 2, "1 and 11 November"
    assert charts[0]["series"][0]["values"][-1] is None, "today is not over"
    assert "appels présentés, sans la journée en cours." in unescape(month), "and the chart says so"
    # The chart and the table beside it say the same.
    assert str(charts[0]["series"][0]["values"][4]) == cells(month, "jeudi 5 novembre")[0]
    for cut, one in (
        ("departement", "64"),
        ("commune", "Pau (64)"),
        ("besoin", "visite à domicile"),
        ("heure", "9 h"),
    ):
        assert (
            len(cells(federation.text(f"/federation/historique?selon={cut}").partition('id="parts"')[2], one))
            == 8
        )
    day = federation.text("/federation/historique?periode=jour&jour=2026-11-22")
    assert cells(day, "10 h")[1] == "1", "the Sunday 52 weeks before, 10 h 30 in Paris"
    assert cells(day, "10 h")[-1] == "dimanche 23 novembre 2025"
    assert "Suivant" not in day
    week = federation.text("/federation/historique?periode=semaine&jour=2026-10-26")
    assert "vacances A B C" in week
    assert "Suivante" in week
    assert "Aucun appel compté\u00a0: 2019." in federation.text(
        "/federation/historique?periode=annee&jour=2019-05-05"
    )
    assert "novembre 2026" in federation.text("/federation/historique?periode=siecle&jour=hier&selon=âge")


def fairness_tells(federation: Browser) -> None:
    told = federation.text("/federation/equite?periode=jour&jour=2026-11-22")
    assert cells(told, "Bayonne") == ["0", "1", "+1"]
    assert cells(told, "Pau") == ["1", "0", "−1"]
    assert "novembre 2026" in told.partition("Tableau mensuel")[2]
    answer = federation.get("/federation/equite/tableau?quoi=mois&forme=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="3624-mois.csv"'
    lines = answer.data.decode("utf-8-sig").split("\r\n")
    last = dict(zip(lines[0].split(";"), lines[-2].split(";"), strict=True))
    assert last["Mois"] == "novembre 2026"
    assert (last["Débordement reçu"] != "", last["Rappels à faire"], last["Tentatives"]) == (True, "2", "0")
    flows = federation.get("/federation/equite/tableau?quoi=debordements&periode=jour&forme=xlsx")
    sheet = load_workbook(io.BytesIO(flows.data)).active
    assert [cell.value for cell in sheet[2]][:3] == ["Pau", "Bayonne", 1]
    whole = federation.get("/federation/historique/tableau?quoi=parts&selon=association").data.decode(
        "utf-8-sig"
    )
    assert "Rappels tenus" in whole.split("\r\n")[0]


def the_fortnight_is_foretold(federation: Browser) -> None:
    told = federation.text("/federation/prevision")
    assert "Prévision\u00a0: toute la France" in told
    assert told.count("<summary>") == 14
    sheet = federation.get("/federation/prevision?forme=csv").data.decode("utf-8-sig").split("\r\n")
    assert len(sheet) == 1 + 14 * 24 + 1
    assert sheet[1] == "2026-11-22;0;10;6;14;3", "ten calls an hour of some minutes each"
    assert "Pas encore de prévision" in federation.text("/federation/prevision?association=ajaccio")


def an_association_has_its_own(desk: Console) -> None:
    pau, federation = desk.entered(Role.MEMBER, "pau"), desk.entered(Role.AUDITOR)
    mine = pau.text("/a/pau/chiffres?periode=jour")
    assert cells(mine.partition('id="flows"')[2], "Pau") == [
        "Bayonne",
        "1",
        "1" if "<td>2<" not in mine else "2",
    ]
    assert "Chiffres\u00a0: dimanche 22 novembre 2026" in mine
    first, rest = pau.get("/a/pau/chiffres/tableau?quoi=tout").data.decode("utf-8-sig").split("\r\n")[:2]
    assert dict(zip(first.split(";"), rest.split(";"), strict=True))["Rappels à faire"] == "2"
    assert pau.get("/a/pau/chiffres/prevision").status_code == 200
    assert pau.get("/a/bayonne/chiffres").status_code == 404
    assert pau.get("/federation/historique").status_code == 403
    assert federation.get("/a/pau/chiffres").status_code == 200
    for path in ("/federation/historique", "/federation/equite", "/federation/prevision", "/a/pau/chiffres"):
        assert quickest(federation, path) < 0.1, path


def quickest(browser: Browser, path: str) -> float:
    """The server's own time for a page: others at work on this machine do not count."""
    times = []
    for _ in range(5):
        began = time.thread_time()
        browser.get(path)
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("kind", Kind)
def test_periods_follow_one_another_without_a_hole_and_stop_today(kind: Kind) -> None:
    walked, day = [], date(2023, 12, 30)
    while True:
        period = periods.asked({"periode": kind, "jour": day.isoformat()}, TODAY)
        walked.append(period)
        if period.after is None:
            break
        day = period.after
    assert walked[-1].last == TODAY
    assert walked[-1].under_way
    for earlier, later in pairwise(walked):
        assert later.first == earlier.last + timedelta(days=1)
        assert periods.asked({"periode": kind, "jour": later.before.isoformat()}, TODAY) == earlier


def test_a_period_says_its_name() -> None:
    said = {kind: periods.asked({"periode": kind, "jour": "2026-11-01"}, TODAY).title for kind in Kind}
    assert said == {
        Kind.DAY: "dimanche 1er novembre 2026",
        Kind.WEEK: "semaine du lundi 26 octobre 2026",
        Kind.MONTH: "novembre 2026",
        Kind.YEAR: "2026",
    }
