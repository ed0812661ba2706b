"""One backup file: a manifest, the database, and what VAR_DIR holds that nothing else does; encrypted."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from config.coffer import CofferReader, CofferWriter
from config.sealing import Unsealable
from config.settings import Settings
from console.backups import databases
from console.backups.databases import Census

MANIFEST = "manifest.json"
PARTS = ("events", "bookings", "joined", "rulebook", "audio", "recordings")  # of VAR_DIR, where they exist
PATTERN = "3624-*.backup"
FORMAT = 1


class Damaged(Exception):
    """The file is no backup of ours, not whole, or not for these keys; the message says which, in French."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    made_at: str  # ISO, UTC
    database: str  # sqlite, postgresql
    tables: Census
    files: dict[str, str]  # path -> SHA-256
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(rows for rows, _ in self.tables.values())


def make(settings: Settings, to: Path | None = None) -> tuple[Path, Manifest]:
    """Write a backup, whole or not at all. Raises `NotCopied` and `OSError`."""
    now = datetime.now(UTC)
    to = to or folder(settings) / f"3624-{now:%Y%m%d-%H%M%S-%f}.backup"
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as staging:
        stage = Path(staging)
        tables = databases.copy(settings, stage)
        if not tables:
            raise databases.NotCopied("la base est vide : vérifiez VAR_DIR et DATABASE_URL")
        for part in PARTS:
            _take(settings.var_dir / part, stage / part)
        kind = settings.database_url.partition(":")[0].partition("+")[0]
        manifest = Manifest(now.isoformat(), kind, tables, dict(_digests(stage)))
        (stage / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
        fresh = stage / "whole"
        _pack(stage, manifest, fresh, settings.secret_keys)
        fresh.replace(to)
    return to, manifest


@contextmanager
def opened(settings: Settings, path: Path) -> Iterator[tuple[Path, Manifest]]:
    """A folder with the backup's content, every byte checked against its manifest. Raises `Damaged`."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.var_dir, prefix=".restore-") as staging:
        stage = Path(staging)
        try:
            with path.open("rb") as file:
                coffer = io.BufferedReader(CofferReader(file, settings.secret_keys))
                with gzip.GzipFile(fileobj=coffer) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
                    tar.extractall(stage, filter="data")
                if coffer.read(1):
                    raise Damaged("le fichier contient plus que sa sauvegarde")
        except Unsealable:
            raise Damaged("le fichier est abîmé, ou scellé par d'autres SECRET_KEYS") from None
        except (tarfile.TarError, EOFError, gzip.BadGzipFile) as fault:
            raise Damaged(f"le fichier est abîmé ({type(fault).__name__})") from None
        yield stage, _checked(stage)


def folder(settings: Settings) -> Path:
    """Where backups lie unless told otherwise."""
    return settings.var_dir / "backups"


def keep_newest(where: Path, count: int) -> list[Path]:
    """Remove all but the newest backups of a folder; those removed."""
    old = sorted(where.glob(PATTERN))[:-count]
    for path in old:
        path.unlink()
    return old


def _take(part: Path, to: Path) -> None:
    """Copy what lies there; a spool file that is drained meanwhile has gone where it belongs."""
    for path in sorted(part.rglob("*")) if part.is_dir() else ():
        if path.is_file():
            copied = to / path.relative_to(part)
            copied.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copyfile(path, copied)


def _pack(stage: Path, manifest: Manifest, to: Path, keys: tuple[str, ...]) -> None:
    with to.open("xb") as file:
        os.chmod(file.fileno(), 0o600)
        with (
            CofferWriter(file, keys) as coffer,
            gzip.GzipFile(fileobj=coffer, mode="wb", compresslevel=1) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            for name in (MANIFEST, *manifest.files):
                tar.add(stage / name, arcname=name)
        file.flush()
        os.fsync(file.fileno())


def _checked(stage: Path) -> Manifest:
    try:
        told = json.loads((stage / MANIFEST).read_text(encoding="utf-8"))
        tables = {name: (int(rows), str(digest)) for name, (rows, digest) in told.pop("tables").items()}
        manifest = Manifest(tables=tables, **told)
    except (OSError, ValueError, TypeError, KeyError):
        raise Damaged("le fichier n'a pas de manifeste lisible") from None
    if manifest.format != FORMAT:
        raise Damaged(f"format {manifest.format} inconnu : prenez la version du 3624 qui l'a écrit")
    if dict(_digests(stage)) != manifest.files:
        raise Damaged("le contenu ne correspond pas à son manifeste")
    return manifest


def _digests(stage: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(stage.rglob("*")):
        name = path.relative_to(stage).as_posix()
        if path.is_file() and name not in (MANIFEST, "whole"):
            with path.open("rb") as file:
                digest = sha256()
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            yield name, digest.hexdigest()
