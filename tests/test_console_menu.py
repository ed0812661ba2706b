"""« Menu et annonces »: the preview is what the patient hears; a recording says the text beside it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from werkzeug.datastructures import FileStorage

from config.settings import Settings
from console.access.roles import Role
from console.association import menu
from console.association.editing import Unreadable
from console.association.menu import Form
from routing import recordings
from routing.demo import demo_document
from routing.document import Association
from routing.model import Need
from tests.console import Browser, Console, console
from tests.sounds import tone
from tests.test_console_association import words
from tests.test_console_desks import draft, send
from tests.test_console_overflow import of
from tests.test_console_week import stamp_of
from voice import prompts

PAGE, SOUND = "/a/pau/menu", "/a/pau/enregistrements"
WORDS = "Bonjour, ici Pau. Préparez votre carte Vitale."
EVERY = tuple(Need)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def pau(**known: object) -> Association:
    return of(demo_document()).model_copy(update=known)


def test_the_preview_is_word_for_word_what_the_voice_says() -> None:
    one = pau(announcement=WORDS, red_flags="Fièvre : étoile.", asks_age=True, menu=(Need.ADVICE, Need.VISIT))
    lines = menu.heard(one, ("Grippe.",), 7.5)
    assert [line.text for line in lines] == [
        prompts.WELCOME,
        prompts.ASK_PLACE,
        "Grippe.",
        "Fièvre : étoile.",
        prompts.need_menu((Need.ADVICE, Need.VISIT)),
        prompts.ASK_AGE,
        prompts.connecting("Pau"),
        WORDS,
    ]
    assert lines[-1].seconds == 7.5
    assert lines[0].seconds == pytest.approx(len(prompts.WELCOME) / 15)


def test_a_changed_text_takes_its_recording_away_and_nothing_else_does() -> None:
    one = pau(announcement=WORDS, announcement_audio="0" * 64)
    kept = Form(EVERY, frozenset(EVERY), True, f"  {WORDS} ", "")
    assert menu.read(kept, one) == one.model_copy(update={"asks_age": True})
    changed = menu.read(Form(EVERY, frozenset(EVERY), False, "Autre.", "\x00"), one)
    assert (changed.announcement, changed.announcement_audio, changed.red_flags) == ("Autre.", None, None)


def test_an_empty_menu_and_an_endless_text_are_refused() -> None:
    for form, field in (
        (Form(EVERY, frozenset(), False, "", ""), "offered"),
        (Form(EVERY, frozenset(EVERY), False, "a" * 401, ""), "announcement"),
        (Form(EVERY, frozenset(EVERY), False, "", "a" * 401), "red_flags"),
    ):
        with pytest.raises(Unreadable) as wrong:
            menu.read(form, pau())
        assert wrong.value.field == field


def test_the_menu_is_put_in_order_previewed_and_kept(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    sent = {"order": list(EVERY), "offered": ["visit", "advice"], "announcement": "Bonjour."}
    moved = send(browser, PAGE, **sent, step="up:advice")[1]
    assert "Pour une visite à domicile, tapez 1. Un conseil, tapez 2." in moved
    sent["order"] = ["advice", "visit"]
    assert "Pour un conseil, tapez 1. Une visite" in send(browser, PAGE, **sent, step="preview")[1]
    assert send(browser, PAGE, **sent, step="keep")[0] == 303
    one = of(draft(desk))
    assert (one.menu, one.announcement) == ((Need.ADVICE, Need.VISIT), "Bonjour.")
    refused = send(browser, PAGE, order=list(EVERY), step="keep")
    assert (refused[0], "Gardez au moins une demande" in refused[1]) == (422, True)
    assert desk.office.book.version == 1


def post(browser: Browser, body: bytes, **fields: object) -> tuple[int, str]:
    stamp = stamp_of(browser.text(SOUND))
    sound = FileStorage(io.BytesIO(body), "annonce.wav", content_type="audio/wav")
    answer = browser.send(SOUND, stamp=stamp, sound=sound, **fields)
    return answer.status_code, words(answer.text)


def test_a_recording_is_judged_kept_heard_and_taken_back(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    assert "mot pour mot" in post(browser, tone(2))[1]
    assert "n'entend rien" in words(post(browser, tone(2, loud=0), words=WORDS)[1])
    assert "lisible" in post(browser, b"", words=WORDS)[1]
    assert recordings.latest(desk.office.engine, "pau") == ()
    assert post(browser, tone(30), words=WORDS)[0] == 303, "a minute is more than any other form may hold"
    one = of(draft(desk))
    assert one.announcement == WORDS
    name = one.announcement_audio
    assert name
    played = browser.get(f"{SOUND}/{name}")
    assert (played.data, played.mimetype) == (tone(30), "audio/wav")
    assert f"{WORDS} »" in browser.text(PAGE).replace("\xa0", " ") or WORDS in words(browser.text(PAGE))
    other = desk.entered(Role.MANAGER, "bayonne")
    assert other.get(f"/a/bayonne/enregistrements/{name}").status_code == 404
    stamp = stamp_of(other.text("/a/bayonne/enregistrements"))
    stolen = other.send("/a/bayonne/enregistrements", stamp=stamp, step=name)
    assert stolen.status_code == 404
    assert send(browser, SOUND, step="none")[0] == 303
    assert (of(draft(desk)).announcement, of(draft(desk)).announcement_audio) == (WORDS, None)
    assert send(browser, SOUND, step=name)[0] == 303
    assert of(draft(desk)).announcement_audio == name
    endless = browser.client.post(
        SOUND, data=b"x" * 2_000_000, content_type="multipart/form-data; boundary=x"
    )
    assert endless.status_code == 413


def test_only_where_a_voice_is_recorded_may_the_microphone_be_asked_for(desk: Console) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    for path, microphone, media in (
        (SOUND, "microphone=(self)", "'self' blob:"),
        (PAGE, "microphone=()", "'self'"),
    ):
        headers = browser.get(path).headers
        assert microphone in headers["Permissions-Policy"]
        assert f"media-src {media};" in headers["Content-Security-Policy"]
