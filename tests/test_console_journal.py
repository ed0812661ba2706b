"""What the journal tells of drafts, who counts as one person, and what is told to no other association."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from config.journal import FEDERATION, read, verify
from config.settings import Settings
from console.access.roles import Grant, Role
from console.access.tables import accounts
from console.publishing import publish
from routing import draft_publishing, drafts, store
from routing.closures import with_closure
from routing.document import Closure
from tests.console import PASSWORD, SECRET, Browser, Console, console
from tests.test_console_association import words
from tests.test_console_draft import DRAFT, WEEK, directly, drafted, published, stamp_of

CASES = "/a/pau/brouillon/cas"
MOTIVE, THEIRS = "Mouvement tenu secret", "Dégât des eaux chez nous"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        made.clock.at = datetime.now(UTC).replace(microsecond=0)  # as the database's, which judges secrets
        yield made
        assert verify(made.office.engine)[1] == ()


def entered(desk: Console, name: str) -> tuple[str, Browser]:
    """A manager of Pau of this name, whoever else bears it; the account's id."""
    email = f"m{len(desk.office.accounts.listed())}@pau.example"
    made = desk.office.accounts.create(
        email, name, (Grant(Role.MANAGER, "pau"),), desk.clock(), password=PASSWORD
    )
    desk.office.second.set(made, SECRET, desk.clock())
    browser = desk.browser()
    browser.send("/entrer", email=email, password=PASSWORD)
    desk.clock.advance(seconds=60)
    assert browser.send("/entrer/code", page="/entrer/code", code=desk.code()).status_code == 303
    return made, browser


def closed(desk: Console, slug: str, reason: str, **more: object) -> int:
    now = desk.clock()
    wanted = Closure(
        id=f"{slug}-{len(reason)}",
        association=slug,
        starts=now + timedelta(days=2),
        ends=now + timedelta(days=3),
        reason=reason,
        **more,
    )
    return publish(
        desk.office, lambda document: with_closure(document, wanted, now), "F", f"Arrêt : {reason}"
    )


def test_the_journal_names_the_associations_of_roles_as_people_do(desk: Console) -> None:
    federation, made = desk.entered(Role.FEDERATION), desk.person(Role.MEMBER, "cherbourg")
    account = desk.accounts[made]
    page = f"/federation/comptes/{account}"
    federation.send(f"{page}/roles", page=page, role="doctor", association="pau")
    federation.send(f"{page}/roles/retrait", page=page, role="member", association="cherbourg")
    told = words(federation.text("/federation/journal"))
    for said in (
        "Après membre, Cherbourg-en-Cotentin",
        "Après médecin de rappel, Pau",
        "Avant membre, Cherbourg-en-Cotentin",
    ):
        assert said in told, said
    assert "membre, cherbourg" not in told


def test_each_kept_edit_of_a_draft_is_a_line_and_what_changes_nothing_is_none(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    drafted(browser, sun="8h-20h")
    line = read(desk.office.engine, "pau")[0]
    assert (line.author, line.action) == ("manager", "draft_kept")
    assert line.subject.startswith("Brouillon fondé sur les règles n° 1 : ")
    assert "dimanche" in line.after
    drafted(browser, mon="9h-19h")
    second = read(desk.office.engine, "pau")[0]
    assert second.number == line.number + 1
    assert "lundi" in second.after
    assert "dimanche" not in second.after, "this edit alone"
    drafted(browser, mon="9h-19h")
    directly(desk, "bayonne", announcement="Bonjour")
    drafted(browser, mon="9h-19h")
    assert read(desk.office.engine, "pau")[0] == second, "nothing of Pau's was changed"
    told = words(browser.text("/a/pau/journal?action=draft_kept"))
    assert "Brouillon changé" in told or "brouillon changé" in told
    assert len(max((one.after for one in read(desk.office.engine, limit=500)), key=len)) < 4000


def test_two_of_one_name_are_two_people_and_one_renamed_is_one(desk: Console) -> None:
    directly(desk, "pau", two_person=True)
    (one, first), (_, second) = entered(desk, "Camille Roy"), entered(desk, "Camille Roy")
    page = DRAFT.format("pau")
    drafted(first, sun="8h-20h")
    assert published(first).status_code == 303
    with desk.office.engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.id == one).values(name="Camille Roy-Lacaze"))
    assert "attend votre accord" not in words(first.text("/a/pau/")), "renamed, and the same"
    read_ = stamp_of(second.text(page))
    assert first.send(f"{page}/approuver", page=page, stamp=read_).status_code == 403
    assert desk.office.book.version == 2
    assert "attend votre accord" in words(second.text("/a/pau/"))
    assert second.send(f"{page}/approuver", page=page, stamp=read_).status_code == 303
    assert desk.office.book.version == 3
    with desk.office.engine.connect() as connection:
        row = connection.execute(store.books.select().where(store.books.c.version == 3)).one()
    assert (row.author, row.approved_by, row.author_id, row.association) == (
        "Camille Roy", "Camille Roy", one, "pau"
    )  # fmt: skip
    assert row.approved_by_id not in (None, one)
    drafted(second, mon="9h-19h")
    draft = drafts.still_open(desk.office.engine, "pau")[0]
    assert draft.writer.same(drafts.Person("camille roy ")), "the terminal knows names only"


