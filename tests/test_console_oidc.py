"""Entering by OpenID Connect: a real provider, and one that forges every claim in turn."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from config.providers import KINDS, Provider
from config.settings import Settings, SettingsRefused
from console.access import oidc_pages
from console.access.oidc import Client, Errand, Refusal, errand
from console.access.roles import Grant, Role
from console.cli.examination import examine
from tests.console import PASSWORD, Browser, Clock, Console, console
from tests.identity_provider import CLIENT, described, identity_provider, recognised

ECPS = {"scopes": "openid scope_all", "claim": "SubjectNameID", "acr": "eidas1"}


@pytest.fixture
def desk(env: dict[str, str]) -> Iterator[Console]:
    """A console with a provider that vouches for two factors and one that vouches for a name."""
    url = f"http://localhost:{env['CONSOLE_PORT']}"
    with identity_provider(url, "ecps", "simple") as issuer:
        known = [described(issuer, "ecps", **ECPS), described(issuer, "simple")]
        settings = Settings.from_env(env | {"OIDC_PROVIDERS": json.dumps(known)})
        with console(settings, Clock(datetime.now(UTC))) as made:
            yield made


def through(browser: Browser, path: str, who: str) -> Any:
    """To the provider and back, as a browser goes: the strict cookie does not come back with it."""
    departed = browser.get(path)
    assert departed.status_code == 303, departed.text
    back = recognised(departed.headers["Location"], who)
    kept = browser.client.get_cookie("3624")
    browser.client.delete_cookie("3624")
    answer = browser.get(back)
    if kept is not None and browser.client.get_cookie("3624") is None:
        browser.client.set_cookie("3624", kept.value)
    return answer


def test_an_identity_opens_the_account_it_was_linked_to_and_no_other(desk: Console) -> None:
    manager = desk.entered(Role.MANAGER, "pau")
    stranger = desk.browser()
    refused = through(stranger, "/entrer/avec/ecps", "99700000001")
    assert refused.status_code == 422
    assert "Aucun compte n&#39;est lié" in refused.text
    assert stranger.get("/a/pau/").headers["Location"].startswith("/entrer")
    linked = through(manager, "/compte/identites/ecps/lier", "99700000001")
    assert 'content="0;url=/compte"' in linked.text
    assert "Délier Ecps" in manager.text("/compte")
    someone = desk.browser()
    entered = through(someone, "/entrer/avec/ecps?suite=/a/pau/horaires", "99700000001")
    assert 'content="0;url=/a/pau/horaires"' in entered.text
    assert someone.get("/a/pau/").status_code == 200, "eidas1 is two factors"
    other = desk.entered(Role.MANAGER, "bayonne")
    through(other, "/compte/identites/ecps/lier", "99700000001")
    assert "Lier Ecps" in other.text("/compte"), "an identity opens one account"
    manager.send("/compte/identites/ecps/delier", page="/compte")
    assert through(desk.browser(), "/entrer/avec/ecps", "99700000001").status_code == 422


def test_a_provider_that_vouches_for_no_level_is_one_factor(desk: Console) -> None:
    through(desk.entered(Role.MANAGER, "pau"), "/compte/identites/simple/lier", "camille")
    browser = desk.browser()
    assert 'content="0;url=/entrer/code"' in through(browser, "/entrer/avec/simple", "camille").text
    assert browser.get("/a/pau/").headers["Location"] == "/entrer/code"
    desk.clock.advance(seconds=60)
    assert browser.send("/entrer/code", code=desk.code()).status_code == 303


def test_a_level_that_was_not_reached_opens_nothing(desk: Console) -> None:
    refused = through(desk.browser(), "/entrer/avec/ecps", "weak-one")
    assert refused.status_code == 422
    assert "n&#39;a pas pu être vérifiée\u00a0: rien n&#39;est ouvert" in refused.text
    assert through(desk.browser(), "/entrer/avec/ecps", "").status_code == 422, "whoever gives up at the door"


def test_an_invitation_is_taken_up_with_an_identity(desk: Console) -> None:
    made = desk.office.accounts.create("sam@pau.example", "Sam", (Grant(Role.MEMBER, "pau"),), desk.clock())
    secret = desk.office.invitations.make(made, "Alix", desk.clock())
    guest = desk.browser()
    assert "Sans mot de passe, avec Ecps" in guest.text(f"/invitation/{secret}")
    assert 'content="0;url=/"' in through(guest, f"/invitation/{secret}/avec/ecps", "99700000002").text
    assert guest.get("/a/pau/").status_code == 200
    account = desk.office.accounts.by_id(made)
    assert account
    assert (account.ready, account.password) == (True, False)
    assert desk.browser().get(f"/invitation/{secret}").status_code == 404
    refused = desk.browser().send("/entrer", email="sam@pau.example", password=PASSWORD)
    assert refused.status_code == 422


def test_what_does_not_belong_together_opens_nothing(desk: Console) -> None:
    through(desk.entered(Role.MANAGER, "pau"), "/compte/identites/ecps/lier", "99700000001")
    with desk.app.app_context():
        sealer = oidc_pages._sealer()
    wrongs = ("state", "nonce", "verifier", "provider", "iss", "no cookie", "late")
    for number, wrong in enumerate(wrongs):
        browser = desk.browser()
        browser.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        path = recognised(browser.get("/entrer/avec/ecps").headers["Location"], "99700000001")
        sealed = browser.client.get_cookie("3624-aller")
        assert sealed
        if wrong == "no cookie":
            browser.client.delete_cookie("3624-aller")
        elif wrong == "late":
            desk.clock.advance(minutes=11)
        elif wrong == "iss":
            path = path.replace("iss=http", "iss=https")
        else:
            said = json.loads(sealer.unseal(sealed.value)) | {wrong: "x" * 64}
            browser.client.set_cookie("3624-aller", sealer.seal(json.dumps(said).encode()))
        refused = browser.get(path)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True), wrong
        assert browser.get("/a/pau/").headers["Location"].startswith("/entrer")
        assert browser.get(path).status_code == 422, "and the way there serves once"


def test_guessers_of_answers_are_slowed(desk: Console) -> None:
    browser = desk.browser()
    statuses = [browser.get("/entrer/retour/ecps?state=x&code=y").status_code for _ in range(6)]
    assert statuses == [422] * 4 + [429] * 2


def test_a_provider_that_is_away_is_told_and_closes_no_other_door(env: dict[str, str]) -> None:
    known = [described("http://127.0.0.1:9", "ecps")]
    with console(Settings.from_env(env | {"OIDC_PROVIDERS": json.dumps(known)})) as desk:
        answer = desk.browser().get("/entrer/avec/ecps")
        assert (answer.status_code, "ne répond pas" in answer.text) == (503, True)
        assert desk.browser().get("/entrer/avec/inconnu").status_code == 404
        assert desk.entered(Role.MANAGER, "pau").get("/a/pau/").status_code == 200
        told = [one for one in examine(desk.office.settings) if one.name == "Ecps"]
        assert [one.state for one in told] == ["warning"], "and sos3624 doctor says so"


KEY, ANOTHER = (RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for _ in range(2))


class Forger(BaseHTTPRequestHandler):
    """A provider that says whatever it is told to."""

    forged: dict[str, Any]
    header: dict[str, Any]
    key: Any
    more: dict[str, Any]

    def do_GET(self) -> None:
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }
        described = {"issuer": self.here} | {name: f"{self.here}/{path}" for name, path in paths.items()}
        said = {"/keys": {"keys": [KEY.as_dict(private=False)]}, "/userinfo": self.more}
        self._say(said.get(self.path, described))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        now = int(time.time())
        claims = {
            "iss": self.here,
            "sub": "99",
            "aud": CLIENT["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": "the nonce",
            "acr": "eidas1",
        }
        told = {name: value for name, value in (claims | self.forged).items() if value is not None}
        token = jwt.encode(self.header, told, self.key, algorithms=[self.header["alg"]])
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": token})

    @property
    def here(self) -> str:
        return f"http://{self.headers['Host']}"

    def _say(self, said: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


@contextmanager
def forger(forged: dict[str, Any], header: dict[str, Any], key: Any, more: dict[str, Any]) -> Iterator[str]:
    """It, listening."""
    told = {"forged": forged, "header": header, "key": key, "more": more}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Forger,), told))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


RIGHT = {"alg": "RS256", "kid": "one"}
SAME = {"sub": "99", "SubjectNameID": "899"}


@pytest.mark.parametrize(
    ("forged", "header", "key", "more", "holds"),
    [
        ({}, RIGHT, KEY, SAME, True),
        ({"aud": "another-client"}, RIGHT, KEY, SAME, False),
        ({"aud": [CLIENT["client_id"], "another"], "azp": "another"}, RIGHT, KEY, SAME, False),
        ({"iss": "https://another.example"}, RIGHT, KEY, SAME, False),
        ({"nonce": "another"}, RIGHT, KEY, SAME, False),
        ({"nonce": None}, RIGHT, KEY, SAME, False),
        ({"exp": int(time.time()) - 3600}, RIGHT, KEY, SAME, False),
        ({"exp": None}, RIGHT, KEY, SAME, False),
        ({"iat": int(time.time()) + 7200}, RIGHT, KEY, SAME, False),
        ({"acr": "eidas0"}, RIGHT, KEY, SAME, False),
        ({"acr": None}, RIGHT, KEY, SAME, False),
        ({}, RIGHT, ANOTHER, SAME, False),
        ({}, {"alg": "HS256", "kid": "one"}, OctKey.import_key(CLIENT["client_secret"]), SAME, False),
        ({}, RIGHT, KEY, SAME | {"sub": "98"}, False),
        ({}, RIGHT, KEY, {"sub": "99"}, False),
        ({}, RIGHT, KEY, {"sub": "99", "SubjectNameID": 899}, False),
    ],
)
def test_every_claim_is_judged(
    forged: dict[str, Any], header: dict[str, Any], key: Any, more: dict[str, Any], holds: bool
) -> None:
    now = datetime.now(UTC)
    with forger(forged, header, key, more) as issuer:
        client = Client(Provider.model_validate(described(issuer, "forger", **ECPS)), "http://localhost/back")
        asked = errand("forger", now, "enter")
        sent = parse_qs(urlsplit(client.departure(asked)).query)
        assert (sent["code_challenge_method"], sent["acr_values"]) == (["S256"], ["eidas1"])
        mine = Errand("forger", asked.state, "the nonce", asked.verifier, asked.began_at, asked.purpose)
        said = {"state": asked.state, "code": "c"}
        if holds:
            assert client.arrival(mine, said, now).subject == "899"
        else:
            with pytest.raises(Refusal, match="rien n'est ouvert"):
                client.arrival(mine, said, now)


def test_pro_sante_connect_is_one_configuration_and_faults_are_told_without_secrets(
    env: dict[str, str],
) -> None:
    said = [{"kind": "pro-sante-connect", "client_id": "c", "client_secret": "très secret"}]
    one = Settings.from_env(env | {"OIDC_PROVIDERS": json.dumps(said)}).oidc_providers[0]
    assert (one.label, one.claim, one.acr) == ("Pro Santé Connect", "SubjectNameID", "eidas1")
    assert one.scopes == "openid scope_all"
    assert all(kind["discovery"].startswith("https://auth.") for kind in KINDS.values())
    faults = (
        "pas du json",
        json.dumps(said * 2),
        json.dumps([said[0] | {"kind": "autre"}]),
        json.dumps([said[0] | {"discovery": "http://loin.example/"}]),
        json.dumps([{"name": "x", "client_secret": "très secret"}]),
    )
    for fault in faults:
        with pytest.raises(SettingsRefused, match="OIDC_PROVIDERS") as refused:
            Settings.from_env(env | {"OIDC_PROVIDERS": fault})
        assert "très secret" not in str(refused.value)
