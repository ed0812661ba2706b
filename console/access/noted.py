"""What happens to accounts, written into the journal of every association they have a role in."""

from __future__ import annotations

from sqlalchemy import Connection, select

from config.journal import FEDERATION, Change, append
from console.access.roles import ROLES, Grant
from console.access.tables import accounts, grants


def note(
    connection: Connection,
    author: str,
    account_id: str,
    action: str,
    before: str = "",
    after: str = "",
    *,
    also: str | None = None,
) -> None:
    """Inside the transaction that changes the account. Without an author, it is the person's own doing.

    `also` is one more chain, for a role that is no longer, or not yet, among the account's.
    """
    person = connection.execute(
        select(accounts.c.name, accounts.c.email).where(accounts.c.id == account_id)
    ).one()
    held = connection.scalars(select(grants.c.association).where(grants.c.account_id == account_id))
    chains = set(held) | ({also} if also is not None else set())
    subject = f"Compte de {person.name} ({person.email})"
    append(
        connection,
        author or person.name,
        [Change(chain, action, subject, before, after) for chain in chains or {FEDERATION}],
    )


def in_words(grant: Grant) -> str:
    """A role, as the journal says it."""
    return ROLES[grant.role] + (f", {grant.association}" if grant.association else "")
