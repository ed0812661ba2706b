"""A process that publishes without end, to be killed in the middle of it.

Forked off one that has loaded everything: for each line it reads it begins another and prints its pid.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from config import stores
from config.settings import Settings
from routing import snapshot, static_fallback, store
from routing.compile import compile_book
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places

NOWHERE = Places(())


def marked(version: int) -> Document:
    """A book of the federation's size in which every association says the version."""
    whole = demo_document()
    said = {"announcement": f"version {version}"}
    return whole.model_copy(
        update={"associations": tuple(a.model_copy(update=said) for a in whole.associations)}
    )


BOOK = compile_book(marked(1), 1, NOWHERE)


def publish_on(settings: Settings, folder: Path) -> None:
    """What a publication and the process that takes it do, again and again."""
    engine = stores.engine(settings)
    while True:
        version = store.current_version(engine) + 1
        document = marked(version)
        store.publish(engine, document, version - 1, "ana", "")
        snapshot.save(folder, version, document)
        static_fallback.write(folder, replace(BOOK, version=version))


def main() -> None:
    settings, folder = Settings.from_env(dict(os.environ)), Path(sys.argv[1])
    demo_document()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            publish_on(settings, folder)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
