"""How long after a publication the voice processes hold the new book: `python -m bench.publication`.

Two processes, as the Procfile starts them, follow a database of their own; each tells when it has taken a
version. The book has the size of the federation.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

from sqlalchemy import Engine, create_engine

from config import migrate
from routing import store
from routing.book import LiveBook
from routing.demo import demo_document
from routing.document import Document
from routing.geography.places import Places

PROCESSES, TIMES = 2, 10


def main(times: int) -> None:
    """Publish, wait until every process holds it, and tell the slowest and the median."""
    folder = Path(tempfile.mkdtemp())
    url = f"sqlite:///{folder / 'books.sqlite3'}"
    engine = create_engine(url)
    migrate.upgrade_engine(engine)
    store.ensure_demo(engine)
    spawn = get_context("spawn")
    taken: Queue[tuple[int, float]] = spawn.Queue()
    held = [
        spawn.Process(target=_hold, args=(url, folder / str(n), taken), daemon=True) for n in range(PROCESSES)
    ]
    for process in held:
        process.start()
    _wait(taken, 1)
    version = 1
    for what in ("announcement", "areas"):
        took = []
        for _ in range(times):
            version += 1
            took.append(_publish(engine, version, what, taken))
        took.sort()
        told = f"median {took[times // 2]:.2f} s, worst {took[-1]:.2f} s"
        print(f"{what} changed, slowest of {PROCESSES} processes: {told}")


def _publish(engine: Engine, version: int, what: str, taken: Queue[tuple[int, float]]) -> float:
    time.sleep(version % 5 * 0.13)  # anywhere between two looks
    store.publish(engine, _changed(version, what), version - 1, "bench", "")
    began = time.time()
    return _wait(taken, version) - began


def _wait(taken: Queue[tuple[int, float]], version: int) -> float:
    return max(at for _ in range(PROCESSES) for told, at in [taken.get(timeout=60)] if told == version)


def _hold(url: str, folder: Path, taken: Queue[tuple[int, float]]) -> None:
    live = LiveBook(create_engine(url), folder, Places.load()).start(patience=30)
    last = 0
    while True:
        if live.current.version != last:
            last = live.current.version
            taken.put((last, time.time()))
        time.sleep(0.01)


def _changed(version: int, what: str) -> Document:
    whole = demo_document()
    first = whole.associations[0]
    area = first.areas[0].model_copy(update={"valid_until": date(2090, 1, 1 + version % 28)})
    said = {"announcement": f"version {version}"} if what == "announcement" else {"areas": (area,)}
    first = first.model_copy(update=said)
    return whole.model_copy(update={"associations": (first, *whole.associations[1:])})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)
