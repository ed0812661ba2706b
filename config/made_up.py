"""The secrets `make setup` makes up once, kept in `VAR_DIR/secrets.env`, good for the stand-in only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

NAMES = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SECRET_KEYS")
MARK = "SECRETS_MADE_UP"


def make_up(var_dir: Path) -> Path:
    """Write the secrets file if there is none, readable by its owner only, and return its path.

    Two set-ups at the same time agree on one file: it is written aside and linked into place.
    """
    path = _path(var_dir)
    var_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        aside = var_dir / f"secrets.{os.getpid()}.env"
        aside.touch(mode=0o600)
        lines = {NAMES[0]: "AC" + secrets.token_hex(16), NAMES[1]: secrets.token_hex(16)}
        lines |= {NAMES[2]: secrets.token_hex(32), MARK: "1"}
        aside.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path


def environment() -> dict[str, str]:
    """Return this process's environment and, for what it lacks, the secrets that `make setup` made up."""
    return with_made_up(os.environ)


def with_made_up(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the secrets it lacks filled in from the file, and marked as made up."""
    path = _path(Path(env.get("VAR_DIR") or "var"))
    lacking = [name for name in NAMES if not env.get(name, "").strip()]
    if not lacking or not path.is_file():
        return dict(env)
    kept = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return dict(env) | {name: kept[name] for name in [*lacking, MARK] if name in kept}


def _path(var_dir: Path) -> Path:
    return var_dir / "secrets.env"


if __name__ == "__main__":
    make_up(Path(os.environ.get("VAR_DIR") or "var"))
