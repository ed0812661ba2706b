"""« Régulations »: desks changed on the draft, numbers that ring only once a test call has proved them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from config.settings import Settings
from console.access.roles import Role
from console.association import desks
from console.association.editing import Unreadable, reordered
from routing import drafts
from routing.demo import demo_document
from routing.document import Document, Regulator
from tests.console import Browser, Console, console
from tests.service import running
from tests.test_cli_rules import carrier_of, heard_at_the_desk
from tests.test_console_association import words
from tests.test_console_week import stamp_of

PAGE, DESK, FRESH = "/a/pau/regulations", "/a/pau/regulations/pau", "+33536499999"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def form(**changed: object) -> dict[str, object]:
    """What the desk's page sends."""
    held = {"name": "Régulation Pau", "lines": "4", "ring_seconds": "25", "strategy": "in_order"}
    return {**held, "accept_key": "1", "order": ["+33536491230"], **changed}


def draft(desk: Console, slug: str = "pau") -> Document:
    (found,) = drafts.still_open(desk.office.engine, slug)
    return found.document


def regulator(document: Document, name: str = "pau") -> Regulator:
    return next(one for one in document.regulators if one.id == name)


def send(browser: Browser, path: str = DESK, **fields: object) -> tuple[int, str]:
    answer = browser.send(path, **{"stamp": stamp_of(browser.text(path)), **fields})
    return answer.status_code, words(answer.text)


@pytest.mark.parametrize(
    ("step", "order"),
    [
        ("up:b", "bac"),
        ("down:b", "acb"),
        ("up:a", "abc"),
        ("down:c", "abc"),
        ("drop:b", "ac"),
        ("up:x", "abc"),
    ],
)
def test_a_list_is_put_in_order_by_its_buttons(step: str, order: str) -> None:
    assert reordered("abc", step) == list(order)


def test_a_name_too_long_is_refused_and_never_cut(desk: Console) -> None:
    browser, path = desk.entered(Role.MANAGER, "pau"), "/a/pau/regulations"
    stamp = re.findall(r'name="stamp" value="(\w+)"', browser.text(path))[0]
    refused = browser.send(path, name="Régulation " + "x" * 120, stamp=stamp, step="new")
    assert refused.status_code == 422
    assert "120 caractères au plus" in refused.text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"added": "08 99 00 00 00"}, "added"),
        ({"added": "3624"}, "added"),
        ({"added": "bonjour"}, "added"),
        ({"lines": "beaucoup"}, "lines"),
        ({"lines": "0"}, "lines"),
        ({"lines": "²"}, "lines"),
        ({"ring_seconds": "4"}, "ring_seconds"),
        ({"waiting_limit": "-1"}, "waiting_limit"),
        ({"name": " "}, "name"),
        ({"strategy": "au hasard"}, "strategy"),
    ],
)
def test_what_cannot_be_is_refused_where_it_was_typed(wrong: dict[str, str], field: str) -> None:
    asked = desks.asked(
        {"name": "x", "lines": "1", "ring_seconds": "25", "strategy": "rotating", **wrong}, ()
    )
    with pytest.raises(Unreadable) as refused:
        desks.read(asked, regulator(demo_document()), ())
    assert refused.value.field == field


def test_a_number_is_never_verified_because_a_form_says_so() -> None:
    asked = desks.asked(form(added="05 36 49 99 99", verified=FRESH), ("+33536491230",))
    read = desks.read(asked, regulator(demo_document()), ())
    assert [(p.number, p.verified) for p in read.phones] == [("+33536491230", True), (FRESH, False)]


def test_a_desk_is_changed_on_the_draft_and_the_calls_know_nothing(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    told = send(browser, **form(lines="6", strategy="all_at_once"), step="keep")
    assert told[0] == 303
    assert regulator(draft(desk)).lines == 6
    assert desk.office.book.version == 1
    page = words(browser.text(PAGE))
    assert "6 lignes" in page
    assert "Un brouillon est en cours" in page
    late = browser.send(DESK, **form(lines="9"), step="keep", stamp="0" * 16)
    assert late.status_code == 409
    assert "Vous vouliez changer" in words(late.text)
    assert regulator(draft(desk)).lines == 6
    assert send(browser, **form(lines="mille"), step="keep")[0] == 422
    status, told_in_page = send(browser, **form(added="0536490001"), step="add")
    assert (status, "05 36 49 00 01" in told_in_page) == (200, True)
    assert [p.number for p in regulator(draft(desk)).phones] == ["+33536491230"]


def test_a_shared_desk_names_the_others_before_it_changes(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "cherbourg")
    path = "/a/cherbourg/regulations/cherbourg"
    held = regulator(demo_document(), "cherbourg")
    sent = form(order=[p.number for p in held.phones], name=held.name, lines="9")
    status, page = send(browser, path, **sent, step="keep")
    assert (status, "Elle répond aussi pour" in page, "Rouen" in page) == (422, True, True)
    assert drafts.still_open(desk.office.engine, "cherbourg") == ()
    assert send(browser, path, **sent, step="keep", told="1")[0] == 303
    assert regulator(draft(desk, "cherbourg"), "cherbourg").lines == 9


def test_a_new_desk_is_rung_after_the_others(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    assert send(browser, PAGE, step="new", name="  Été, secrétariat ")[0] == 303
    one = next(a for a in draft(desk).associations if a.slug == "pau")
    assert one.regulators == ("pau", "pau-ete-secretariat")
    assert send(browser, PAGE, step="up:pau-ete-secretariat")[0] == 303
    one = next(a for a in draft(desk).associations if a.slug == "pau")
    assert one.regulators[0] == "pau-ete-secretariat"
    assert browser.get("/a/pau/regulations/bayonne").status_code == 404
    assert browser.get("/a/pau/regulations/national").status_code == 404


def test_a_new_number_takes_calls_once_the_code_it_heard_is_typed(
    env: dict[str, str], settings: Settings
) -> None:
    with console(settings) as desk, running(env) as service, carrier_of(service) as url:
        browser = desk.entered(Role.MANAGER, "pau")
        assert send(browser, **form(order=["+33536491230", FRESH]), step="keep")[0] == 303
        page = browser.text(PAGE)
        assert "à vérifier : ne sonne pas encore" in words(page)
        ask = {"stamp": stamp_of(page)}
        verify = f"{PAGE}/verification"
        stranger = browser.send(verify, page=PAGE, number="+33536490002", **ask)
        assert stranger.status_code == 404, "nobody has the service ring whom they like"
        rung = browser.send(verify, page=PAGE, number=FRESH, **ask)
        assert "Décrochez" in words(rung.text)
        found = re.search(r"code de ce num[^:]*: ([0-9, ]+)\.", heard_at_the_desk(url))
        assert found
        code = found[1].replace(", ", "")
        wrong = browser.send(verify, page=PAGE, number=FRESH, code="x", **ask)
        assert (wrong.status_code, "pas le code" in wrong.text) == (422, True)
        again = browser.send(verify, page=PAGE, number=FRESH, **ask)
        assert (again.status_code, "attendez une minute" in words(again.text)) == (409, True)
        done = browser.send(verify, page=PAGE, number=FRESH, code=f"{code[:3]} {code[3:]}", **ask)
        assert done.status_code == 303
        assert all(phone.verified for phone in regulator(draft(desk)).phones)
