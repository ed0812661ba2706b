"""Nothing goes live unproved, unapproved or over somebody else's work; a draft has its hour."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.sealing import Pseudonyms
from routing import draft_publishing, drafts, number_proofs, pacts, publishing, store
from routing.document import Document
from routing.number_proofs import Answer, TooSoon
from routing.pacts import State
from routing.publishing import Conflict, Refused, SecondPersonNeeded
from tests.books_on_file import document_on_file

GIRONDE, PLACES = document_on_file("gironde")
PAU = 3
KEYED = Pseudonyms(("a" * 40,), "test calls").index
PAST = datetime(2026, 1, 1, tzinfo=UTC)


def changed(edit: Callable[[dict[str, Any]], object], document: Document = GIRONDE) -> Document:
    written = document.model_dump(mode="json")
    edit(written)
    return Document.model_validate(written)


def two_people(written: dict[str, Any]) -> None:
    written["associations"][PAU]["two_person"] = True


def renamed(written: dict[str, Any]) -> None:
    written["associations"][PAU]["announcement"] = "Bonjour"


CAREFUL = changed(two_people)
GREETS = changed(renamed)


def shut(days: int, *, urgent: bool) -> Callable[[dict[str, Any]], object]:
    closure = {"id": "x", "reason": "Neige", "association": "pau", "urgent": urgent}
    when = {"starts": "2026-12-01T00:00:00Z", "ends": f"2026-12-{1 + days:02}T00:00:00Z"}
    return lambda written: written.update(closures=[closure | when])


def test_a_sound_book_is_published(engine: Engine) -> None:
    store.publish(engine, GIRONDE, 0, "3624", "")
    assert publishing.publish(engine, GREETS, 1, "ana", "Annonce") == 2
    assert store.current(engine) == (2, GREETS)


def test_what_blocks_is_refused_in_words_and_nothing_is_published(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, GIRONDE, 0, "3624", "")
    lost = changed(lambda w: w["national"].update(regulator="nowhere"))
    with pytest.raises(Refused) as refused:
        publishing.publish(sqlite_engine, lost, 1, "ana", "", approved_by="bob")
    assert "« nowhere », qui n'existe pas" in str(refused.value)
    assert store.current_version(sqlite_engine) == 1


def test_at_night_one_person_closes_and_opens_again(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    closed = changed(shut(1, urgent=True), CAREFUL)
    assert publishing.publish(sqlite_engine, closed, 1, "ana", "Neige") == 2
    assert publishing.publish(sqlite_engine, CAREFUL, 2, "ana", "Fin") == 3


def test_of_two_drafts_the_later_sees_both_differences(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, GIRONDE, 0, "3624", "")
    publishing.publish(sqlite_engine, GREETS, 1, "ana", "")
    other = changed(lambda w: w["regulators"][6].update(lines=9))
    with pytest.raises(Conflict) as late:
        publishing.publish(sqlite_engine, other, 1, "bob", "")
    assert (late.value.expected, late.value.current) == (1, 2)
    told = publishing.in_words(late.value)
    assert "- Pau, annonce : « Bonjour » au lieu de rien." in told
    assert "- Régulation Pau, lignes : 9 au lieu de 4." in told


@pytest.mark.parametrize(
    "edit",
    [
        renamed,
        lambda w: w["associations"][PAU].update(two_person=False),
        lambda w: w["regulators"][6].update(lines=9),  # its desk
        shut(1, urgent=False),
        shut(15, urgent=True),  # so long is no emergency
        lambda w: (shut(1, urgent=True)(w), renamed(w)),
    ],
)
def test_an_association_that_asks_for_two_people_gets_them(
    edit: Callable[[dict[str, Any]], object], sqlite_engine: Engine
) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    draft = changed(edit, CAREFUL)
    for approver in (None, "", "ana", " Ana "):
        with pytest.raises(SecondPersonNeeded, match="SOS Médecins Pau"):
            publishing.publish(sqlite_engine, draft, 1, "ana", "", approved_by=approver)
    assert publishing.publish(sqlite_engine, draft, 1, "ana", "", approved_by="bob") == 2


def test_what_does_not_touch_it_needs_one_person(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    draft = changed(lambda w: w["associations"][0].update(announcement="Bonsoir"), CAREFUL)
    assert publishing.publish(sqlite_engine, draft, 1, "ana", "") == 2


def test_undoing_needs_no_second_person_and_is_proved_anew(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    publishing.publish(sqlite_engine, changed(renamed, CAREFUL), 1, "ana", "", approved_by="bob")
    assert publishing.restore(sqlite_engine, 1, 2, "ana", "Erreur") == 3
    assert store.current(sqlite_engine) == (3, CAREFUL)
    assert store.history(sqlite_engine)[0].restores == 1
    with pytest.raises(KeyError):
        publishing.restore(sqlite_engine, 9, 3, "ana", "")


def test_a_draft_is_published_at_its_hour(engine: Engine) -> None:
    store.publish(engine, GIRONDE, 0, "3624", "")
    early, later = (drafts.save(engine, GREETS, 1, "ana", "À l'heure") for _ in range(2))
    assert drafts.schedule(engine, drafts.find(engine, early), PAST)
    assert drafts.schedule(engine, drafts.find(engine, later), datetime(2090, 1, 1, tzinfo=UTC))
    assert draft_publishing.publish_due(engine, lambda: PLACES) == (2,)
    assert draft_publishing.publish_due(engine, lambda: PLACES) == ()
    assert [draft.id for draft in drafts.still_open(engine)] == [later]
    assert store.history(engine)[0].reason == "À l'heure"


def test_nothing_is_loaded_when_nothing_is_due(sqlite_engine: Engine) -> None:
    assert draft_publishing.publish_due(sqlite_engine, lambda: pytest.fail("loaded")) == ()


def test_a_draft_whose_hour_came_in_vain_says_why_and_stays(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    alone = drafts.save(sqlite_engine, changed(renamed, CAREFUL), 1, "ana")
    late = drafts.save(
        sqlite_engine, changed(lambda w: w["associations"][0].update(city="B"), CAREFUL), 1, "b"
    )
    for name in (alone, late):
        drafts.schedule(sqlite_engine, drafts.find(sqlite_engine, name), PAST)
    store.publish(sqlite_engine, CAREFUL, 1, "zoe", "")
    assert draft_publishing.publish_due(sqlite_engine, lambda: PLACES) == ()
    told = {name: drafts.find(sqlite_engine, name) for name in (alone, late)}
    assert "seconde personne" in (told[alone].refused or "")
    assert "La version 2 a été publiée depuis la version 1" in (told[late].refused or "")
    assert all(draft.publish_at is None for draft in told.values())


def test_an_approval_holds_for_the_text_that_was_read(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, CAREFUL, 0, "3624", "")
    name = drafts.save(sqlite_engine, changed(renamed, CAREFUL), 1, "ana")
    read = drafts.find(sqlite_engine, name)
    assert drafts.approve(sqlite_engine, read, "bob")
    assert drafts.find(sqlite_engine, name).approved_by == "bob"
    other = changed(lambda w: w["associations"][PAU].update(announcement="Autre"), CAREFUL)
    drafts.save(sqlite_engine, other, 1, "ana", draft_id=name)
    assert drafts.find(sqlite_engine, name).approved_by is None
    assert not drafts.approve(sqlite_engine, read, "bob")
    assert not drafts.schedule(sqlite_engine, read, PAST)
    with pytest.raises(store.DraftChanged):
        publishing.publish(sqlite_engine, read.document, 1, "ana", "", approved_by="bob", draft=read)
    assert store.current_version(sqlite_engine) == 1


def with_number(number: str) -> Document:
    return changed(lambda w: w["regulators"][6].update(phones=[{"number": number, "verified": True}]))


def test_a_new_number_takes_calls_only_after_its_code_came_back(engine: Engine) -> None:
    store.publish(engine, GIRONDE, 0, "3624", "")
    draft = with_number("+33536490039")
    with pytest.raises(Refused, match="aucun appel d'essai"):
        publishing.publish(engine, draft, 1, "ana", "")
    code = number_proofs.begin(engine, "+33536490039", KEYED, "ana")
    assert re.fullmatch(r"[0-9]{6}", code)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert number_proofs.answer(engine, "+33536490039", wrong, KEYED, "ana") is Answer.WRONG
    with pytest.raises(Refused):
        publishing.publish(engine, draft, 1, "ana", "")
    assert number_proofs.answer(engine, "+33536490039", code, KEYED, "ana") is Answer.PROVED
    assert publishing.publish(engine, draft, 1, "ana", "") == 2
    assert number_proofs.answer(engine, "+33536490039", code, KEYED, "ana") is Answer.EXPIRED


def test_a_code_is_for_its_number_and_dies_of_wrong_guesses_and_of_age(sqlite_engine: Engine) -> None:
    one, other = "+33536490039", "+33536490038"
    code = number_proofs.begin(sqlite_engine, one, KEYED, "ana")
    with pytest.raises(TooSoon):
        number_proofs.begin(sqlite_engine, one, KEYED, "ana")
    assert number_proofs.answer(sqlite_engine, other, code, KEYED, "ana") is Answer.EXPIRED
    for _ in range(number_proofs.TRIES):
        assert number_proofs.answer(sqlite_engine, one, "nope", KEYED, "ana") is Answer.WRONG
    assert number_proofs.answer(sqlite_engine, one, code, KEYED, "ana") is Answer.EXPIRED
    _ages(sqlite_engine, number_proofs.PAUSE)
    code = number_proofs.begin(sqlite_engine, one, KEYED, "ana")
    _ages(sqlite_engine, number_proofs.VALID)
    assert number_proofs.answer(sqlite_engine, one, code, KEYED, "ana") is Answer.EXPIRED
    assert number_proofs.proved(sqlite_engine, (one, other)) == frozenset()


def test_no_code_is_kept_in_clear(sqlite_engine: Engine) -> None:
    code = number_proofs.begin(sqlite_engine, "+33536490039", KEYED, "ana")
    with sqlite_engine.connect() as connection:
        assert code not in str(connection.execute(text("SELECT code_hash FROM number_proofs")).all())


def _ages(engine: Engine, by: timedelta) -> None:
    asked = (datetime.now(UTC) - by - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    with engine.begin() as connection:
        connection.execute(text("UPDATE number_proofs SET asked_at = :at"), {"at": asked})


def test_nothing_publishes_around_the_checks() -> None:
    root = Path(publishing.__file__).parent.parent
    rooms = ("routing", "console", "voice", "workers")
    callers = {
        str(path.relative_to(root))
        for room in rooms
        for path in (root / room).rglob("*.py")
        if "store.publish(" in path.read_text()
    }
    assert callers - {"routing/store.py"} == {
        "routing/publishing.py",
        "routing/draft_publishing.py",
    }


def by_chance(draw: Random) -> Document:
    """The book with pacts drawn by chance: to anybody, to nobody known, to one's own desks, for any time."""
    slugs = [one.slug for one in GIRONDE.associations]

    def pacts_of(written: dict[str, Any]) -> None:
        for one in written["associations"]:
            helpers = draw.sample([*slugs, *slugs, "nowhere"], draw.randrange(3))
            one["overflow"] = [
                {
                    "association": helper,
                    "accepted": draw.random() < 0.7,
                    "cap_per_hour": draw.choice([None, 3, 9]),
                }
                | {"until": draw.choice([None, "2026-06-30", "2099-12-31"])}
                for helper in helpers
            ]
            if draw.random() < 0.05:
                one["regulators"] = draw.choice(written["associations"])["regulators"]
        if draw.random() < 0.2:
            shut(draw.choice([2, 20]), urgent=False)(written)
            written["closures"][0]["ends"] = draw.choice(["2026-12-09T00:00:00Z", "2028-12-09T00:00:00Z"])

    return changed(pacts_of)


def test_what_refuses_a_publication_is_what_the_whole_proof_would_refuse(sqlite_engine: Engine) -> None:
    draw, refused_for, passed = Random(3624), set[str](), 0
    store.publish(sqlite_engine, GIRONDE, 0, "3624", "")
    for _ in range(60):
        drawn = by_chance(draw)
        for one in drawn.associations:
            for pact in one.overflow:
                said = draw.choice([State.ACCEPTED] * 8 + list(State))
                pacts.answer(sqlite_engine, one.slug, pact, said, "bob")
        asked = by_chance(draw) if draw.random() < 0.3 else drawn
        proved = publishing.examine(sqlite_engine, PLACES, asked, 1).blocking
        assert publishing.refused(sqlite_engine, GIRONDE, asked) == proved
        refused_for |= {problem.kind for problem in proved}
        passed += not proved
    assert refused_for >= {"unaccepted_pact", "unknown", "loop", "endless"}
    assert passed > 3
