"""A process that publishes without end, to be killed in the middle of it.

Forked off one that has loaded everything: for each line it reads it begins another and prints its pid.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine

from config import stores
from config.settings import Settings
from routing import snapshot, static_fallback, store
from routing.compile import compile_book
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places

NOWHERE = Places(())


MARKED = 10  # every tenth association says the version: a mixture shows, and the journal stays short


def marked(version: int) -> Document:
    """A book of the federation's size in which associations from its first to its last say the version."""
    whole = demo_document()
    said = {"announcement": f"version {version}"}
    associations = tuple(
        one.model_copy(update=said) if place % MARKED == 0 else one
        for place, one in enumerate(whole.associations)
    )
    return whole.model_copy(update={"associations": associations})


BOOK = compile_book(marked(1), 1, NOWHERE)


def publish_on(engine: Engine, folder: Path) -> None:
    """What a publication and the process that takes it do, once."""
    version = store.current_version(engine) + 1
    document = marked(version)
    store.publish(engine, document, version - 1, "ana", "")
    snapshot.save(folder, version, document)
    static_fallback.write(folder, replace(BOOK, version=version))


def main() -> None:
    engine, folder = stores.engine(Settings.from_env(dict(os.environ))), Path(sys.argv[1])
    publish_on(engine, folder)  # every statement is compiled once, for all that are forked
    engine.dispose()
    gc.freeze()
    for _ in sys.stdin:
        pid = os.fork()
        while pid == 0:
            publish_on(engine, folder)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
