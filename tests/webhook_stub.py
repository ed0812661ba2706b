"""A small web service that answers webhooks as a test says, over real HTTP, and keeps what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from simulator.exchange import Account

TOKEN = "12345" * 7
Page = str | tuple[int, str, str] | Callable[[dict[str, str]], "Page"]


@dataclass
class Asked:
    """One request as it arrived; `form` is the body's, or the query's of a GET."""

    method: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]
    raw: str


@dataclass
class Stub:
    """`pages` by path: a document's inside, or (status, content type, body), or a function of the form."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)  # unset ones answer 404, /status an empty document
    asked: list[Asked] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  # sent with every answer

    def of(self, path: str) -> list[dict[str, str]]:
        return [one.form for one in self.asked if one.path == path]

    def account(self, **more: object) -> Account:
        return Account("AC" + "0" * 32, TOKEN, self.url + "/voice", **more)


def answer(pages: dict[str, Page], asked: Asked) -> tuple[int, str, str]:
    page = pages.get(asked.path, "" if asked.path == "/status" else (404, "text/plain", "nothing here"))
    while callable(page):
        page = page(asked.form)
    return (200, "text/xml", f"<Response>{page}</Response>") if isinstance(page, str) else page


@contextmanager
def serving() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            told = parse_qsl(body if self.command == "POST" else parts.query, keep_blank_values=True)
            asked = Asked(self.command, parts.path, dict(told), dict(self.headers), self.path)
            stub.asked.append(asked)
            status, content_type, text = answer(stub.pages, asked)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", text)
            if content_type:
                self.send_header("Content-Type", content_type)
            if content_type.startswith("audio"):
                self.send_header("X-Prompt-Text", text)
            for name, value in stub.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST  # noqa: N815 - http.server looks the handler up by this name

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
