"""Patients put through while the database was away: a fsynced mark each, so that nobody rings them again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from workers.callbacks.fence import Link


class Joined:
    """One empty file per attempt, named by its ids. They are no secret without the sealing keys."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def mark(self, link: Link) -> None:
        """Write it down and wait for the disk. Raises OSError when the disk refuses."""
        self._directory.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path(link), os.O_CREAT | os.O_WRONLY, 0o600))
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def settle(self, link: Link, take: Callable[[Link], object]) -> None:
        """Hand one mark over, if there is one; it goes once `take` has returned."""
        path = self._path(link)
        if path.exists():
            take(link)
            path.unlink(missing_ok=True)

    def merge(self, take: Callable[[Link], object]) -> int:
        """Hand every mark over."""
        found = [path.name.partition(".") for path in self._directory.glob("*.*")]
        for callback_id, _, token in found:
            self.settle(Link(callback_id, token), take)
        return len(found)

    def _path(self, link: Link) -> Path:
        return self._directory / f"{link.callback_id}.{link.token}"
