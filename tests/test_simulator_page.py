"""The telephone in a real browser: somebody dials, somebody else answers, and anyone can use it."""

import json
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from simulator.exchange import Exchange
from simulator.server import create_app
from tests.webhook_stub import Stub, serving

expect.set_options(timeout=20_000)  # a busy machine is no fault of the page
DESK = "+33536490001"
DECISION = {
    "outcome": "connect",
    "association": "toulouse",
    "targets": [{"association": "toulouse", "phone": DESK, "ring_seconds": 20}],
    "trace": [{"rule": "Secteur", "result": "Toulouse est dans le secteur"}],
}


@pytest.fixture
def service() -> Iterator[Stub]:
    with serving() as stub:
        stub.headers["X-Decision"] = quote(json.dumps(DECISION))
        stub.pages = {
            "/voice": '<Gather numDigits="5" action="/typed"><Say>Votre code postal ?</Say></Gather>',
            "/typed": f'<Dial action="/after"><Number url="/whisper">{DESK}</Number></Dial>',
            "/whisper": '<Gather numDigits="1" timeout="60" action="/key"><Say>Appel, tapez 1</Say></Gather>',
            "/key": "",
            "/after": "<Say>Au revoir</Say>",
        }
        yield stub


@pytest.fixture(params=[390, 1280])
def page(request: pytest.FixtureRequest, service: Stub) -> Iterator[Page]:
    server = make_server("127.0.0.1", 0, create_app(Exchange(service.account(), speed=1.0)), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shown = chromium.new_page(viewport={"width": request.param, "height": 900})
        shown.goto(f"http://127.0.0.1:{server.server_port}/")
        yield shown
        chromium.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.browser
def test_a_call_is_dialled_answered_and_ended_on_the_page(page: Page, service: Stub) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.get_by_role("button", name="Numéro masqué").click()
    page.get_by_role("button", name="Appeler").click()
    expect(page.get_by_role("log")).to_contain_text("Votre code postal ?")
    page.locator("#state").click()
    page.keyboard.type("31000")
    expect(page.get_by_role("log")).to_contain_text("Touches 31000")
    page.get_by_role("button", name="Répondre").click()
    expect(page.locator(".told")).to_contain_text("Appel, tapez 1")
    expect(page.locator("#decision")).to_contain_text("Toulouse est dans le secteur")
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.get_by_role("button", name="1 – prendre l'appel").click()
    expect(page.locator(".line .status")).to_have_text("En communication")
    page.locator("#hangup").click()
    expect(page.locator("#state")).to_have_text("Raccroché.")
    assert service.of("/voice")[0]["From"] == "anonymous"
    assert service.of("/after")[0]["DialBridged"] == "true"
    assert wrong == []
