"""The SQL tables of the console (migrations 0010 and 0011): accounts, roles, ways in, sessions, claims."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from workers.callbacks.tables import Instant

metadata = MetaData()

accounts = Table(
    "console_accounts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("name", String(120), nullable=False),
    Column("password", Text),  # argon2id; None until the invitation is taken up
    Column("totp_sealed", Text),
    Column("totp_since", Instant),  # None: being set up
    Column("totp_step", Integer, nullable=False),  # the last one used: a code serves once
    Column("active", Boolean, nullable=False),
    Column("demonstration", Boolean, nullable=False),  # never enters beside a real carrier
    Column("made_at", Instant, nullable=False),
)

grants = Table(
    "console_grants",
    metadata,
    Column("account_id", String(36), ForeignKey("console_accounts.id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("association", String(64), primary_key=True),  # "" for the federation's roles
)

sessions = Table(
    "console_sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the key in the cookie
    Column("id", String(36), nullable=False, unique=True),
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("stage", String(8), nullable=False),
    Column("address", String(32), nullable=False),  # keyed hash
    Column("browser", String(120), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("way", String(12), nullable=False),
    Index("console_sessions_of", "account_id", "began_at"),
)

recovery = Table(
    "console_recovery",
    metadata,
    Column("account_id", String(36), ForeignKey("console_accounts.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("used_at", Instant),
)

invitations = Table(
    "console_invitations",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the secret in the link
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

passkeys = Table(
    "console_passkeys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # of the credential's id, which may be long
    Column("credential", Text, nullable=False),  # base64url
    Column("public_key", Text, nullable=False),  # base64url of COSE
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(60), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("console_passkeys_of", "account_id"),
)

challenges = Table(
    "console_challenges",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", Instant, nullable=False),
)

identities = Table(
    "console_identities",
    metadata,
    Column("provider", String(32), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("console_identities_of", "account_id"),
)

way_backs = Table(
    "console_way_backs",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the secret in the asker's cookie
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("code", String(64), nullable=False),  # keyed hash of what is said on the telephone
    Column("known", Boolean, nullable=False),  # asked from where the account has entered before
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("granted_by", String(120)),
    Column("closed_at", Instant),  # used or refused
    Index("console_way_backs_of", "account_id"),
)

slowdowns = Table(
    "console_slowdowns",
    metadata,
    Column("key", String(32), primary_key=True),  # keyed hash of what failed, from where
    Column("failures", Integer, nullable=False),
    Column("until", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

claims = Table(
    "callback_claims",
    metadata,
    Column("callback_id", String(36), primary_key=True),
    Column("account_id", String(36), ForeignKey("console_accounts.id"), nullable=False),
    Column("claimed_at", Instant, nullable=False),
)
