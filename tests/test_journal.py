"""The journal: written with the change, in words, and no single row of it can be touched unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from config.journal import Change, Head, append, heads, lines, read, verify
from config.settings import Settings
from console.cli.main import main
from routing import drafts, store, untold
from routing.demo import demo_document
from routing.document import Closure

CHAINS = ("", "bayonne", "pau")


def fill(engine: Engine, rows: int = 4) -> None:
    for number in range(rows):
        with engine.begin() as connection:
            append(
                connection,
                "Camille",
                [Change(chain, "published", f"Règles n° {number}", "avant", "après") for chain in CHAINS],
            )


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """What somebody with a shell on the database does; taken back afterwards."""
    with engine.connect() as connection:
        kept = {table: connection.execute(sa.select(table)).mappings().all() for table in (lines, heads)}
    with engine.begin() as connection:
        yield connection
    touched = verify(engine)[1]
    with engine.begin() as connection:
        for table, rows in kept.items():
            connection.execute(table.delete())
            connection.execute(table.insert(), [dict(row) for row in rows])
    assert touched, "nobody noticed"


def test_a_publication_writes_what_it_changes_into_the_chain_of_whom_it_concerns(engine: Engine) -> None:
    store.ensure_demo(engine)
    document = demo_document()
    first = document.associations[0]
    changed = document.model_copy(
        update={
            "associations": (
                first.model_copy(update={"asks_age": not first.asks_age}),
                *document.associations[1:],
            )
        }
    )
    store.publish(engine, changed, 1, "Alix", "Essai", approved_by="Sam")
    newest = read(engine, first.slug)[0]
    assert (newest.author, newest.action, newest.before) == ("Alix", "published", "Règles n° 1")
    assert newest.subject == "Règles n° 2 : Essai (avec l'accord de Sam)"
    assert "question de l'âge" in newest.after
    assert len(read(engine, document.associations[1].slug)) == 1, "the others' chains stay as they were"
    assert verify(engine)[1] == ()


def hidden(name: str, hour: datetime | None, slug: str | None = "pau") -> Closure:
    starts = datetime(2090, 1, 1, tzinfo=UTC)
    ends = starts + timedelta(days=1)
    return Closure(
        id=name, association=slug, starts=starts, ends=ends, reason=f"Raison {name}", published_at=hour
    )


def in_force(engine: Engine, *closures: Closure) -> int:
    document = demo_document().model_copy(update={"closures": closures})
    return store.publish(engine, document, store.ensure_demo(engine), "Alix", "Grève")


def told_by_clocks(engine: Engine, clocks: int = 3) -> int:
    """How many closures so many clocks tell of, all at the same moment."""
    told: list[int] = []

    def tell() -> None:
        told.append(untold.tell_due(engine, lambda: store.current(engine)))

    threads = [threading.Thread(target=tell) for _ in range(clocks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == clocks
    return sum(told)


def its_hour_comes(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE rule_untold SET at = '2026-01-01 00:00:00'"))


LATER = datetime(2089, 1, 1, 6, tzinfo=UTC)


def test_a_closure_kept_secret_enters_the_chain_of_whom_it_closes_at_its_hour(engine: Engine) -> None:
    in_force(engine, hidden("a", LATER), hidden("national", LATER, None))
    in_force(engine, hidden("a", LATER), hidden("b", LATER))
    assert told_by_clocks(engine) == 0
    assert "Raison" not in str(read(engine, "pau"))
    version = in_force(engine, hidden("b", LATER))
    its_hour_comes(engine)
    assert told_by_clocks(engine) == 1, "the one that was withdrawn in secret is never told"
    (line,) = read(engine, "pau", action="closure_unveiled")
    assert (line.author, line.subject.split(" :")[0]) == ("Alix", f"Règles n° {version}")
    assert line.after == (
        "Fermeture de Pau « Raison b » ajoutée, du 01/01/2090 à 1 h au 02/01/2090 à 1 h (tous les besoins)."
    )
    assert told_by_clocks(engine) == 0
    assert verify(engine)[1] == ()


def test_a_closure_brought_forward_is_told_of_at_once(engine: Engine) -> None:
    in_force(engine, hidden("c", LATER))
    assert told_by_clocks(engine) == 0
    in_force(engine, hidden("c", None))
    assert told_by_clocks(engine) == 1
    assert "Raison c" in read(engine, "pau", action="closure_unveiled")[0].after


def test_a_publication_that_fails_writes_nothing(engine: Engine) -> None:
    store.ensure_demo(engine)
    draft = drafts.find(engine, drafts.save(engine, demo_document(), 1, "Alix"))
    assert draft
    drafts.abandon(engine, draft.id)
    before = verify(engine)[0]
    with pytest.raises(store.DraftChanged):
        store.publish(engine, demo_document(), 1, "Alix", "Essai", draft=draft)
    assert verify(engine) == (before, ())


def test_of_two_edits_of_one_text_the_second_keeps_and_writes_nothing(engine: Engine) -> None:
    store.ensure_demo(engine)
    document = demo_document()
    first, *others = document.associations
    mine, late = (
        document.model_copy(
            update={"associations": (first.model_copy(update={"announcement": said}), *others)}
        )
        for said in ("Bonjour", "Bonsoir")
    )
    draft = drafts.save(engine, mine, 1, "Alix", association=first.slug)
    line = read(engine, first.slug)[0]
    assert (line.author, line.action, "« Bonjour »" in line.after) == ("Alix", "draft_kept", True)
    known = {"association": first.slug, "draft_id": draft}
    for read_then in (document, late):
        with pytest.raises(drafts.Overtaken):
            drafts.save(engine, late, 1, "Sam", over=read_then, **known)
    drafts.save(engine, mine, 1, "Sam", over=mine, **known)
    assert read(engine, first.slug)[0] == line
    drafts.save(engine, late, 1, "Sam", over=mine, **known)
    assert "« Bonsoir » au lieu de « Bonjour »" in read(engine, first.slug)[0].after
    drafts.abandon(engine, draft, "Alix")
    with pytest.raises(drafts.Overtaken):
        drafts.save(engine, mine, 1, "Sam", over=late, **known)
    assert verify(engine)[1] == ()


def test_many_writers_at_once_make_one_chain_each(engine: Engine) -> None:
    faults: list[BaseException] = []

    def write() -> None:
        try:
            fill(engine, 5)
        except BaseException as fault:
            faults.append(fault)

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults == []
    ends, wrong = verify(engine)
    assert wrong == ()
    assert [(end.chain, end.number) for end in ends] == [(chain, 30) for chain in CHAINS]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_single_row_is_edited_removed_added_or_reordered_unnoticed(
    sqlite_engine: Engine, data: st.DataObject
) -> None:
    if not verify(sqlite_engine)[0]:
        fill(sqlite_engine)
    chain, number = data.draw(st.sampled_from(CHAINS)), data.draw(st.integers(1, 4))
    row = (lines.c.chain == chain) & (lines.c.number == number)
    deed = data.draw(st.sampled_from(["edit", "remove", "copy", "swap", "move", "head", "no head"]))
    with undone(sqlite_engine) as connection:
        found = dict(connection.execute(sa.select(lines).where(row)).mappings().one())
        if deed == "edit":
            field = data.draw(st.sampled_from(sorted(set(found) - {"number", "chain"})))
            other = data.draw(st.text(max_size=20).filter(lambda text: text != found[field]))
            connection.execute(lines.update().where(row).values({field: other}))
        elif deed == "remove":
            connection.execute(lines.delete().where(row))
        elif deed == "copy":
            connection.execute(lines.insert().values(found | {"number": 5}))
        elif deed == "swap":
            other = 1 + number % 4
            connection.execute(lines.update().where(row).values(number=99))
            there = (lines.c.chain == chain) & (lines.c.number == other)
            connection.execute(lines.update().where(there).values(number=number))
            connection.execute(
                lines.update().where(lines.c.chain == chain, lines.c.number == 99).values(number=other)
            )
        elif deed == "move":
            connection.execute(lines.update().where(row).values(chain="dax"))
        elif deed == "head":
            connection.execute(heads.update().where(heads.c.chain == chain).values(number=3))
        else:
            connection.execute(heads.delete().where(heads.c.chain == chain))


def test_a_head_noted_elsewhere_finds_out_who_rewrote_the_whole_chain(engine: Engine) -> None:
    fill(engine)
    noted = verify(engine)[0][-1]
    with engine.begin() as connection:  # as thorough as can be: the last row and the head with it
        connection.execute(lines.delete().where(lines.c.chain == "pau", lines.c.number == 4))
        third = connection.scalar(sa.select(lines.c.hash).where(lines.c.chain == "pau", lines.c.number == 3))
        connection.execute(heads.update().where(heads.c.chain == "pau").values(number=3, hash=third))
    assert verify(engine)[1] == ()
    assert [(fault.chain, fault.number) for fault in verify(engine, [noted])[1]] == [("pau", 4)]
    assert verify(engine, [Head("", 4, "0" * 64)])[1]


def test_the_newest_come_first_by_page_and_are_found_by_their_words(engine: Engine) -> None:
    fill(engine)
    page = read(engine, limit=5)
    last = page[-1]
    more = read(engine, before=(last.at.isoformat(timespec="microseconds"), last.chain, last.number))
    assert len({(line.chain, line.number) for line in (*page, *more)}) == 12
    assert [line.number for line in read(engine, "pau")] == [4, 3, 2, 1]
    assert len(read(engine, words="règles n° 3 camille")) == 3
    assert read(engine, words="100%") == ()
    assert len(read(engine, "pau", words="publiées 2", named={"published": "règles publiées"})) == 1
    assert read(engine, action="claimed") == ()


def test_the_command_tells_the_heads_and_where_a_chain_breaks(
    env: dict[str, str],
    sqlite_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert Settings.of_process()
    fill(sqlite_engine)
    code, told = said(["audit", "verify"], capsys)
    assert code == 0
    head = next(line for line in told.splitlines() if line.startswith("pau:4:"))
    assert said(["audit", "verify", "--noted", head], capsys)[0] == 0
    assert said(["audit", "verify", "--noted", "n'importe quoi"], capsys)[0] == 2
    with sqlite_engine.begin() as connection:
        connection.execute(
            lines.update().where(lines.c.chain == "pau", lines.c.number == 2).values(after="x")
        )
    code, told = said(["audit", "verify"], capsys)
    assert code == 1
    assert "pau, ligne 2 : ligne modifiée" in told


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out + told.err
