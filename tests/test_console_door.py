"""The one door: every route, every role, another association; headers and cookies on every answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from config.settings import Settings
from console.access.door import opens, rights
from console.access.roles import GIVEN, OF_AN_ASSOCIATION, Grant, Right, Role
from tests.console import Console, console

NATIONAL = (Role.FEDERATION, Role.AUDITOR)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def paths(app: Flask, association: str) -> Iterator[tuple[str, str, Right]]:
    """Every (method, address, right) there is."""
    asked = rights(app)
    known = {"association": association, "filename": "console.css"}
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                built = app.url_map.bind("localhost").build(
                    rule.endpoint, {name: known.get(name, 1) for name in rule.arguments}, method
                )
                yield method, built, asked[rule.endpoint]


@pytest.mark.parametrize("role", Role)
def test_every_route_refuses_whom_it_does_not_know(desk: Console, role: Role) -> None:
    home = None if role in NATIONAL else "bayonne"
    browser = desk.entered(role, home)
    desk.app.config["WTF_CSRF_ENABLED"] = False  # the door is judged alone; forgeries have their own test
    seen = 0
    for method, path, right in paths(desk.app, "pau"):
        if right in OF_AN_ASSOCIATION:
            expected = None if home is None and right in GIVEN[role] else 403 if home is None else 404
        else:
            expected = (
                None
                if right in (Right.ANYONE, Right.HALFWAY, Right.SELF)
                else (None if right in GIVEN[role] else 403)
            )
        if expected is None:
            continue
        answer = browser.client.open(path, method=method)
        assert answer.status_code == expected, (role, method, path)
        assert "Pau" not in answer.text, path
        seen += 1
    assert seen >= (3 if role is Role.FEDERATION else 8) or role is Role.FEDERATION


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MANAGER, Role.DOCTOR])
def test_at_home_a_role_opens_what_it_was_given_and_no_more(desk: Console, role: Role) -> None:
    browser = desk.entered(role, "pau")
    for method, path, right in paths(desk.app, "pau"):
        if right in OF_AN_ASSOCIATION and method == "GET" and not path.endswith("/1"):
            answer = browser.get(path)
            if right in GIVEN[role]:  # a page without a subject, such as a draft, may send on to another
                within = answer.headers.get("Location", "/a/pau/").startswith("/a/pau/")
                assert (answer.status_code in (200, 303), within) == (True, True), (role, path)
            else:
                assert answer.status_code == 403, (role, path)


def test_whoever_has_not_entered_is_sent_to_the_entrance(desk: Console) -> None:
    desk.app.config["WTF_CSRF_ENABLED"] = False
    browser = desk.browser()
    for method, path, right in paths(desk.app, "pau"):
        if right is not Right.ANYONE:
            answer = browser.client.open(path, method=method)
            assert answer.status_code == 303, (method, path)
            assert answer.headers["Location"].startswith("/entrer"), path


def test_a_part_of_a_page_sends_the_whole_page_to_the_entrance(desk: Console) -> None:
    answer = desk.browser().client.get("/a/pau/maintenant", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"][:7]) == (204, "/entrer")


def test_whoever_s_session_ended_comes_back_to_the_page_they_were_on(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    desk.clock.advance(hours=4)
    page, other = "http://localhost/a/pau/fermeture?x=1", "http://elsewhere.example/a/pau/"
    back = "/entrer?suite=/a/pau/fermeture?x%3D1"
    for path, referrer, to in (
        ("/a/pau/fermeture", page, back),
        ("/a/pau/reouverture", page, back),
        ("/a/pau/reouverture", other, "/entrer"),
    ):
        sent = browser.client.post(path, headers={"Referer": referrer})
        assert sent.headers["Location"] == to
    assert "Votre session était finie\u00a0: rien n&#39;a été envoyé." in browser.text("/entrer")
    part = browser.client.get("/a/pau/maintenant", headers={"HX-Request": "true", "Referer": page})
    assert part.headers["HX-Redirect"] == back, "not to the part, which is no page"


def test_a_form_of_an_earlier_session_leads_back_to_itself(desk: Console) -> None:
    browser, page = desk.entered(Role.MANAGER, "pau"), "/a/pau/fermeture"
    form, before = {"csrf_token": "of another session", "step": "close"}, desk.office.book.version
    sent = browser.client.post(page, data=form, headers={"Referer": f"http://localhost{page}"})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{page}#repris")
    assert "rien n&#39;a été envoyé" in browser.text(page)
    assert browser.client.post(page, data=form).status_code == 400, "from nowhere: no page to go back to"
    assert desk.office.book.version == before


def test_a_page_that_names_no_right_stops_the_console() -> None:
    app = Flask("bare")
    app.add_url_rule("/oublie", "oublie", lambda: "")
    with pytest.raises(LookupError, match="oublie names no right"):
        rights(app)
    other = Flask("odd")
    other.add_url_rule("/regles", "regles", opens(Right.RULE)(lambda: ""))
    with pytest.raises(LookupError, match="do not agree"):
        rights(other)


def test_a_form_without_its_token_changes_nothing(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    before = desk.office.book.version
    form = {"needs": "visit", "end": "6", "reason": "Panne", "step": "close"}
    assert browser.client.post("/a/pau/fermeture", data=form).status_code == 400
    assert desk.office.book.version == before


def test_roles_and_associations_go_together() -> None:
    assert not Grant(Role.FEDERATION, "pau").sound
    assert not Grant(Role.MEMBER).sound
    assert Grant(Role.AUDITOR).sound


def test_every_answer_carries_the_headers_and_nothing_is_kept(desk: Console) -> None:
    browser = desk.entered(Role.FEDERATION)
    for path in ("/federation/", "/nulle-part", "/entrer", "/static/console.css"):
        with browser.get(path) as answer:
            headers = answer.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; "), path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_the_cookie_is_strict_and_bound_to_https_where_there_is_https(env: dict[str, str]) -> None:
    for url, name, secure in (
        ("https://console.example", "__Host-3624", True),
        ("http://localhost:3625", "3624", False),
    ):
        with console(Settings.from_env(env | {"CONSOLE_URL": url})) as desk:
            sent = desk.app.test_client().get("/entrer", base_url=url).headers
            cookie = sent["Set-Cookie"]
            assert cookie.startswith(f"{name}=")
            assert ("Secure" in cookie) is secure
            assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
            assert ("Strict-Transport-Security" in sent) is secure


def test_a_fault_shows_nothing_of_what_lies_inside(desk: Console) -> None:
    browser = desk.entered(Role.FEDERATION)
    desk.office.live_book.stop()
    desk.office.live_book.current = None  # type: ignore[assignment] # broken on purpose
    answer = browser.get("/federation/")
    assert answer.status_code == 500
    assert "La console a un problème" in answer.text
    assert not {"Traceback", "NoneType", "AttributeError"} & set(answer.text.split())


def test_what_no_database_keeps_is_refused_in_words(desk: Console) -> None:
    member, stranger = desk.entered(Role.MANAGER, "pau"), desk.browser()
    for path in ("/a/pau/journal?words=a%00b", "/a/pau/appels/a%00b", "/a/pau/appels?%00=1"):
        refused = member.get(path)
        assert (refused.status_code, "est pas complète" in refused.text) == (400, True), path
    assert stranger.send("/entrer", email="a\x00b@pau.example", password="x").status_code == 400
    assert (
        member.send("/a/pau/comptes", name="A\x00", email="a@pau.example", role="member").status_code == 400
    )
    answer = stranger.client.get("/api/v1/live?association=pau%00")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "malformed")
    assert stranger.get("/a/pau/journal?words=a%00b").status_code == 303, "a stranger learns nothing of pages"
