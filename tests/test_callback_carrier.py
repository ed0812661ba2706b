"""The real client against what a carrier answers, and the pace at which it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from redis import Redis

from config.settings import Settings
from tests.callback_house import DESK
from tests.conftest import free_port
from workers.callbacks.links import LegUrls
from workers.callbacks.pace import Pace
from workers.callbacks.telephony import Placed, Refused, Throttled, TwilioCarrier, Unknown


class _Answers(BaseHTTPRequestHandler):
    """Each request is answered as the class says."""

    status, body = 201, b'{"sid": "CA1"}'

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client(env: dict[str, str]) -> Iterator[TwilioCarrier]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield TwilioCarrier(Settings.from_env(env | {"TWILIO_API_URL": url}), 1.0)
    server.shutdown()
    server.server_close()
    thread.join()


URLS = LegUrls("http://127.0.0.1/a", "http://127.0.0.1/s", "http://127.0.0.1/f")


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (201, b'{"sid": "CA1"}', Placed),
        (201, b"<html>", Unknown),
        (201, b"{}", Unknown),
        (201, b"null", Unknown),
        (201, b"[]", Unknown),
        (201, b'{"sid": 12}', Unknown),
        (429, b'{"code": 20429, "message": "", "status": 429}', Throttled),
        (400, b'{"code": 21211, "message": "", "status": 400}', Refused),
        (401, b'{"code": 20003, "message": "", "status": 401}', Throttled),
        (400, b'{"code": 21210, "message": "", "status": 400}', Throttled),
        (403, b'{"code": 20006, "message": "", "status": 403}', Throttled),
        (403, b'{"code": 21215, "message": "", "status": 403}', Refused),
        (404, b'{"code": 20404, "message": "", "status": 404}', Throttled),
        (404, b"<html>", Throttled),
        (400, b"", Throttled),
        (500, b'{"code": 20500, "message": "", "status": 500}', Unknown),
        (503, b"", Unknown),
    ],
)
def test_each_answer_of_the_carrier_means_one_thing(
    client: TwilioCarrier, status: int, body: bytes, meant: type
) -> None:
    _Answers.status, _Answers.body = status, body
    assert type(client.place(DESK, "+33199003624", URLS)) is meant


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b"12", b'{"calls": [null]}'])
def test_a_list_that_cannot_be_read_says_nothing(client: TwilioCarrier, body: bytes) -> None:
    _Answers.status, _Answers.body = 200, body
    assert client.calls_to(DESK) is None
    assert client.calls_since(datetime.now(UTC)) is None
    client.hang_up("CA1")


def test_a_connection_never_opened_is_safe_to_repeat(env: dict[str, str]) -> None:
    away = TwilioCarrier(Settings.from_env(env | {"TWILIO_API_URL": f"http://127.0.0.1:{free_port()}"}), 1.0)
    assert isinstance(away.place(DESK, "+33199003624", URLS), Throttled)
    assert away.calls_to(DESK) is None
    assert away.leg("CA1") is None


def test_turns_are_one_after_the_other_whoever_takes_them(redis_client: Redis) -> None:
    slept: list[float] = []
    paces = [Pace(redis_client, 1.0, slept.append) for _ in range(3)]
    assert [pace.wait() for pace in paces for _ in range(2)] == [True] * 6
    assert [round(wait) for wait in slept] == [0, 1, 2, 3, 4, 5]
    assert not paces[0].wait()  # too far away: the sweeper rings again


def test_without_redis_each_process_keeps_its_own_pace() -> None:
    slept: list[float] = []
    with Redis(port=free_port(), socket_timeout=0.2) as away:
        pace = Pace(away, 2.0, slept.append)
        assert pace.wait()
        assert pace.wait()
    assert 0.3 < slept[1] <= 0.5
