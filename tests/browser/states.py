"""The states a page can be in beside its usual one: refused, empty, closed, in conflict, in the dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import escape
from werkzeug.test import TestResponse

from console.access.roles import Grant, Role
from console.publishing import publish
from routing.document import Document
from routing.parts import with_association
from tests.browser.forms import forms
from tests.browser.pages import Shown, World, drafted
from tests.console import PASSWORD, Browser, Console

PASTED = "64024\tAnglet\nSaint-Martin\nBiarritz\n99999\n"
NIGHT = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "8h-20h")
CLOSED = {"needs": "visit", "end": "6", "reason": "Médecin malade", "message": "Rappelez à 6 heures."}
AWAY = {"start": "at", "start_day": "24/11", "start_clock": "8h", "end_day": "25/11", "end_clock": "8h"}
ONCE = {"code", "name"}  # a code serves once; a key that was refused has no name yet


def refused(pages: Sequence[Shown]) -> Iterator[Shown]:
    """Every form of these pages that refuses nonsense; what was typed must be there still."""
    for one in pages:
        for form in forms(one.html, one.path):
            if not form.written:
                continue
            typed = {name: [f"zz {place} é"] for place, name in enumerate(form.written)}
            button = {form.button[0]: [form.button[1]]} if form.button else {}
            answer = one.who.client.post(form.action, data=form.sent | typed | button)
            if answer.status_code < 400:
                continue
            lost = [name for name in typed if str(escape(typed[name][0])) not in answer.text]
            assert set(lost) <= ONCE, f"{form.action} forgets {lost}"
            assert "autofocus" in answer.text, f"{form.action}: the focus stays away from what is wrong"
            yield Shown.of(f"{one.endpoint}, refused", form.action, one.who, answer)


def states(desk: Console, world: World) -> Iterator[Shown]:
    """One after the other: each is made from what the ones before left."""
    for made in (_faults, _people, _empty, _overseas, _rules, _closed, _federal):
        yield from made(desk, world)


def in_the_dark(desk: Console) -> Iterator[Shown]:
    """Without Redis: the pages that ask it say what they do not know."""
    who = desk.entered(Role.FEDERATION)
    for path in ("/a/pau/", "/federation/", "/federation/etat"):
        yield _at(f"without Redis, {path}", who, path)


def press(browser: Browser, page: str, ending: str = "", **more: object) -> TestResponse:
    """Send the form of this page whose action ends so, as it stands but for what is told."""
    found = next(form for form in forms(browser.text(page), page) if form.action.endswith(ending or page))
    return browser.client.post(found.action, data=found.sent | more)


def _at(name: str, who: Browser, path: str) -> Shown:
    return _sent(name, who, path, who.client.get(path), 200)


def _sent(name: str, who: Browser, path: str, answer: TestResponse, *codes: int) -> Shown:
    assert answer.status_code in (codes or (200, 422)), (name, answer.status_code)
    return Shown.of(name, path, who, answer)


def _faults(desk: Console, world: World) -> Iterator[Shown]:
    member = desk.entered(Role.MEMBER, "pau")
    for path, code in (("/a/pau/fermeture", 403), ("/a/bayonne/", 404), ("/sortir", 405)):
        answer = member.client.get(path)
        yield _sent(f"fault {code}", member, path, answer, code)
    yield _sent("fault 400", member, "/sortir", member.client.post("/sortir"), 400)
    whole = desk.app.view_functions["figures.shown"]
    desk.app.view_functions["figures.shown"] = lambda association: 1 / 0
    yield _sent("fault 500", member, "/a/pau/", member.client.get("/a/pau/chiffres"), 500)
    desk.app.view_functions["figures.shown"] = whole
    yield _sent("revoked wall", member, "/mur/x", member.client.get("/mur/revoked"), 404)
    yield _sent("spent invitation", member, "/invitation/x", member.client.get("/invitation/x"), 404)


def _people(desk: Console, world: World) -> Iterator[Shown]:
    """What others than a manager and the federation see."""
    for role, path in ((Role.DOCTOR, "/a/pau/rappels"), (Role.MEMBER, "/a/pau/"), (Role.MEMBER, "/compte")):
        yield _at(f"{role} at {path}", desk.entered(role, "pau"), path)
    auditor = desk.entered(Role.AUDITOR)
    for path in ("/federation/", "/federation/fermetures", "/federation/associations/pau", "/a/pau/secteur"):
        yield _at(f"auditor at {path}", auditor, path)
    both = (Grant(Role.DOCTOR, "pau"), Grant(Role.DOCTOR, "bayonne"))
    desk.office.accounts.create("both@pau.example", "Lou", both, desk.clock(), password=PASSWORD)
    of_two = desk.browser()
    of_two.send("/entrer", email="both@pau.example", password=PASSWORD)
    yield _at("a choice of associations", of_two, "/")
    yield _sent(
        "new recovery codes", world.manager, "/compte", press(world.manager, "/compte", "codes-de-secours")
    )
    desk.clock.advance(minutes=16)
    again = press(world.manager, "/compte", "codes-de-secours")
    yield _sent("what guards an account", world.manager, "/compte", again, 403)


def _empty(desk: Console, world: World) -> Iterator[Shown]:
    new = desk.entered(Role.MANAGER, "ajaccio")
    for path in ("", "rappels", "appels", "chiffres", "chiffres/prevision", "brouillon", "journal?words=zz"):
        yield _at(f"nothing at {path}", new, f"/a/ajaccio/{path}")
    yield _at("nothing in the journal", world.federation, "/federation/journal?words=zz")
    drafted(new, "ajaccio", **NIGHT)
    hole = press(new, "/a/ajaccio/brouillon", "publier")
    yield _sent("a draft that leaves a hole", new, "/a/ajaccio/brouillon", hole, 422)


def _overseas(desk: Console, world: World) -> Iterator[Shown]:
    far = desk.entered(Role.MANAGER, "martinique")
    for path in ("", "horaires", "fermeture", "secteur"):
        shown = _at(f"overseas at {path}", far, f"/a/martinique/{path}")
        assert "Heures de Fort-de-France" in shown.html, path
        yield shown


def _rules(desk: Console, world: World) -> Iterator[Shown]:
    browser = world.manager
    area = press(browser, "/a/pau/secteur", text=PASTED, step="check")
    yield _sent("an area with bad lines", browser, "/a/pau/secteur", area)
    stale = press(browser, "/a/pau/horaires/semaine", stamp="0" * 16, step="keep", sun="9h-10h")
    yield _sent("somebody changed the draft", browser, "/a/pau/horaires/semaine", stale, 409)

    def change(document: Document) -> Document:
        one = next(one for one in document.associations if one.slug == "pau")
        return with_association(document, one.model_copy(update={"announcement": "Bonjour"}))

    publish(desk.office, change, "la fédération", "Accueil")
    yield _at("somebody published the same", browser, "/a/pau/brouillon")
    press(browser, "/a/pau/brouillon", "garder")
    press(browser, "/a/pau/brouillon", "publier", when="at", day="25/12", clock="6h30")
    yield _at("a draft that waits for its hour", browser, "/a/pau/brouillon")
    yield _at("a version put back", browser, "/a/pau/versions/2")
    form = {"label": "Mme Lacaze", "number": "06 39 98 00 11", "pin": "4321", "again": "4321"}
    press(browser, "/a/pau/fermeture/telephone", **form)
    yield _at("a telephone that closes", browser, "/a/pau/fermeture/telephone")
    press(browser, "/a/pau/rappels", "medecins", **form)
    press(browser, "/a/pau/rappels", "prendre")
    yield _at("a call-back taken, a doctor", browser, "/a/pau/rappels")


def _federal(desk: Console, world: World) -> Iterator[Shown]:
    who, new = world.federation, "/federation/fermetures/nouvelle"
    told = {"end_day": "30/11", "end_clock": "20h", "reason": "Grippe", "text": "Pour le vaccin, voyez."}
    for path, more in ((new, AWAY | {"reason": "Grève"}), ("/federation/messages/nouveau", told)):
        yield _sent(f"what {path} would change", who, path, press(who, path, **more), 200)
        press(who, path, **more, step="publish")
    yield _at("a message holds, a closure comes", who, "/federation/fermetures")
    desk.clock.advance(days=1, hours=14)
    who = desk.entered(Role.FEDERATION)
    yield _at("a closure of the whole country", who, "/federation/")
    yield _at("coverage of a place", who, "/federation/couverture?lieu=64000&departement=64")
    for period in ("jour", "annee"):
        yield _at(f"history by {period}", who, f"/federation/historique?periode={period}")
    yield _at("rules that changed", who, "/federation/regles/2")


def _closed(desk: Console, world: World) -> Iterator[Shown]:
    who, path = world.manager, "/a/pau/fermeture"
    yield _sent("what a closing would change", who, path, press(who, path, **CLOSED, step="preview"), 200)
    press(who, path, **CLOSED, step="close")
    for there in ("/a/pau/", path, "/a/pau/feuille"):
        shown = _at(f"closed, {there}", who, there)
        assert "Médecin malade" in shown.html, there
        yield shown
    yield _at("a closed association on the board", world.federation, "/federation/")
