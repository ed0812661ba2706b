"""What happened in a call, in order: for the terminal, the page and the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `at` is seconds since the call began; `text` is a French sentence; `data` is for programs."""

    at: float
    kind: str
    text: str
    data: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {"at": round(self.at, 2), "kind": self.kind, "text": self.text, **self.data}


class Transcript:
    """The growing list of a call's entries; each `listener` is told of each entry as it is written."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []

    def add(self, kind: str, text: str, **data: object) -> Entry:
        entry = Entry(self._now(), kind, text, data)
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)
        return entry

    def of(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]

    def readable(self) -> str:
        return "\n".join(f"{entry.at:7.1f} s  {entry.kind:<9} {entry.text}" for entry in self.entries)
