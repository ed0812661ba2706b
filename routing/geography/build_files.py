"""How the built files are written: the same rows give the same bytes, whatever the day or the machine."""

from __future__ import annotations

import gzip
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from routing.geography.landlines import PREFIXES_FORMAT
from routing.geography.outlines import OUTLINES_FORMAT
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


def write_outlines(
    path: Path, codes: Sequence[str], spans: Mapping[str, tuple[int, int]], columns: Sequence[array[int]]
) -> None:
    """The format's name, a line of JSON with the codes and counts, then the columns, little-endian."""
    head = {"borders": len(columns[0]), "steps": len(columns[-1]), "frames": spans, "codes": " ".join(codes)}
    text = f"{OUTLINES_FORMAT}\n{json.dumps(head, separators=(',', ':'))}\n".encode()
    _pack(path, text + b"".join(column.tobytes() for column in columns))


def write_departements(path: Path, names: Iterable[tuple[str, str]]) -> None:
    """One line a département: its number and its name."""
    path.write_text("".join(f"{code}\t{name}\n" for code, name in sorted(names)), encoding="utf-8")


def _write(path: Path, format_line: str, lines: Iterable[str]) -> None:
    _pack(path, ("\n".join((format_line, *lines)) + "\n").encode())


def _pack(path: Path, content: bytes) -> None:
    packed = BytesIO()
    # No name and no time in the header, or each build would differ.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(content)
    path.write_bytes(packed.getvalue())
