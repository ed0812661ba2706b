"""What was drawn is kept in files, so that a console that starts again has its maps at its first request."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

KEPT = 12  # files: a few books' maps, of two needs


class Drawings:
    """Files of one folder, named by what they were drawn from; without a folder everything is drawn anew.

    `sources` are the files of data and program that decide what a drawing looks like.
    """

    def __init__(self, *sources: Path) -> None:
        self.folder: Path | None = None
        self._sources = sources

    def kept(self, told: str, draw: Callable[[], Any]) -> Any:
        """What `draw` answers (as JSON has it) for what is `told`: from its file where there is one."""
        if self.folder is None:
            return draw()
        name = sha256(f"{self._program}{told}".encode()).hexdigest()[:32]
        path = self.folder / f"{name}.json"
        with suppress(OSError, ValueError):
            found = json.loads(path.read_bytes())
            path.touch()  # the files that are used stay
            return found
        drawn = draw()
        with suppress(OSError):  # a full disk costs time, not the map
            self._write(path, json.dumps(drawn, separators=(",", ":")))
        return drawn

    @cached_property
    def _program(self) -> str:
        return sha256(b"".join(source.read_bytes() for source in self._sources)).hexdigest()

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
        files = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink()
