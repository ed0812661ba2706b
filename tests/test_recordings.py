"""A recorded announcement: judged, kept under a name of its own, played to the patient, else spoken."""

from __future__ import annotations

import io
import shutil
import wave
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text

from config import journal, stores
from config.settings import Settings
from routing import drafts, publishing, recordings, sounds, store
from routing.demo import demo_document
from routing.document import Document
from routing.model import Located
from routing.parts import with_association
from routing.sounds import Sound, Unfit, judge
from tests.conftest import until
from tests.flow_world import TinyRouting, answer, arrive, world
from tests.player import play_call
from tests.service import Service, running
from tests.sounds import tone
from voice import prompts
from voice.audio import Shelf
from voice.call import Ask, Pressed, World
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.watch import duties

ONE = tone(1)
WORDS = "Bonjour, ici l'équipe de Pau. Préparez votre carte Vitale."
CALL = {
    "from": "+33639980001",
    "steps": [{"press": "64000"}, {"press": "1"}, {"dials": ["+33536491230"]}],
    "ends": {"bridged": "+33536491230", "hears": ["composez le 15", WORDS]},
}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "lisible"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "lisible"),
        (b"<html>" * 100, "lisible"),
        (tone(rate=44100), "8 kHz"),
        (tone(channels=2), "mono"),
        (tone(0.5), "0,5 s"),
        (tone(61), "61,0 s"),
        (tone(loud=0.001), "entend rien"),
        (tone(loud=0), "entend rien"),
        (tone(0.3) + tone(2, loud=0)[44:], "0,3 s"),
        (tone(loud=3), "sature"),
        (tone(59) + b"\0" * sounds.MOST_BYTES, "trop gros"),
    ],
)
def test_what_a_telephone_cannot_carry_is_refused_in_words(body: bytes, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        judge(body)


def test_a_sound_one_is_kept_with_a_bare_header() -> None:
    chatty = tone(2) + b"LIST\x04\0\0\0INFO"
    sound = judge(chatty)
    with wave.open(io.BytesIO(sound.wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
    assert sound == judge(tone(2)) == Sound(tone(2), 2.0)


@given(st.binary(max_size=300), st.integers(0, 60))
def test_no_bytes_whatever_do_anything_but_pass_or_be_refused(body: bytes, cut: int) -> None:
    for sent in (body, ONE[:cut] + body):
        with suppress(Unfit):
            assert judge(sent).seconds >= 1


def recorded(engine: Engine, association: str = "pau", words: str = WORDS) -> tuple[Document, str]:
    """The demonstration's book, the announcement of Pau recorded."""
    name = recordings.keep(engine, association, judge(tone(2)), words, "ana")
    before = demo_document()
    said = {"announcement": WORDS, "announcement_audio": name}
    changed = tuple(one.model_copy(update=said) if one.slug == "pau" else one for one in before.associations)
    return before.model_copy(update={"associations": changed}), name


def test_words_and_sound_have_one_name_and_are_kept_once(engine: Engine) -> None:
    _, name = recorded(engine)
    assert recorded(engine)[1] == name
    assert recorded(engine, words="Autre chose.")[1] != name
    found = recordings.find(engine, name)
    assert found is not None
    assert (found.words, found.seconds, found.made_by) == (WORDS, 2.0, "ana")
    assert recordings.sound(engine, name) == (tone(2), WORDS)
    assert len(recordings.latest(engine, "pau")) == 2
    assert recordings.latest(engine, "bayonne") == ()


def past_its_time(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        said = "UPDATE recordings SET kept_until = :past WHERE name = :name AND kept_until IS NOT NULL"
        for name in names:
            connection.execute(text(said), {"past": "2001-01-01 00:00:00", "name": name})


def test_what_no_book_and_no_open_draft_names_is_forgotten_and_told(
    engine: Engine, settings: Settings
) -> None:
    store.ensure_demo(engine)
    document, played = recorded(engine)
    _, drafted = recorded(engine, words="Deux.")
    _, orphan = recorded(engine, words="Trois.")
    pau = next(one for one in document.associations if one.slug == "pau")
    said = {"announcement": "Deux.", "announcement_audio": drafted}
    store.publish(engine, document, 1, "ana", "essai")
    store.publish(engine, demo_document(), 2, "ana", "sans")
    draft = drafts.save(
        engine, with_association(document, pau.model_copy(update=said)), 2, "ana", association="pau"
    )
    assert recordings.forget(engine) == 0, "each has its days"
    past_its_time(engine, played, drafted, orphan)
    assert recorded(engine, words="Trois.")[1] == orphan
    assert recordings.forget(engine) == 0, "made once more, its days begin anew"
    past_its_time(engine, orphan)
    assert recordings.forget(engine) == 1
    assert [recordings.find(engine, name) is None for name in (played, drafted, orphan)] == [
        False,
        False,
        True,
    ]
    line = journal.read(engine, "pau")[0]
    assert (line.action, line.subject, line.before) == ("recording_forgotten", "Trois.", orphan)
    drafts.abandon(engine, draft, "ana")
    ledger = Ledger(engine, MonthKeys(settings.secret_keys))
    intake = Intake(stores.voice_redis(settings), ledger, Spool(settings.var_dir / "events", "events"))
    purge = next(work for name, work, _ in duties(settings, engine, intake) if name == "purge")
    purge(datetime.now(UTC))
    assert recordings.find(engine, drafted) is None
    # Any book can be put back in force, and plays what it played.
    assert publishing.restore(engine, 2, 3, "ana", "retour") == 4
    assert recordings.sound(engine, played) == (tone(2), WORDS)
    assert journal.verify(engine)[1] == ()


def test_a_book_cannot_name_a_recording_that_is_missing_anothers_or_says_something_else(
    sqlite_engine: Engine,
) -> None:
    before = demo_document()
    document, name = recorded(sqlite_engine)
    assert list(recordings.problems(sqlite_engine, before, document)) == []

    def changed(**said: str) -> Document:
        return document.model_copy(
            update={"associations": tuple(one.model_copy(update=said) for one in document.associations[:1])}
        )

    for said in (
        {"announcement": WORDS, "announcement_audio": "0" * 64},
        {"announcement": WORDS, "announcement_audio": name},  # Pau's, and this is not Pau
    ):
        assert changed(**said).associations[0].slug != "pau"
        assert [p.blocking for p in recordings.problems(sqlite_engine, before, changed(**said))] == [True]
    pau = next(one for one in document.associations if one.slug == "pau")
    liar = pau.model_copy(update={"announcement": "Tout autre chose."})
    lying = document.model_copy(update={"associations": (liar,)})
    assert [p.kind for p in recordings.problems(sqlite_engine, before, lying)] == ["recording"]


def publish(service: Service) -> str:
    """Pau's announcement is recorded from now on; the recording's name."""
    engine = stores.engine(service.settings)
    document, name = recorded(engine)
    expected = store.current_version(engine)
    publishing.publish(engine, document, expected, "ana", "essai")
    engine.dispose()
    return name


def test_the_patient_hears_it_and_its_words_can_be_read(
    env: dict[str, str], sqlite_engine: Engine, tmp_path: Path
) -> None:
    store.ensure_demo(sqlite_engine)
    with running(env) as service:
        name = publish(service)
        url = f"{service.settings.public_url}/voice/audio/{name}.wav"
        until(lambda: service.app.extensions["shelf"].url(name) == url)
        until(lambda: service.app.extensions["health"].book.current.version == 2)
        player = play_call(CALL, service.account, service.clock)
        assert any(entry.text == WORDS for entry in player.transcript.of("say"))
        with urlopen(url, timeout=5) as answer:
            assert answer.read() == tone(2)
            assert unquote(answer.headers["X-Prompt-Text"]) == WORDS
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Type"] == "audio/wav"
        # Gone from the disk and from SQL: the next patient hears the same words, spoken.
        shutil.rmtree(tmp_path / "audio")
        with sqlite_engine.begin() as connection:
            connection.execute(text("DELETE FROM recordings"))
        with pytest.raises(HTTPError, match="404"):
            urlopen(url, timeout=5)
        assert service.app.extensions["shelf"].url(name) is None
        play_call(CALL, service.account, service.clock)


def test_with_sql_down_what_is_on_the_disk_is_played_and_what_is_damaged_is_spoken(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    _, name = recorded(sqlite_engine)
    folder = tmp_path / "audio"
    first = Shelf(folder, sqlite_engine, "http://x")
    assert first.url(name) is None, "spoken until it is here"
    first.copy((name,))
    nowhere = create_engine("sqlite:////nowhere/at/all.sqlite3")
    later = Shelf(folder, nowhere, "http://x")
    assert later.url(name) == f"http://x/voice/audio/{name}.wav"
    assert later.read(name) == (tone(2), WORDS)
    (folder / f"{name}.wav").write_bytes(tone(2)[:-2])
    assert Shelf(folder, nowhere, "http://x").url(name) is None


class Warned(TinyRouting):
    """The tiny book, its owner adding a red flag of its own."""

    def red_flags(self, place: Located | None, at: datetime) -> tuple[str, ...]:
        return ("Fièvre d'un nourrisson : tapez étoile.",) if place else ()


def test_red_flags_of_ones_own_are_said_before_the_menu_once_and_the_15_stays_first() -> None:
    here = World(Warned(), world().places, world().now)
    first = arrive(None, here)
    (welcome, *_) = first.instructions
    assert isinstance(welcome, Ask)
    assert welcome.texts == (prompts.WELCOME,)
    menu = answer(first, Pressed("31000"), here=here)
    (ask,) = menu.instructions
    assert isinstance(ask, Ask)
    assert ask.texts[0] == "Fièvre d'un nourrisson : tapez étoile."
    assert answer(menu, Pressed("*"), here=here).call.priority
    (again,) = answer(menu, Pressed("9"), here=here).instructions
    assert isinstance(again, Ask)
    assert ask.texts[0] not in again.texts
