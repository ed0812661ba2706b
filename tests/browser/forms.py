"""The forms of a page, read as a browser reads them: where each goes, and what it would send."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

WRITTEN = {"text", "email", "tel", "search", "number"}


@dataclass
class Form:
    """One form that changes something; `written` are the names of its fields that hold words."""

    action: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    button: tuple[str, str] | None = None


def forms(html: str, path: str) -> list[Form]:
    """Every form with `method="post"` of the page that was found at `path`."""
    reader = _Reader(path)
    reader.feed(html)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._path = path
        self._form: Form | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(known.get("action") or self._path) if known.get("method") == "post" else None
            self.found += [self._form] if self._form else []
        elif self._form is None:
            return
        elif tag == "input":
            self._input(self._form, known)
        elif tag == "textarea":
            self._area = known.get("name")
            self._form.written.append(self._area or "")
            self._form.sent[self._area or ""] = [""]
        elif tag == "select":
            self._select = known.get("name")
        elif (
            tag == "option" and self._select and (self._select not in self._form.sent or "selected" in known)
        ):
            self._form.sent[self._select] = [known.get("value", "")]
        elif tag == "button" and known.get("name") and self._form.button is None:
            self._form.button = (known["name"], known.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._form and self._area:
            self._form.sent[self._area] = [self._form.sent[self._area][0] + data]

    def _input(self, form: Form, known: dict[str, str]) -> None:
        name, kind = known.get("name", ""), known.get("type", "text")
        if not name or (kind in {"checkbox", "radio"} and "checked" not in known):
            return
        form.sent.setdefault(name, []).append(known.get("value", ""))
        if kind in WRITTEN and "readonly" not in known:
            form.written.append(name)
