"""Roles, the rights they give, and who is asking: pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from routing.person import Person


class Role(StrEnum):
    """What somebody is, in one association or for the whole country."""

    MEMBER = "member"
    MANAGER = "manager"
    DOCTOR = "doctor"
    FEDERATION = "federation"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a page asks for; every page names exactly one."""

    ANYONE = "anyone"  # before entering
    HALFWAY = "halfway"  # password given, second factor still to be given or set up
    SELF = "self"  # entered, whoever it is
    SEE = "see"  # an association's state, hours and area
    CALLS = "calls"  # its call records
    WORK = "work"  # its call-backs
    RULE = "rule"  # change its rules, close it
    STAFF = "staff"  # give and take the roles of its members and doctors, let them back in
    JOURNAL = "journal"  # read what was changed there, by whom
    WATCH = "watch"  # the whole country, read only
    GOVERN = "govern"  # accounts, older rules put back in force


OF_AN_ASSOCIATION = frozenset({Right.SEE, Right.CALLS, Right.WORK, Right.RULE, Right.STAFF, Right.JOURNAL})
NATIONWIDE = frozenset({Role.FEDERATION, Role.AUDITOR})
LOCAL = (Role.MEMBER, Role.DOCTOR)  # the roles a manager gives in the association
# Whoever changes rules, sees call records or the whole country enters with two factors.
SECOND_FACTOR = frozenset({Right.RULE, Right.CALLS, Right.WATCH})
GIVEN: dict[Role, frozenset[Right]] = {
    Role.MEMBER: frozenset({Right.SEE, Right.CALLS, Right.WORK}),
    Role.MANAGER: OF_AN_ASSOCIATION,
    Role.DOCTOR: frozenset({Right.SEE, Right.WORK}),
    Role.FEDERATION: OF_AN_ASSOCIATION | {Right.WATCH, Right.GOVERN},
    Role.AUDITOR: frozenset({Right.SEE, Right.JOURNAL, Right.WATCH}),
}
ROLES = {  # as the screens say them
    Role.MEMBER: "membre",
    Role.MANAGER: "responsable",
    Role.DOCTOR: "médecin de rappel",
    Role.FEDERATION: "administration fédérale",
    Role.AUDITOR: "observation fédérale",
}


class Stage(StrEnum):
    """How far somebody has entered."""

    CODE = "code"  # the second factor is to be given
    ENROL = "enrol"  # the second factor is to be set up
    FULL = "full"


class Way(StrEnum):
    """How somebody entered."""

    PASSWORD = "password"  # noqa: S105 - a way in, not a secret
    INVITATION = "invitation"
    PASSKEY = "passkey"
    IDENTITY = "identity"
    WAY_BACK = "way_back"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, in an association (slug) or, for the federation's roles, in none."""

    role: Role
    association: str | None = None

    @property
    def sound(self) -> bool:
        """Federation roles go without an association, the others never do."""
        return (self.role in NATIONWIDE) == (self.association is None)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody at the door: an account through one of its sessions."""

    account: str
    name: str
    email: str
    grants: tuple[Grant, ...]
    session: str
    stage: Stage
    way: Way = Way.PASSWORD
    fresh: bool = False  # entered a moment ago: what guards the account may be changed

    @property
    def person(self) -> Person:
        """Who signs what is written and approved: two accounts are two people, whatever their names."""
        return Person(self.name, self.account)

    def may(self, right: Right, association: str | None = None) -> bool:
        """Whether this right is theirs, in this association where the right is about one."""
        if right is Right.ANYONE:
            return True
        if right is Right.HALFWAY:
            return self.stage is not Stage.FULL
        if self.stage is not Stage.FULL:
            return False
        return right is Right.SELF or any(
            right in GIVEN[grant.role] and _reaches(grant, right, association) for grant in self.grants
        )

    def knows(self, association: str) -> bool:
        """Whether they may know anything at all of this association: else it does not exist for them."""
        return self.stage is Stage.FULL and any(
            grant.role in NATIONWIDE or grant.association == association for grant in self.grants
        )

    @property
    def associations(self) -> tuple[str, ...]:
        """The slugs they were given a role in."""
        return tuple(dict.fromkeys(grant.association for grant in self.grants if grant.association))


def needs_second_factor(grants: tuple[Grant, ...]) -> bool:
    """Whether these roles may do what one factor is not enough for."""
    return any(GIVEN[grant.role] & SECOND_FACTOR for grant in grants)


def _reaches(grant: Grant, right: Right, association: str | None) -> bool:
    if right not in OF_AN_ASSOCIATION:
        return grant.role in NATIONWIDE
    return association is not None and (grant.role in NATIONWIDE or grant.association == association)
