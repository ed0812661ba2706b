"""Recorded announcements as files beside the calls, and the address at which the carrier fetches them.

The address is open: whoever knows a recording's hash has it from the very people who publish it, and the
carrier's cache asks for it without a form to sign. It steers nothing and reads no call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, Response, abort, current_app
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from routing import recordings
from routing.compiled import RuleBook
from routing.sounds import name_of

bp = Blueprint("audio", __name__, url_prefix="/voice/audio")
log = structlog.get_logger(__name__)
_NAME = re.compile(r"[0-9a-f]{64}")
YEAR = 31_536_000


class Shelf:
    """The recordings this machine can play now: each a WAV file and its words, copied from SQL in time.

    A call asks `url`, which reads memory only; a recording that is not here is spoken from its text instead.
    """

    def __init__(self, folder: Path, engine: Engine, public_url: str) -> None:
        self._folder, self._engine, self._base = folder, engine, f"{public_url}/voice/audio"
        self._held = frozenset(path.stem for path in folder.glob("*.wav") if self._whole(path.stem))

    def url(self, name: str | None) -> str | None:
        """Where the carrier fetches this recording; None when it cannot be played now."""
        return self._url(name) if name in self._held else None

    def rehearsed(self, name: str | None, words: str | None) -> str | None:
        """The same for a draft's: one that says these words and that SQL has, though no book plays it yet."""
        if name is None or name in self._held:
            return self.url(name)
        found = recordings.find(self._engine, name)
        return self._url(name) if found is not None and found.words == words else None

    def follow(self, book: RuleBook) -> None:
        """Copy what this book plays and is not here yet. For a thread beside the calls."""
        wanted = {one.announcement_audio for one in book.associations.values()}
        self.copy(name for name in wanted - self._held if name is not None)

    def copy(self, names: Iterable[str]) -> None:
        """Copy these from SQL; one that SQL does not have is left out."""
        for name in names:
            found = recordings.sound(self._engine, name)
            if found is None or name_of(*found) != name:
                log.warning("recording_missing", recording=name)
                continue
            self._write(name, *found)
            self._held |= {name}

    def read(self, name: str) -> tuple[bytes, str] | None:
        """The file and its words: from the disk, else, when another machine announced it first, from SQL.

        What is not on the disk is announced no more: from the next call on its text is spoken, until `follow`
        has copied it. A rehearsal's stays in SQL: what no book plays leaves no file.
        """
        found = self._file(name)
        if found is not None:
            return found
        self._held -= {name}
        kept = recordings.sound(self._engine, name)
        return kept if kept is not None and name_of(*kept) == name else None

    def _url(self, name: str) -> str:
        return f"{self._base}/{name}.wav"

    def _file(self, name: str) -> tuple[bytes, str] | None:
        try:
            return self._path(name).read_bytes(), self._path(name, ".txt").read_text("utf-8")
        except (OSError, ValueError):
            return None

    def _whole(self, name: str) -> bool:
        """A damaged file is passed over, and copied anew."""
        found = self._file(name)
        return found is not None and name_of(*found) == name

    def _write(self, name: str, wav: bytes, words: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # The words first: a WAV file that is there has them. Each process writes under a name of its own.
        for ending, body in ((".txt", words.encode()), (".wav", wav)):
            fresh = self._path(name, f"{ending}.{os.getpid()}")
            fresh.write_bytes(body)
            fresh.replace(self._path(name, ending))

    def _path(self, name: str, ending: str = ".wav") -> Path:
        return self._folder / f"{name}{ending}"


def install(app: Flask, shelf: Shelf) -> None:
    """Open the address."""
    app.extensions["shelf"] = shelf
    app.register_blueprint(bp)


@bp.get("/<name>.wav")
def play(name: str) -> Response:
    """One recording; its words travel in the header `X-Prompt-Text`, percent-encoded."""
    shelf: Shelf = current_app.extensions["shelf"]
    try:
        found = shelf.read(name) if _NAME.fullmatch(name) else None
    except SQLAlchemyError:
        found = None
    if found is None:
        abort(404)
    answer = Response(found[0], mimetype="audio/wav")
    answer.headers["X-Prompt-Text"] = quote(found[1])
    answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    answer.headers["ETag"] = f'"{name}"'
    return answer
