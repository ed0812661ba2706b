"""The clock as it runs publishes a draft at its hour, and the processes that answer take it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from routing import drafts, store
from routing.book import LiveBook
from routing.demo import demo_document
from routing.geography.places import Places
from tests.conftest import LEASH, until


def test_a_draft_is_live_soon_after_its_hour(
    env: dict[str, str], sqlite_engine: Engine, tmp_path: Path
) -> None:
    store.ensure_demo(sqlite_engine)
    live = LiveBook(sqlite_engine, tmp_path / "books", Places.load()).start(patience=30)
    first, *others = demo_document().associations
    said = first.model_copy(update={"announcement": "À l'heure dite"})
    draft = drafts.save(
        sqlite_engine, demo_document().model_copy(update={"associations": (said, *others)}), 1, "ana"
    )
    at = datetime.now(UTC) + timedelta(seconds=2)
    read = drafts.find(sqlite_engine, draft)
    assert read is not None
    assert drafts.schedule(sqlite_engine, read, at)
    whole = {"PATH": os.environ["PATH"], **env}
    clock = subprocess.Popen(
        [*LEASH, sys.executable, "-m", "workers.clock"], env=whole, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: live.current.version == 2, seconds=60)
    finally:
        clock.kill()
        clock.wait()
        live.stop()
    assert datetime.now(UTC) >= at
    association = live.current.association(first.slug)
    assert association is not None
    assert association.announcement == "À l'heure dite"
    assert store.history(sqlite_engine)[0].author == "ana"