def pages(desk: Console, browser: Browser, slug: str = "pau") -> dict[str, str]:
    """All that an association's people can be shown without looking for it."""
    found = {}
    for rule in desk.app.url_map.iter_rules():
        if rule.arguments == {"association"} and "GET" in (rule.methods or ()):
            answer = browser.get(rule.rule.replace("<association>", slug))
            if answer.status_code == 200:
                found[rule.rule] = answer.text
    assert len(found) > 20
    return found


def test_what_is_secret_and_what_others_write_is_on_no_page_of_an_association(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    page = browser.text(WEEK.format("pau"))
    drafted(browser, sun="8h-20h")
    night = {"place": "64000", "need": "visit", "regulator": ""}
    soon = desk.clock() + timedelta(days=2, hours=6)
    case = night | {"day": f"{soon:%d/%m/%Y}", "clock": f"{soon.hour}h"}
    assert browser.send(CASES, **case).status_code == 303
    assert "C'est enregistré" in words(browser.text(CASES))
    hours = words(browser.text("/a/pau/horaires"))
    later = desk.clock() + timedelta(days=2)
    assert closed(desk, "pau", MOTIVE, published_at=later) == 2
    assert closed(desk, "bayonne", THEIRS) == 3
    directly(desk, "pau", announcement="Bonjour")  # the same part as the draft: both are shown
    for path, text in pages(desk, browser).items():
        assert MOTIVE not in text, path
        assert THEIRS not in text, path
    assert words(browser.text("/a/pau/horaires")) == hours, "nor do its hours tell of it"
    assert "Aujourd'hui" not in words(browser.text(CASES)), (
        "a case of that night still holds, for all it knows"
    )
    assert browser.get("/a/pau/versions/2").status_code == 404
    late = browser.send(WEEK.format("pau"), stamp=stamp_of(page), step="keep", needs=["visit"], mon="9h-19h")
    assert late.status_code == 409
    told = words(late.text)
    assert "dimanche" in told
    assert MOTIVE not in told
    assert THEIRS not in told
    whole = "\n".join(map(str, read(desk.office.engine, "pau", limit=500)))
    assert MOTIVE not in whole
    assert MOTIVE in "\n".join(map(str, read(desk.office.engine, FEDERATION)))
    assert THEIRS in "\n".join(map(str, read(desk.office.engine, "bayonne")))


def test_who_holds_the_same_desk_is_told_what_changed_and_not_why(desk: Console) -> None:
    engine, document = desk.office.engine, desk.office.book.document
    assert document
    fewer = tuple(
        one.model_copy(update={"lines": 1}) if one.id == "cherbourg" else one for one in document.regulators
    )
    changed = document.model_copy(update={"regulators": fewer})
    kept = drafts.save(engine, changed, 1, "ana", "Deux postes supprimés", association="cherbourg")
    draft = drafts.find(engine, kept)
    assert draft
    assert draft_publishing.publish(engine, desk.office.terrain, draft) == 2
    desk.office.live_book.refresh()
    (line,) = (one for one in read(engine, "rouen") if one.action == "published" and "n° 2" in one.subject)
    assert line.subject == "Règles n° 2 : publiées par Cherbourg-en-Cotentin"
    assert "lignes : " in line.after
    assert "Deux postes supprimés" in read(engine, "cherbourg")[0].subject
    assert [one.action for one in read(engine, "pau")] == ["published"], "Pau has no part in it"
    rouen = desk.entered(Role.MANAGER, "rouen")
    for page in ("versions", "versions/2", "journal"):
        told = words(rouen.text(f"/a/rouen/{page}"))
        assert "Deux postes" not in told
        assert "n° 2" in told
    assert "qui tient un poste avec la vôtre" in words(rouen.text("/a/rouen/versions"))
