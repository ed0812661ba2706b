"""`/api/v1`: every token against every association, every refusal with its code, one OpenAPI 3.1 document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import text

from config.settings import Settings
from console.api.errors import CODES
from console.api.resources import RESOURCES
from console.api.tokens import Tokens
from console.cli import api_token
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS
from tests.console import EVENING, Console
from tests.console import console as entered
from tests.record_calls import Told
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys

DAYS = "first=2026-11-21&last=2026-11-22"
ASKED = {"/hours": "day=2026-11-22", "/live": "", "/forecast": "", "/breakdown": f"{DAYS}&by=need"}
PATHS = [one.path for one in RESOURCES]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Console]:
    """Two calls of Toulouse, one of them taken by Pau, and three of Pau."""
    env = {
        "VAR_DIR": str(tmp_path_factory.mktemp("api")),
        "REDIS_URL": redis_server,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SECRET_KEYS": SECRET_KEYS,
    }
    with entered(Settings.from_env(env)) as made:
        began = EVENING - timedelta(minutes=30)
        told = [
            Told(f"CA{n}", began, f"p{n}").decided(association="pau").ringing("pau", "pau").taken().over()
            for n in range(3)
        ]
        told += [
            Told("CB1", began).decided().ringing().taken().over(),
            Told("CB2", began, "x").decided().ringing("pau", "pau").taken().over(),
        ]
        lines = [event.text() for call in told for event in call.events]
        Ledger(made.office.engine, MonthKeys(made.office.settings.secret_keys)).take(lines, EVENING)
        yield made


def ask(console: Console, path: str, token: str | None, **more: str) -> tuple[int, object]:
    client: FlaskClient = console.app.test_client()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    query = "&".join([ASKED.get(path, DAYS), *(f"{name}={value}" for name, value in more.items())])
    answer = client.get(f"/api/v1{path}?{query}", headers=headers)
    assert answer.mimetype == "application/json"
    return answer.status_code, answer.json


def token(console: Console, association: str | None) -> str:
    return Tokens(console.office.engine).make("un test", association, EVENING)


def code(answer: tuple[int, object]) -> str:
    status, body = answer
    told = str(body["error"]["code"])  # type: ignore[index, call-overload] # JSON
    assert CODES[told].status == status
    return told


@pytest.mark.parametrize("path", PATHS)
def test_every_token_sees_its_association_and_no_other(console: Console, path: str) -> None:
    federation = token(console, None)
    assert ask(console, path, federation)[0] == 200
    whole = {one: ask(console, path, federation, association=one) for one in ("toulouse", "pau")}
    for mine in ("toulouse", "pau"):
        key = token(console, mine)
        assert ask(console, path, key) == whole[mine]
        for other in ("toulouse", "pau", "nulle-part"):
            answer = ask(console, path, key, association=other)
            if other == mine:
                assert answer == whole[mine]
            else:
                assert code(answer) == "not_yours"
    assert code(ask(console, path, federation, association="nulle-part")) == "unknown_association"


def test_figures_differ_by_association_and_name_overflow_on_both_sides(console: Console) -> None:
    federation = token(console, None)
    found = {who: ask(console, "/figures", federation, association=who)[1] for who in ("toulouse", "pau")}
    told = {
        who: (body["figures"]["presented"], body["figures"]["overflowed"], body["received"])  # type: ignore[index, call-overload] # JSON
        for who, body in found.items()
    }
    assert told == {"toulouse": (2, 1, 0), "pau": (3, 0, 1)}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wrong", [None, "", "n'importe quoi", "sos3624_000000000000_x", "sos3624__"])
def test_without_a_token_in_force_nothing_is_told(console: Console, path: str, wrong: str | None) -> None:
    assert code(ask(console, path, wrong)) == "no_token"


def test_a_token_ends_when_it_is_revoked_or_out_of_date(console: Console) -> None:
    key, tokens = token(console, "pau"), Tokens(console.office.engine)
    assert tokens.bearer(key, EVENING + timedelta(days=364))
    assert tokens.bearer(key, EVENING + timedelta(days=366)) is None
    assert [tokens.revoke(key.split("_")[1], EVENING) for _ in range(2)] == [True, False]
    assert code(ask(console, "/live", key)) == "no_token"


def test_a_token_is_kept_as_a_hash(console: Console) -> None:
    key = token(console, "pau")
    with console.office.engine.begin() as connection:
        held = str(connection.execute(text("SELECT * FROM api_tokens")).all())
    assert key.split("_", 2)[2] not in held


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("/days?first=2026-11-22", "malformed"),
        ("/days?first=2026-11-22&last=hier", "malformed"),
        ("/days?first=2026-11-22&last=2026-11-21", "malformed"),
        ("/days?first=2016-11-22&last=2026-11-21", "malformed"),
        ("/days?first=2026-11-22&last=2026-11-22&asociation=pau", "malformed"),
        ("/days?first=0001-01-01&last=0001-01-01", "malformed"),
        ("/figures?first=9999-12-31&last=9999-12-31", "malformed"),
        ("/hours?day=9999-12-31", "malformed"),
        ("/live?association=pau&association=toulouse", "malformed"),
        ("/breakdown?first=2026-11-22&last=2026-11-22&by=number", "malformed"),
        ("/nowhere", "not_found"),
    ],
)
def test_what_is_not_right_is_refused_with_a_code(console: Console, address: str, wanted: str) -> None:
    headers = {"Authorization": f"Bearer {token(console, None)}"}
    answer = console.app.test_client().get("/api/v1" + address, headers=headers)
    assert code((answer.status_code, answer.json)) == wanted


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/live", "/nowhere"])
def test_the_api_is_read_only(console: Console, method: str, path: str) -> None:
    answer = getattr(console.app.test_client(), method)("/api/v1" + path)
    assert code((answer.status_code, answer.json)) == "read_only"


def test_the_description_is_valid_openapi_and_names_every_address(console: Console) -> None:
    document = console.app.test_client().get("/api/v1/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert list(document["paths"]) == PATHS


def test_the_page_names_every_address_and_every_code() -> None:
    page = Path("docs/api.md").read_text()
    assert [word for word in (*PATHS, *CODES) if f"`{word}`" not in page] == []


def test_tokens_are_made_listed_and_revoked_by_the_command_line(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = console.office.settings
    for name, value in {
        "VAR_DIR": str(own.var_dir),
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SECRET_KEYS": SECRET_KEYS,
    }.items():
        monkeypatch.setenv(name, value)
    run = CliRunner()
    assert run.invoke(api_token.command, ["create", "--label", "x", "--association", "rien"]).exit_code == 2
    made = run.invoke(api_token.command, ["create", "--label", "tableur", "--association", "pau"])
    key = made.output.strip()
    assert Tokens(console.office.engine).bearer(key, EVENING)
    assert "tableur" in run.invoke(api_token.command, ["list"]).output
    assert key not in run.invoke(api_token.command, ["list"]).output
    assert run.invoke(api_token.command, ["revoke", key.split("_")[1]]).exit_code == 0
    assert run.invoke(api_token.command, ["revoke", key.split("_")[1]]).exit_code == 2
    assert Tokens(console.office.engine).bearer(key, EVENING) is None


def test_the_page_for_people_names_every_address_parameter_and_refusal(console: Console) -> None:
    page = console.app.test_client().get("/api/v1/").text
    for path in PATHS:
        assert f"GET /api/v1{path}" in page or f"GET {path}" in page
    for code in (*CODES, "association", "first", "last", "openapi.json"):
        assert code in page
