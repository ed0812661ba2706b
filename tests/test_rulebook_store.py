"""Publishing: one number after the other, never two for one, the old book or the new and never a mixture."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from config import migrate
from config.journal import read
from routing import drafts, store
from routing.demo import demo_document
from routing.drafts import DraftState
from routing.store import Corrupt, Superseded
from tests.books_on_file import document_on_file

GIRONDE = document_on_file("gironde")[0]


def test_the_first_start_finds_the_demonstration_and_only_once(engine: Engine) -> None:
    assert store.current(engine) is None
    assert store.ensure_demo(engine) == 1
    assert store.ensure_demo(engine) == 1
    assert store.current(engine) == (1, demo_document())


def test_a_publication_has_the_next_number_and_stays_as_it_was(engine: Engine) -> None:
    store.ensure_demo(engine)
    assert store.publish(engine, GIRONDE, 1, "ana", "Bordeaux la nuit") == 2
    assert store.current(engine) == (2, GIRONDE)
    assert store.version(engine, 1) == demo_document()
    assert store.version(engine, 3) is None
    latest, first = store.history(engine)
    assert (latest.version, latest.author, latest.reason, latest.restores) == (
        2,
        "ana",
        "Bordeaux la nuit",
        None,
    )
    assert first.published_at <= latest.published_at
    assert [it.version for it in store.history(engine, before=2)] == [1]


def test_publishing_on_old_ground_is_refused(engine: Engine) -> None:
    store.ensure_demo(engine)
    store.publish(engine, GIRONDE, 1, "ana", "")
    with pytest.raises(Superseded) as refused:
        store.publish(engine, demo_document(), 1, "bob", "")
    assert (refused.value.expected, refused.value.current) == (1, 2)
    assert store.current_version(engine) == 2


def test_of_many_at_the_same_moment_one_publishes(engine: Engine) -> None:
    store.ensure_demo(engine)
    together, outcomes = Barrier(6), []

    def publish(author: str) -> None:
        together.wait()
        try:
            outcomes.append(store.publish(engine, GIRONDE, 1, author, ""))
        except Superseded as refused:
            outcomes.append(refused)

    threads = [Thread(target=publish, args=(f"a{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [it for it in outcomes if isinstance(it, int)] == [2]
    assert all(it.current == 2 for it in outcomes if isinstance(it, Superseded))
    assert len(outcomes) == 6


def test_undoing_is_publishing_the_older_book_again(engine: Engine) -> None:
    store.ensure_demo(engine)
    store.publish(engine, GIRONDE, 1, "ana", "")
    assert store.restore(engine, 1, 2, "ana", "Retour") == 3
    assert store.current(engine) == (3, demo_document())
    assert store.history(engine)[0].restores == 1
    with pytest.raises(KeyError):
        store.restore(engine, 40, 3, "ana", "")


def test_a_row_that_was_tampered_with_is_not_taken(engine: Engine) -> None:
    store.ensure_demo(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE rule_books SET document = replace(document, 'Toulouse', 'Toulon')"))
    with pytest.raises(Corrupt):
        store.current(engine)


def test_a_draft_is_written_over_until_it_is_published(engine: Engine) -> None:
    store.ensure_demo(engine)
    mine = drafts.save(engine, demo_document(), 1, "ana", association="bordeaux")
    assert drafts.save(engine, GIRONDE, 1, "ana", "nuit", association="bordeaux", draft_id=mine) == mine
    other = drafts.save(engine, demo_document(), 1, "bob")
    assert {draft.id for draft in drafts.still_open(engine)} == {mine, other}
    assert [draft.document for draft in drafts.still_open(engine, "bordeaux")] == [GIRONDE]
    store.publish(engine, GIRONDE, 1, "ana", "nuit", draft=drafts.find(engine, mine))
    drafts.abandon(engine, other)
    assert drafts.still_open(engine) == ()
    published, given_up = drafts.find(engine, mine), drafts.find(engine, other)
    assert published is not None
    assert (published.state, published.published_as) == (DraftState.PUBLISHED, 2)
    assert given_up is not None
    assert given_up.state is DraftState.ABANDONED


def test_of_two_drafts_begun_in_one_instant_the_second_is_refused(engine: Engine) -> None:
    store.ensure_demo(engine)
    together, outcomes = Barrier(6), []
    document = demo_document()

    def begin(said: str) -> None:
        changed = document.associations[0].model_copy(update={"announcement": said})
        text = document.model_copy(update={"associations": (changed, *document.associations[1:])})
        together.wait()
        try:
            outcomes.append(drafts.save(engine, text, 1, "ana", association=changed.slug))
        except drafts.Overtaken as overtaken:
            outcomes.append(overtaken)

    # Three of them one person who pressed twice, and once more.
    threads = [Thread(target=begin, args=(said,)) for said in ("Un", "Un", "Un", "Deux", "Trois", "Quatre")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slug = document.associations[0].slug
    (kept,) = drafts.still_open(engine, slug)
    won = [it for it in outcomes if isinstance(it, str)]
    assert len(outcomes) == 6
    assert won == [kept.id] * (3 if kept.document.associations[0].announcement == "Un" else 1)
    assert len(read(engine, slug, action="draft_kept")) == 1
    others = drafts.save(engine, document, 1, "ana", association=document.associations[1].slug)
    assert {one.id for one in drafts.still_open(engine)} == {kept.id, others}


def test_of_drafts_that_were_open_before_only_one_could_be_the_newest_stays(engine: Engine) -> None:
    store.ensure_demo(engine)
    script = ScriptDirectory(str(Path(migrate.__file__).with_name("migrations")))
    migration = script.get_revision("0023_one_draft").module
    ids = {}
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.downgrade()
    newest = drafts.save(engine, demo_document(), 1, "ana", association="pau")
    federations = [drafts.save(engine, demo_document(), 1, name) for name in ("bob", "eve")]
    with engine.begin() as connection:
        for name, changed_at in (("a", "2026-01-01 08:00:00"), ("b", "2026-01-01 08:00:00")):
            ids[name] = f"{name}-older"
            connection.execute(
                text(
                    "INSERT INTO rule_drafts"
                    " (id, document, based_on, association, author, reason, state, changed_at)"
                    " SELECT :id, document, 1, 'pau', author, '', 'open', :at FROM rule_drafts WHERE id = :of"
                ),
                {"id": ids[name], "at": changed_at, "of": newest},
            )
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
    assert {one.id for one in drafts.still_open(engine)} == {newest, *federations}
    assert [drafts.find(engine, name).state for name in ids.values()] == [DraftState.ABANDONED] * 2
