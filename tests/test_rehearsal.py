"""A draft is rung like 3624: its rules decide, and nobody is dialled, recorded or promised anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy import Engine

from config import migrate, stores
from config.sealing import Sealer
from config.settings import Settings
from routing import drafts, recordings, store
from routing.compile import compile_book
from routing.document import Area, Document
from routing.model import Need
from routing.parts import with_association
from routing.sounds import judge
from simulator import calls
from simulator.clock import HungUp
from simulator.exchange import Exchange
from simulator.people import Caller
from simulator.player import Player
from simulator.server import create_app as telephone
from tests.books_on_file import document_on_file
from tests.conftest import SECRET_KEYS, until
from tests.service import Service, running
from tests.signed import post
from tests.sounds import tone
from voice.call import Ask, Brief, Call, Dial, HangUp, Say, Turn
from voice.envelope import Stale, open_call, seal_call
from voice.rehearsal import STATE, harmless
from workers import rehearsal

PAU, BAYONNE = "+33536491230", "64024"
FROM = "+33639980001"


@pytest.fixture
def service(env: dict[str, str]) -> Iterator[Service]:
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    store.ensure_demo(stores.engine(settings))
    with running(env) as made:
        until(lambda: made.app.extensions["health"].book.current.version == 1)
        yield made


def elsewhere(document: Document) -> Document:
    """64000 is Bayonne's from now on."""
    bayonne = next(one for one in document.associations if one.slug == "bayonne")
    area = Area(needs=(Need.VISIT, Need.CONSULTATION), postcodes=("64000",))
    return with_association(document, bayonne.model_copy(update={"areas": (*bayonne.areas, area)}))


def drafted(service: Service) -> str:
    engine = stores.engine(service.settings)
    version, document = store.current(engine) or pytest.fail("no book")
    return drafts.save(engine, elsewhere(document), version, "ana", association="bayonne")


def ticket(service: Service, draft: str, *, late: float = 0) -> str:
    return rehearsal.ticket(service.settings.secret_keys, draft, service.clock().timestamp() - late)


def rung(service: Service, given: str | None, *keys: str) -> Player:
    """A call to 3624 or, with a ticket, to the draft, as the telephone's page places it."""
    account = service.account
    if given is not None:
        key = rehearsal.signing_key(service.settings.secret_keys, given)
        url = f"{service.settings.public_url}{rehearsal.PATH}?t={given}"
        account = replace(account, token=key, voice_url=url, fallback_url="", status_url="")
    exchange = Exchange(account, seed=1)
    return calls.play(calls.incoming(exchange, FROM, Caller(list(keys), [])))


def heard(player: Player) -> str:
    return " ".join(entry.text for entry in player.transcript.of("say"))


def traces(service: Service) -> dict[str, int]:
    """Everything a call leaves behind: rows, events, lines of the journal."""
    engine = stores.engine(service.settings)
    with engine.connect() as connection:
        tables = [name for name in sa.inspect(engine).get_table_names() if not name.startswith("alembic")]
        found = {t: connection.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0 for t in tables}
    with Redis.from_url(service.settings.redis_url) as redis:
        found |= {key.decode(): 1 for key in redis.scan_iter() if b"beat" not in key}
    spool = Path(service.settings.var_dir) / "events"
    found["spool"] = sum(path.stat().st_size for path in spool.rglob("*") if path.is_file())
    return found


def test_a_draft_rings_elsewhere_while_the_service_goes_on_as_before(service: Service) -> None:
    draft = drafted(service)
    before = traces(service)
    tried = rung(service, ticket(service, draft), "64000", "1")
    assert "Ici sonnerait Régulation Bayonne" in heard(tried)
    assert tried.transcript.of("dial", "error", "fallback") == []
    decision = tried.transcript.of("decision")[-1].data["decision"]
    assert isinstance(decision, dict)
    assert decision["association"] == "bayonne"
    assert traces(service) == before, "nothing is left behind"
    live = rung(service, None, "64000", "1")
    assert live.bridged is not None
    assert live.bridged.to_number == PAU

    answered = rung(service, ticket(service, draft), "64000", "1", "1")
    assert heard(answered).count("Ici sonnerait") == 1
    assert heard(tried).count("Ici sonnerait") > 1, "nobody picks up: the next desk is said"
    promised = rung(service, ticket(service, draft), "64000", "3", "1", "1", "1")
    assert "Ici un rappel serait promis" in heard(promised)
    assert [one for player in (answered, promised) for one in player.transcript.of("dial", "error")] == []
    assert traces(service).get("callbacks") == before.get("callbacks") == 0


