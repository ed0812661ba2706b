"""The last good rule books as files, for a start with everything else down."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from routing.document import Document, DocumentRefused, read

KEPT = 2
_PREFIX, _SUFFIX = "rulebook-", ".json"


def save(folder: Path, version: int, document: Document) -> Path:
    """Write one book so that a reader finds the whole of it or nothing, and keep the one before it.

    A head line carries the version and a checksum. Several processes may save the same book at once.
    """
    body = document.to_json().encode()
    head = json.dumps({"version": version, "sha256": sha256(body).hexdigest()}).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_PREFIX}{version}{_SUFFIX}"
    temporary = folder / f".{_PREFIX}{version}.{os.getpid()}"
    with temporary.open("wb") as file:
        file.write(head + b"\n" + body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(folder)
    for older in _newest_first(folder)[KEPT:]:
        older.unlink(missing_ok=True)
    return path


def load(folder: Path) -> Iterator[tuple[int, Document]]:
    """The sound books kept here, the newest first. A damaged file is passed over."""
    for path in _newest_first(folder):
        found = _read(path)
        if found is not None:
            yield found


def _read(path: Path) -> tuple[int, Document] | None:
    try:
        head, body = path.read_bytes().split(b"\n", 1)
        told = json.loads(head)
        if told["sha256"] != sha256(body).hexdigest():
            return None
        return int(told["version"]), read(body)
    except (OSError, ValueError, KeyError, TypeError, DocumentRefused):
        return None


def _newest_first(folder: Path) -> list[Path]:
    """By the time of writing: after a database was set up anew, a low number may be the newest."""
    dated = []
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            dated.append((path.stat().st_mtime_ns, path))
        except FileNotFoundError:  # another process tidied up
            continue
    return [path for _, path in sorted(dated, reverse=True)]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
