"""Prometheus figures of every process in one answer: each leaves its own beside the others', labelled.

Two web workers answer on one port, and the ledger on none: whoever is asked shows all of them, at most a few
seconds old. A process that has gone takes its series with it, as Prometheus expects.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

FRESH = 30.0  # seconds; older figures are a dead process's


class Meters:
    """The folder where processes leave their figures."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._process = f"{name}-{os.getpid()}"
        directory.mkdir(parents=True, exist_ok=True)

    def leave(self, registry: CollectorRegistry) -> None:
        """Write this process's figures, whole or not at all."""
        path = self._directory / f"{self._process}.prom"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(generate_latest(registry))
        fresh.replace(path)

    def all(self, registry: CollectorRegistry) -> bytes:
        """Everybody's figures, this process's own as of now."""
        self.leave(registry)
        gathered = CollectorRegistry()
        gathered.register(_Gathered(dict(self._texts())))
        return generate_latest(gathered)

    def _texts(self) -> Iterator[tuple[str, str]]:
        for path in sorted(self._directory.glob("*.prom")):
            try:
                age = time.time() - path.stat().st_mtime
                if age < FRESH:
                    yield path.stem, path.read_text()
                elif age > 100 * FRESH:
                    path.unlink()
            except FileNotFoundError:
                continue


class _Gathered(Collector):
    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                if family.name.endswith("_created"):
                    continue
                known = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    known.add_sample(sample.name, {**sample.labels, "process": process}, sample.value)
        yield from families.values()
