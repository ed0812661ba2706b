"""Who writes or approves rules: a name for people to read, and the account that is behind it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. `account` is the console's id, which stays when the name changes; the terminal knows none."""

    name: str
    account: str | None = None

    def same(self, other: Person | None) -> bool:
        """Whether both are one person: by account where both have one, else by name."""
        if other is None:
            return False
        if self.account and other.account:
            return self.account == other.account
        return self.name.strip().casefold() == other.name.strip().casefold()


By = Person | str  # a bare name is somebody at the terminal


def person(by: By) -> Person:
    """Whoever it is, as a person."""
    return by if isinstance(by, Person) else Person(by)
