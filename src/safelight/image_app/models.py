"""Every table."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.engine import Dialect, Row
from sqlalchemy.types import TypeDecorator

Found = Row[*tuple[Any, ...]]
"""A row of any of the tables, or of several."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _id(name: str = "id", *args: Any, **options: Any) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *args, **options)


def _sequence() -> Column[int]:
    wide = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", wide, primary_key=True, autoincrement=True)


accounts = Table(
    "accounts",
    metadata,
    _id(primary_key=True),
    Column("username", String(32), nullable=False, unique=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _id("family_id", nullable=False, index=True),
    _id("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("spent_at", UtcTime),
)

usage = Table(
    "usage",
    metadata,
    _id("account_id", primary_key=True),
    Column("images", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    comment="What each account keeps, counted with its images; the account may be elsewhere.",
)

images = Table(
    "images",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("visibility", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("error_code", String(40)),
    Column("error_detail", Text),
    Column("version", Integer, nullable=False),
    Column("content_type", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("placeholder", Text),
    Column("dominant_color", String(7)),
    Column("taken_at", UtcTime),
    Column("frames", Integer),
    Column("has_alpha", Boolean),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    Column("missed_at", UtcTime),
    comment="`missed_at` is when a job or an erasure was last looked for that nobody had answered; "
    "a row with `deleted_at` is a tombstone.",
)
Index("ix_images_newest", images.c.account_id, images.c.created_at, images.c.id)
Index(
    "ix_images_processing",
    images.c.status,
    sqlite_where=images.c.status == "processing",
    postgresql_where=images.c.status == "processing",
)
Index(
    "ix_images_deleted",
    images.c.deleted_at,
    sqlite_where=images.c.deleted_at.is_not(None),
    postgresql_where=images.c.deleted_at.is_not(None),
)

variants = Table(
    "variants",
    metadata,
    _id("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("transformation", JSON, nullable=False),
    Column("preset_version", Integer),
    Column("fingerprint", String(16), nullable=False),
    Column("status", String(10), nullable=False),
    Column("content_type", String(20)),
    Column("width", Integer),
    Column("height", Integer),
    Column("size", BigInteger),
    Column("error_code", String(40)),
    Column("error_detail", Text),
    _id("job_id", index=True),
    Column("replacement", JSON(none_as_null=True)),
    comment="What is there, or waits to be made, under each name. `preset_version` is null for "
    "those that no preset made; `job_id` is the job whose outcome is awaited; `replacement`, with "
    "`fingerprint`, `transformation` and `preset_version`, takes the place of what is there once "
    "it is made.",
)

renderings = Table(
    "renderings",
    metadata,
    _id("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("status", String(10), nullable=False),
    Column("holder", Integer),
    Column("started_at", UtcTime, nullable=False),
    Column("content_type", String(20)),
    Column("width", Integer),
    Column("height", Integer),
    Column("size", BigInteger),
    Column("error_code", String(40)),
    Column("error_detail", Text),
    comment="Results of transformations asked for by link or token: noted before they are made, "
    "so that no object is without a row. `holder` is the process that makes a pending one.",
)

Index(
    "ix_renderings_pending",
    renderings.c.status,
    sqlite_where=renderings.c.status == "pending",
    postgresql_where=renderings.c.status == "pending",
)

presets = Table(
    "presets",
    metadata,
    _id("account_id", primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("transformation", JSON, nullable=False),
    Column("on_upload", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    comment="Named transformations of each account; the built-in ones are in the contract.",
)

uploads = Table(
    "uploads",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("holder", Integer, index=True),
    Column("key", String(255)),
    Index("uq_uploads_account_id_key", "account_id", "key", unique=True),
    comment="Uploads under way, by the id of their image to be: what a crash may have left. One "
    "with a key keeps others with the same from beginning.",
)

upload_keys = Table(
    "upload_keys",
    metadata,
    _id("account_id", primary_key=True),
    Column("key", String(255), primary_key=True),
    _id("image_id", nullable=False),
    Column("digest", String(64), nullable=False),
    Column("etag", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False, index=True),
    comment="What was answered to uploads with a key, so that the same again answers the same.",
)

events = Table(
    "events",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    _id("image_id", nullable=False, index=True),
    Column("type", String(32), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("data", JSON, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _sequence(),
    Column("topic", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _id("account_id"),
    Index("ix_outbox_topic_id", "topic", "id"),
    Index("ix_outbox_turns", "topic", "account_id", "id", "key"),
    sqlite_autoincrement=True,
    comment="Promised messages: written with what they tell of, deleted once delivered. Those with "
    "an account are work for it.",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _sequence(),
    Column("key", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("parked_at", UtcTime, nullable=False),
)