def test_a_drafts_recording_is_played_before_any_book_plays_it(
    service: Service, sqlite_engine: Engine
) -> None:
    words, asked = "Bonjour, ici l'équipe de Pau. Préparez votre carte Vitale.", []
    name = recordings.keep(sqlite_engine, "pau", judge(tone(2)), words, "ana")
    version, document = store.current(sqlite_engine) or pytest.fail("no book")
    pau = next(one for one in document.associations if one.slug == "pau")
    said = {"announcement": words, "announcement_audio": name}
    changed = with_association(document, pau.model_copy(update=said))
    draft = drafts.save(sqlite_engine, changed, version, "ana", association="pau")
    serves = service.app.wsgi_app

    def noted(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            if "/audio/" in environ["PATH_INFO"]:
                asked.append((environ["PATH_INFO"], status[:3], dict(headers)["Content-Type"]))
            return start(status, headers, *more)

        return serves(environ, started)

    service.app.wsgi_app = noted  # type: ignore[method-assign] # Flask's own way to put a middleware
    tried = rung(service, ticket(service, draft), "64000", "1", "1")
    assert words in heard(tried)
    assert asked == [(f"/voice/audio/{name}.wav", "200", "audio/wav")], "the carrier's <Play> asked for it"
    assert not (service.settings.var_dir / "audio" / f"{name}.wav").exists(), "nothing is left behind"
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM recordings"))
    assert words in heard(rung(service, ticket(service, draft), "64000", "1", "1")), "its text is spoken"
    assert len(asked) == 1


def test_each_ticket_has_its_draft_its_time_and_its_key(service: Service) -> None:
    draft = drafted(service)
    given = ticket(service, draft)
    client = service.app.test_client()
    assert post(client, service, f"{rehearsal.PATH}?t={given}", CallSid="CA1", From=FROM).status_code == 403
    forged = replace(service.account, token=rehearsal.signing_key(service.settings.secret_keys, given))
    player = calls.play(calls.incoming(Exchange(forged, seed=2), FROM, Caller([], [])))
    assert player.transcript.of("say", "dial") == [], "its key does not open the real door"
    rings_on_the_page(service, given)
    assert "Cet essai est fini" in heard(rung(service, ticket(service, draft, late=rehearsal.VALID)))
    drafts.abandon(stores.engine(service.settings), draft)
    assert "Cet essai est fini" in heard(rung(service, given))
    assert "Cet essai est fini" in heard(rung(service, "A" * 60))


def rings_on_the_page(service: Service, given: str) -> None:
    key = rehearsal.signing_key(service.settings.secret_keys, given)
    app = telephone(Exchange(service.account, seed=3))
    client = app.test_client()
    refused = client.post("/simulator/phone", json={"from": FROM, "rehearsal": "http://elsewhere"})
    assert refused.status_code == 400
    told = client.post("/simulator/phone", json={"from": FROM, "rehearsal": f"{given}.{key}"}).get_json()
    player = app.extensions["switchboard"].players[told["call"]]
    until(lambda: bool(player.transcript.of("say")))
    player.stage.post(told["call"], HungUp())
    assert player.transcript.of("error") == []


def test_a_rehearsals_state_does_not_go_on_as_a_call() -> None:
    kept, real = (Sealer((SECRET_KEYS,), purpose) for purpose in (STATE, "call state"))
    with pytest.raises(Stale):
        open_call(real, seal_call(kept, Call(sid="CA1")), "CA1", 0)


def test_no_instruction_of_a_rehearsal_dials() -> None:
    document, places = document_on_file("gironde")
    book = compile_book(document, 1, places)
    brief = Brief("CA1", None, None, None, False, None, True, False)
    rings = Dial((book.national,), Call(sid="CA1"), brief, None)
    assert all(isinstance(one, Say | Ask | HangUp) for one in harmless(Turn(rings.call, (rings,)), book))
