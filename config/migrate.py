"""Brings the database's schema up to date: `python -m config.migrate`, run once at each release."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from config import stores
from config.settings import Settings, SettingsRefused

RELEASE_LOCK = (
    3624  # PostgreSQL advisory lock: of two releases at the same time the second waits, then finds it done
)


def upgrade(settings: Settings) -> None:
    """Apply every migration that is missing; all of it or nothing of it."""
    engine = stores.engine(settings, patience_ms=60_000)
    try:
        upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> None:
    """Apply every missing migration to the database behind `engine`, in one transaction."""
    alembic = _alembic()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": RELEASE_LOCK})
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "heads")


def released(engine: Engine) -> bool:
    """Whether any migration was ever applied to this database."""
    return bool(_held(engine))


def missing(engine: Engine) -> list[str]:
    """Return the ids of the newest migrations this database lacks; empty when it is up to date."""
    return sorted(set(ScriptDirectory.from_config(_alembic()).get_heads()) - _held(engine))


def _held(engine: Engine) -> set[str]:
    with stores.reading(engine).connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def _alembic() -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    alembic.set_main_option("path_separator", "newline")
    return alembic


def main() -> None:
    """Upgrade the database of this process's environment."""
    try:
        upgrade(Settings.of_process())
    except SettingsRefused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
