"""Accounts, what lets them in, and what they have beside images."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
)

from safelight.image_app.models.columns import UtcTime, an_id, metadata

accounts = Table(
    "accounts",
    metadata,
    an_id(primary_key=True),
    Column("username", String(32), nullable=False, unique=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("password_changed_at", UtcTime),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    an_id("family_id", nullable=False, index=True),
    an_id("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("spent_at", UtcTime),
)

api_keys = Table(
    "api_keys",
    metadata,
    an_id(primary_key=True),
    an_id("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("hint", String(16), nullable=False),
    Column("name", String(100), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
)

usage = Table(
    "usage",
    metadata,
    an_id("account_id", primary_key=True),
    Column("images", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    comment="What each account keeps, counted with its images; the account may be elsewhere.",
)

closed_accounts = Table(
    "closed_accounts",
    metadata,
    an_id("account_id", primary_key=True),
    Column("closed_at", UtcTime, nullable=False),
    Column("erased_at", UtcTime),
    comment="Accounts that were deleted: the promise that all they had goes. A row stays for good, "
    "so that whatever was under way for the account finds it closed; `erased_at` is when nothing "
    "was left to do.",
)

presets = Table(
    "presets",
    metadata,
    an_id("account_id", primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("transformation", JSON, nullable=False),
    Column("on_upload", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    comment="Named transformations of each account; the built-in ones are in the contract.",
)
