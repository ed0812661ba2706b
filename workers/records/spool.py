"""Lines kept on disk until the store they belong in has taken them: appended in one write, drained once."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

BATCH = 500  # lines handed over at once


class Spool:
    """A directory of line files, one an open process. A file whose process is gone is drained by any other.

    Lines may be handed over twice (a crash between the hand-over and the removal): what takes them must be
    idempotent.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory, self._name = directory, name
        self._lock = threading.Lock()
        self._file: int | None = None
        directory.mkdir(parents=True, exist_ok=True)

    def append(self, lines: Sequence[str]) -> None:
        """Write the lines: from here on they survive this process. Raises OSError when the disk refuses."""
        data = ("\n".join(lines) + "\n").encode()
        with self._lock:
            written = os.write(self._file or self._open(), data)
            if written != len(data):
                self._close()  # the torn line ends its file
                raise OSError(errno.ENOSPC, "the disk took a part only")

    @property
    def written(self) -> bool:
        """Whether this process has lines that nobody has taken yet."""
        return self._file is not None

    def sync(self) -> None:
        """Wait until the disk has what was appended: from here on the lines survive the machine."""
        with self._lock:
            if self._file is not None:
                os.fdatasync(self._file)

    def size(self) -> int:
        """Bytes waiting, of all processes."""
        return sum(size for _, size in self._waiting())

    def age(self, now: float) -> float:
        """Seconds since the oldest waiting file was begun; nought without any."""
        begun = (int(path.stem.rpartition("-")[2]) / 1e9 for path, _ in self._waiting())
        return max((now - at for at in begun), default=0.0)

    def _waiting(self) -> Iterator[tuple[Path, int]]:
        for path in self._directory.glob(f"{self._name}-*.lines"):
            try:
                yield path, path.stat().st_size
            except FileNotFoundError:
                continue  # drained just now

    def drain(self, take: Callable[[list[str]], bool]) -> int:
        """Hand waiting lines to `take` until it refuses; returns how many it took."""
        self.close()
        return sum(
            self._drain_file(path, take) for path in sorted(self._directory.glob(f"{self._name}-*.lines"))
        )

    def close(self) -> None:
        """Leave what is waiting to whoever drains next."""
        with self._lock:
            self._close()

    def _open(self) -> int:
        while self._file is None:
            path = self._directory / f"{self._name}-{os.getpid()}-{time.time_ns()}.lines"
            file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            fcntl.flock(file, fcntl.LOCK_SH)  # tells drainers that its writer lives
            if os.fstat(file).st_nlink:
                self._file = file
            else:
                os.close(file)  # a drainer took it for an empty leftover before the lock was ours
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _drain_file(self, path: Path, take: Callable[[list[str]], bool]) -> int:
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return 0
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return 0  # its writer is at work, or another drainer
        try:
            return self._hand_over(path, take)
        finally:
            os.close(file)

    @staticmethod
    def _hand_over(path: Path, take: Callable[[list[str]], bool]) -> int:
        if not path.exists():
            return 0
        lines = [line for line in path.read_text(errors="replace").split("\n") if line]
        taken = 0
        while taken < len(lines) and take(lines[taken : taken + BATCH]):
            taken = min(taken + BATCH, len(lines))
        if taken == len(lines):
            path.unlink()
        elif taken:
            rest = path.with_suffix(".rest")
            rest.write_text("".join(line + "\n" for line in lines[taken:]))
            os.replace(rest, path)
        return taken
