"""How the built files are written: the same rows give the same bytes, whatever the day or the machine."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from routing.geography.landlines import PREFIXES_FORMAT
from routing.geography.places import COMMUNES_FORMAT, Commune


def write_communes(path: Path, communes: Iterable[Commune]) -> None:
    """One line a column (quick to load), values tab-separated in order of INSEE code."""
    rows = sorted(communes, key=lambda one: one.insee)
    columns: list[Iterable[str]] = [
        (one.insee for one in rows),
        (one.name for one in rows),
        (str(one.population) for one in rows),
        (f"{one.lon:.5f}" for one in rows),
        (f"{one.lat:.5f}" for one in rows),
        (" ".join(one.postcodes) for one in rows),
    ]
    _write(path, COMMUNES_FORMAT, map("\t".join, columns))


def write_prefixes(path: Path, prefixes: Iterable[tuple[str, str, float]]) -> None:
    """One line a prefix, in order: prefix, INSEE code, share of its callers who are near that commune."""
    _write(
        path,
        PREFIXES_FORMAT,
        (f"{prefix}\t{insee}\t{share:.3f}" for prefix, insee, share in sorted(prefixes)),
    )


def _write(path: Path, format_line: str, lines: Iterable[str]) -> None:
    text = "\n".join((format_line, *lines)) + "\n"
    packed = BytesIO()
    # No name and no time in the header, or each build would differ.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text.encode())
    path.write_bytes(packed.getvalue())
