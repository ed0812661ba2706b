"""A PostgreSQL of a campaign's own, to be frozen, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.conftest import LEASH, free_port, until


class Postgres:
    """One server on a loopback port. What it has acknowledged outlives its processes: the kernel keeps it."""

    def __init__(self) -> None:
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="pgsoak-")), free_port()
        self.url = f"postgresql://sos@127.0.0.1:{self.port}/postgres"
        self._leash = LEASH
        if os.getuid() == 0:  # root may not run it
            shutil.chown(self.folder, "postgres", "postgres")
            self._leash = [*LEASH, "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._programs = max(
            Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name)
        )
        words = ["-D", str(self.folder / "data"), "-U", "sos", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = [*self._leash, str(self._programs / "initdb"), *words]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        self._server = self._started()

    def freeze(self, seconds: float) -> None:
        """Every process of it stands still: connections are accepted by the kernel, nothing is answered."""
        frozen = [self._server.pid, *self._children()]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)

    def restart(self, seconds: float) -> None:
        """It ends without a word to anybody, stays away, and recovers from its log."""
        self._end()
        time.sleep(seconds)
        self._server = self._started()

    def close(self) -> None:
        """End it and forget its data."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self) -> subprocess.Popen[bytes]:
        manners = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_min_messages=panic"]
        place = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        command = [*self._leash, str(self._programs / "postgres"), *place, *manners]
        server = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL)
        until(self._accepts, 30)
        return server

    def _end(self) -> None:
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()

    def _children(self) -> list[int]:
        pid = self._server.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
