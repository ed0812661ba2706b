"""The simulator as a process of its own would be: its REST API, the service it calls, Twilio's client."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from werkzeug.serving import make_server

from simulator.exchange import NUMBER, Exchange
from simulator.server import create_app
from simulator.switchboard import Switchboard
from tests.webhook_stub import TOKEN, Stub, serving

DOCTOR, PATIENT = "+33536490001", "+33639980001"


@dataclass
class Carrier:
    """The simulator running, the service it calls, and Twilio's client for it."""

    url: str
    service: Stub
    exchange: Exchange
    board: Switchboard
    client: Client

    def call(self, **more: object) -> object:
        given = {"to": DOCTOR, "from_": NUMBER, "url": self.service.url + "/answer"} | more
        return self.client.calls.create(**{name: value for name, value in given.items() if value is not None})

    def post(self, path: str, told: object) -> list[dict[str, object]]:
        asked = urllib.request.Request(
            self.url + path, json.dumps(told).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return [json.loads(line) for line in answer.read().decode().splitlines()]

    def get(self, path: str) -> dict[str, object]:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with serving() as service:
        service.pages = {"/answer": "<Hangup/>", "/voice": f"<Dial>{DOCTOR}</Dial>"}
        exchange = Exchange(service.account(owned=frozenset()))
        app = create_app(exchange, calls_per_second=0)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        client = Client(exchange.account.sid, TOKEN, http_client=TwilioHttpClient(timeout=2))
        client.api.base_url = url
        yield Carrier(url, service, exchange, app.extensions["switchboard"], client)
        client.http_client.session.close()
        server.shutdown()
        server.server_close()
        thread.join()


def until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)
