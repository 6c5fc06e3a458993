"""Pictures are found by words, tags, names, sizes and states; histories are bounded."""

import re
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1000
IS_LIVE = sa.text("deleted_at IS NULL")
SORTED = {
    "ix_images_by_name": ["account_id", "name_key", "id"],
    "ix_images_by_size": ["account_id", "size", "id"],
    "ix_images_by_status": ["account_id", "status", "created_at", "id"],
}
COMMENTS = {
    "images": "`missed_at` is when a job or an erasure was last looked for that nobody had "
    "answered; a row with `deleted_at` is a tombstone; `name_key` is what names are sorted by, "
    "`search` what is searched.",
    "events": "The history of each image, which goes with it.",
}
GRAMS = (
    "The words by which images are found; each database indexes them in its own way, which the "
    "migrations know: PostgreSQL by GIN, SQLite in a table of FTS5 that triggers keep."
)
ADD = "INSERT INTO image_grams_index (rowid, grams) VALUES (new.seq, new.grams);"
REMOVE = (
    "INSERT INTO image_grams_index (image_grams_index, rowid, grams) "
    "VALUES ('delete', old.seq, old.grams);"
)
TRIGGERS = {"INSERT": ADD, "DELETE": REMOVE, "UPDATE": REMOVE + ADD}
FTS = """CREATE VIRTUAL TABLE image_grams_index USING fts5 (
    grams, content='image_grams', content_rowid='seq', detail='none', columnsize=0,
    tokenize="ascii tokenchars '_'")"""

IMAGES = sa.table(
    "images",
    sa.column("id", sa.Uuid(as_uuid=False)),
    sa.column("account_id", sa.Uuid(as_uuid=False)),
    sa.column("name", sa.String()),
    sa.column("description", sa.Text()),
    sa.column("tags", sa.JSON()),
    sa.column("content_type", sa.String()),
    sa.column("name_key", sa.Text()),
    sa.column("search", sa.Text()),
)


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    byte_wise = sa.Text(collation="C") if is_postgresql else sa.Text()
    op.add_column("images", sa.Column("name_key", byte_wise, nullable=False, server_default=""))
    op.add_column("images", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    words = sa.Text().with_variant(TSVECTOR, "postgresql")
    grams = op.create_table(
        "image_grams",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("image_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("grams", words, nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["images.id"],
            name=op.f("fk_image_grams_image_id_images"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_image_grams")),
        sa.UniqueConstraint("image_id", name=op.f("uq_image_grams_image_id")),
        comment=GRAMS,
    )
    if not is_postgresql:
        op.execute(FTS)
        for change, statements in TRIGGERS.items():
            op.execute(
                f"CREATE TRIGGER image_grams_{change.lower()} AFTER {change} ON image_grams "
                f"BEGIN {statements} END"
            )
    _fill(grams)
    if is_postgresql:
        # Without a list of what is yet to be indexed, which each search would read.
        op.create_index(
            "ix_image_grams_grams",
            "image_grams",
            ["grams"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
        for table, comment in COMMENTS.items():
            op.create_table_comment(table, comment)
    for name, columns in SORTED.items():
        op.create_index(name, "images", columns, sqlite_where=IS_LIVE, postgresql_where=IS_LIVE)
    op.create_index("ix_events_image_id_id", "events", ["image_id", "id"])
    op.drop_index("ix_events_image_id", "events")


def downgrade() -> None:
    op.create_index("ix_events_image_id", "events", ["image_id"])
    op.drop_index("ix_events_image_id_id", "events")
    for name in SORTED:
        op.drop_index(name, "images")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE image_grams_index")
    op.drop_table("image_grams")
    op.drop_column("images", "search")
    op.drop_column("images", "name_key")


def _fill(grams: sa.Table) -> None:
    """Index the pictures that there are, some at a time."""
    connection, last = op.get_bind(), "00000000-0000-0000-0000-000000000000"
    change = (
        sa.update(IMAGES)
        .where(IMAGES.c.id == sa.bindparam("its_id"))
        .values(name_key=sa.bindparam("key"), search=sa.bindparam("text"))
    )
    while True:
        query = sa.select(IMAGES).where(IMAGES.c.id > last).order_by(IMAGES.c.id).limit(BATCH)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        found = [(row, _text_of(row)) for row in rows]
        connection.execute(
            change, [{"its_id": r.id, "key": _fold(r.name), "text": text} for r, text in found]
        )
        connection.execute(
            grams.insert(), [{"image_id": r.id, "grams": _document(r, text)} for r, text in found]
        )


def _fold(text: str) -> str:
    return normalize("NFC", text.casefold())


def _text_of(row: Any) -> str:
    parts = [re.sub("[\x1e\x1f]", " ", _fold(part)) for part in (row.name, row.description)]
    return "\x1f".join(["\x1e" + "\x1e".join(map(_fold, row.tags)) + "\x1e", *parts])


def _document(row: Any, text: str) -> str:
    scope = row.account_id[-4:]
    words = {f"{scope}c{row.content_type.rpartition('/')[2]}"}
    for part in re.split("[\x1e\x1f]", text):
        words |= {f"{scope}g{_spelled(part[i : i + 3])}" for i in range(len(part))}
    for tag in filter(None, text.partition("\x1f")[0].split("\x1e")):
        words.add(f"{scope}t{sha256(tag.encode()).hexdigest()[:8]}")
    return " ".join(sorted(words))


def _spelled(gram: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in gram)
