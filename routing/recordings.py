"""Recorded announcements in SQL, under a name made of their words and sound: a row never changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from config import journal
from config.stores import database_now, reading
from routing.document import Document
from routing.problem import Problem
from routing.sounds import Sound, name_of
from routing.tables import aware
from routing.tables import drafts as _drafts
from routing.tables import recordings as _recordings

KEPT = timedelta(days=30)  # from when it was made, or a draft last named it; one that was published, for ever


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording without its sound."""

    name: str
    association: str
    words: str
    seconds: float
    made_at: datetime
    made_by: str


def keep(engine: Engine, association: str, sound: Sound, words: str, by: str) -> str:
    """Keep a recording that passed `sounds.judge`, with the words it says; its name."""
    name = name_of(sound.wav, words)
    try:
        with engine.begin() as connection:
            row = {"name": name, "association": association, "words": words, "made_by": by}
            now = database_now(connection)
            more = {"wav": sound.wav, "seconds": sound.seconds, "made_at": now, "kept_until": now + KEPT}
            connection.execute(_recordings.insert().values(**row, **more))
            journal.append(connection, by, [journal.Change(association, "recording_kept", words, after=name)])
    except IntegrityError:
        if find(engine, name) is None:
            raise
        with engine.begin() as connection:
            _keep_on(connection, [name], database_now(connection))
    return name


def still_wanted(connection: Connection, document: Document, now: datetime) -> None:
    """A draft that is being kept names these: their time begins anew."""
    _keep_on(connection, _named(document), now)


def published(connection: Connection, document: Document) -> None:
    """A book that is being published names these: any book can be put back in force, so they stay."""
    mine = _recordings.c.name.in_(_named(document))
    connection.execute(_recordings.update().where(mine).values(kept_until=None))


def forget(engine: Engine) -> int:
    """Delete those past their time that no open draft names; how many. No published book names them."""
    with engine.begin() as connection:
        late = _recordings.c.kept_until <= database_now(connection)
        found = connection.execute(_known().where(late)).all()
        if not found:
            return 0
        texts = connection.scalars(sa.select(_drafts.c.document).where(_drafts.c.state == "open")).all()
        gone = [row for row in found if not any(row.name in text for text in texts)]
        changes = []
        for row in gone:
            # Asked again: a draft kept in this very moment may have named it.
            mine = (_recordings.c.name == row.name) & late
            if connection.execute(_recordings.delete().where(mine)).rowcount:
                changes.append(journal.Change(row.association, "recording_forgotten", row.words, row.name))
        journal.append(connection, "3624", changes)
    return len(changes)


def find(engine: Engine, name: str) -> Recording | None:
    """What is known of this recording."""
    with reading(engine).connect() as connection:
        row = connection.execute(_known().where(_recordings.c.name == name)).first()
    return None if row is None else _recording(row)


def latest(engine: Engine, association: str, most: int = 5) -> tuple[Recording, ...]:
    """An association's recordings, the newest first."""
    query = _known().where(_recordings.c.association == association)
    with reading(engine).connect() as connection:
        rows = connection.execute(query.order_by(_recordings.c.made_at.desc()).limit(most)).all()
    return tuple(map(_recording, rows))


def sound(engine: Engine, name: str) -> tuple[bytes, str] | None:
    """The WAV file and the words it says."""
    query = sa.select(_recordings.c.wav, _recordings.c.words).where(_recordings.c.name == name)
    with reading(engine).connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else (bytes(row.wav), str(row.words))


def problems(engine: Engine, before: Document, after: Document) -> Iterator[Problem]:
    """Announcements said to be recorded, of which there is no such recording with these very words."""
    known = {(one.announcement, one.announcement_audio) for one in before.associations}
    for one in after.associations:
        name = one.announcement_audio
        if name is None or (one.announcement, name) in known:
            continue
        found = find(engine, name)
        if found is None or found.words != one.announcement or found.association != one.slug:
            said = f"{one.city} : l'enregistrement de l'annonce manque, ou dit autre chose que son texte."
            yield Problem("recording", True, said, rule=f"associations/{one.slug}/announcement")


def _keep_on(connection: Connection, names: list[str], now: datetime) -> None:
    mine = _recordings.c.name.in_(names) & _recordings.c.kept_until.is_not(None)
    connection.execute(_recordings.update().where(mine).values(kept_until=now + KEPT))


def _named(document: Document) -> list[str]:
    """The recordings it plays."""
    return [one.announcement_audio for one in document.associations if one.announcement_audio]


def _known() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(_recordings.c[name] for name in Recording.__dataclass_fields__))


def _recording(row: sa.Row[tuple[object, ...]]) -> Recording:
    return Recording(**{**row._mapping, "made_at": aware(row.made_at)})
