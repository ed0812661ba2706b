"""The door of the voice webhooks: what is not the carrier's is refused, and has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from redis import Redis
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from config import migrate
from config.settings import Settings
from simulator.signature import sign
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, free_port
from tests.service import Service, running
from voice.signature import Door, Forged
from voice.webhooks import VIEWS
from workers.records.events import STREAM

CALL = {"CallSid": "CA" + "3" * 32, "From": "+33561000000"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_server: str) -> Iterator[Service]:
    env = {
        "VAR_DIR": str(tmp_path_factory.mktemp("door")),
        "REDIS_URL": redis_server,
        "PORT": str(free_port()),
        "PUBLIC_URL": "https://voix.example.org:8443/3624",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": f"{AUTH_TOKEN},{'b' * 32}",
        "SECRET_KEYS": "a" * 40,
    }
    migrate.upgrade(Settings.from_env(env))
    with running(env) as started:
        yield started


SIGNED_AS = "https://voix.example.org/3624"  # the carrier drops an https port before signing


def signed(service: Service, path: str, fields: dict[str, str], **options: object) -> int:
    base = str(options.get("base", SIGNED_AS))
    token = str(options.get("token", AUTH_TOKEN))
    headers = {"X-Twilio-Signature": sign(base + path, fields, token)}
    return service.app.test_client().post(path, data=fields, headers=headers).status_code


def test_every_voice_route_is_behind_the_door(service: Service) -> None:
    rules = [rule.rule for rule in service.app.url_map.iter_rules() if rule.rule.startswith("/voice")]
    # The carrier fetches recordings without a form to sign; their address is read only, and only by hash.
    rules.remove("/voice/audio/<name>.wav")
    paths = [re.sub(r"<int:\w+>", "1", re.sub(r"<\w+>", "x", rule)) for rule in rules]
    assert len(paths) >= 6
    client = service.app.test_client()
    for path in paths:
        assert client.post(path, data=CALL).status_code == 403, path
        assert client.post(path, data=CALL, headers={"X-Twilio-Signature": "x"}).status_code == 403, path


def test_the_fast_lane_answers_as_flask_does(service: Service) -> None:
    lane = service.app.wsgi_app
    for path in VIEWS:
        fields = CALL | {"CallStatus": "ringing"}
        headers = {"X-Twilio-Signature": sign(SIGNED_AS + path, fields, AUTH_TOKEN)}
        fast = service.app.test_client().post(path, data=fields, headers=headers)
        service.app.wsgi_app = lane.flask  # type: ignore[method-assign, attr-defined] # without the lane
        slow = service.app.test_client().post(path, data=fields, headers=headers)
        service.app.wsgi_app = lane  # type: ignore[method-assign] # and with it again
        assert (fast.status_code, fast.content_type) == (slow.status_code, slow.content_type), path
        # What is sealed is never twice the same text.
        assert re.sub(r"s=[\w%-]+", "", fast.text) == re.sub(r"s=[\w%-]+", "", slow.text), path
        assert service.app.test_client().get(path).status_code == 405


def test_the_one_open_address_gives_recordings_and_takes_nothing(service: Service) -> None:
    client = service.app.test_client()
    assert client.post("/voice/audio/" + "0" * 64 + ".wav", data=CALL).status_code == 405
    for name in ("0" * 64, "x", "..%2f..%2fsecrets.env", "0" * 63):
        assert client.get(f"/voice/audio/{name}.wav").status_code == 404, name


def test_a_forged_request_has_no_effect(service: Service, redis_client: Redis) -> None:
    log = service.app.extensions["line"].log
    log.close()
    before = redis_client.xlen(STREAM)
    service.app.test_client().post("/voice/incoming", data=CALL, headers={"X-Twilio-Signature": "bm8="})
    log.close()
    assert redis_client.xlen(STREAM) == before


def test_both_tokens_are_good_while_one_replaces_the_other(service: Service) -> None:
    fields = {**CALL, "AccountSid": ACCOUNT_SID}
    assert signed(service, "/voice/incoming", fields) == 200
    assert signed(service, "/voice/incoming", fields, token="b" * 32) == 200
    assert signed(service, "/voice/incoming", fields, token="c" * 32) == 403


def test_the_url_is_ours_whatever_a_proxy_shows(service: Service) -> None:
    fields = {**CALL, "AccountSid": ACCOUNT_SID}
    headers = {
        "X-Twilio-Signature": sign(SIGNED_AS + "/voice/incoming", fields, AUTH_TOKEN),
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Host": "10.0.0.7:8080",
    }
    client = service.app.test_client()
    assert client.post("/voice/incoming", data=fields, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {**CALL, "AccountSid": "AC" + "0" * 32},
        {**CALL, "AccountSid": ACCOUNT_SID, "Note": "x" * 70_000},
    ],
    ids=["another account", "too large"],
)
def test_signed_and_still_refused(service: Service, fields: dict[str, str]) -> None:
    assert signed(service, "/voice/incoming", fields) in (403, 413)


def test_a_repeated_name_is_refused_even_when_signed(service: Service) -> None:
    """The library's set would hide the second value, and the signature of one value passes for two."""
    signature = sign(SIGNED_AS + "/voice/incoming", CALL, AUTH_TOKEN)
    body = "CallSid=" + CALL["CallSid"] + "&From=%2B33561000000&From=%2B33561000000"
    reply = service.app.test_client().post(
        "/voice/incoming",
        data=body,
        headers={"X-Twilio-Signature": signature},
        content_type="application/x-www-form-urlencoded",
    )
    assert reply.status_code == 403


