"""Images, what is made of them, and uploads under way."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from safelight.image_app.models.columns import BYTEWISE, UtcTime, a_sequence, an_id, metadata

images = Table(
    "images",
    metadata,
    an_id(primary_key=True),
    an_id("account_id", nullable=False),
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
    Column("name_key", BYTEWISE, nullable=False, server_default=""),
    Column("search", Text, nullable=False, server_default=""),
    comment="`missed_at` is when a job or an erasure was last looked for that nobody had answered; "
    "a row with `deleted_at` is a tombstone; `name_key` is what names are sorted by, `search` what "
    "is searched.",
)
Index("ix_images_newest", images.c.account_id, images.c.created_at, images.c.id)
LIVE = images.c.deleted_at.is_(None)
for _name, *_columns in (
    ("name", images.c.name_key),
    ("size", images.c.size),
    ("status", images.c.status, images.c.created_at),
):
    Index(
        f"ix_images_by_{_name}",
        images.c.account_id,
        *_columns,
        images.c.id,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
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

image_grams = Table(
    "image_grams",
    metadata,
    a_sequence("seq"),
    an_id("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("grams", Text().with_variant(TSVECTOR, "postgresql"), nullable=False),
    comment="The words by which images are found; each database indexes them in its own way, which "
    "the migrations know: PostgreSQL by GIN, SQLite in a table of FTS5 that triggers keep.",
)

variants = Table(
    "variants",
    metadata,
    an_id("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
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
    an_id("job_id", index=True),
    Column("replacement", JSON(none_as_null=True)),
    comment="What is there, or waits to be made, under each name. `preset_version` is null for "
    "those that no preset made; `job_id` is the job whose outcome is awaited; `replacement`, with "
    "`fingerprint`, `transformation` and `preset_version`, takes the place of what is there once "
    "it is made.",
)

renderings = Table(
    "renderings",
    metadata,
    an_id("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
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

uploads = Table(
    "uploads",
    metadata,
    an_id(primary_key=True),
    an_id("account_id", nullable=False),
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
    an_id("account_id", primary_key=True),
    Column("key", String(255), primary_key=True),
    an_id("image_id", nullable=False),
    Column("digest", String(64), nullable=False),
    Column("etag", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False, index=True),
    comment="What was answered to uploads with a key, so that the same again answers the same.",
)