def test_json_is_no_form(service: Service) -> None:
    reply = service.app.test_client().post("/voice/incoming", json=CALL, headers={"X-Twilio-Signature": "x"})
    assert reply.status_code == 403


@pytest.mark.parametrize("token", ["", "short", "a" * 31])
def test_a_door_without_a_long_token_does_not_open(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Door("https://voix.example.org", (token,), ACCOUNT_SID)


@pytest.mark.parametrize("query", ["", "?s=a%2Fb", "?s=%C3%A9t%C3%A9&u=1", "?s=a+b", "?"])
@pytest.mark.parametrize("fields", [{}, {"From": "+33 é&=", "Empty": ""}, {"b": "2", "B": "1", "a": "3"}])
def test_the_door_judges_as_the_carriers_own_library(query: str, fields: dict[str, str]) -> None:
    url = "http://127.0.0.1:3624"
    builder = EnvironBuilder(path="/voice/step", method="POST", data=fields or {"x": "y"})
    fields = fields or {"x": "y"}
    environ = builder.get_environ() | {"RAW_URI": "/voice/step" + query}
    environ["HTTP_X_TWILIO_SIGNATURE"] = RequestValidator(AUTH_TOKEN).compute_signature(
        url + "/voice/step" + query, fields
    )
    door = Door(url, (AUTH_TOKEN,), ACCOUNT_SID)
    assert door.fields(environ, environ["wsgi.input"].read()) == fields
    builder = EnvironBuilder(path="/voice/step", method="POST", data=fields)
    environ = builder.get_environ() | {
        "RAW_URI": "/voice/other",
        "HTTP_X_TWILIO_SIGNATURE": environ["HTTP_X_TWILIO_SIGNATURE"],
    }
    with pytest.raises(Forged):
        door.fields(environ, environ["wsgi.input"].read())


def test_a_missing_field_in_a_signed_call_still_reaches_someone(service: Service) -> None:
    fields = {"AccountSid": ACCOUNT_SID}
    headers = {"X-Twilio-Signature": sign(SIGNED_AS + "/voice/incoming", fields, AUTH_TOKEN)}
    reply = service.app.test_client().post("/voice/incoming", data=fields, headers=headers)
    assert reply.status_code == 200
    assert "<Dial" in reply.text


def test_a_forged_state_in_a_signed_request_rings_someone(service: Service) -> None:
    fields = {**CALL, "AccountSid": ACCOUNT_SID, "Digits": "1"}
    headers = {"X-Twilio-Signature": sign(SIGNED_AS + "/voice/step?s=AAAA", fields, AUTH_TOKEN)}
    reply = service.app.test_client().post("/voice/step?s=AAAA", data=fields, headers=headers)
    assert "<Dial" in reply.text
