"""What was told, what is promised, and what nobody could take."""

from sqlalchemy import (
    JSON,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
)

from safelight.image_app.models.columns import UtcTime, a_sequence, an_id, metadata

events = Table(
    "events",
    metadata,
    an_id(primary_key=True),
    an_id("account_id", nullable=False),
    an_id("image_id", nullable=False),
    Column("type", String(32), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_events_account_id_id", "account_id", "id"),
    Index("ix_events_image_id_id", "image_id", "id"),
    comment="The history of each image, which goes with it.",
)

outbox = Table(
    "outbox",
    metadata,
    a_sequence(),
    Column("topic", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    an_id("account_id"),
    Index("ix_outbox_topic_id", "topic", "id"),
    Index("ix_outbox_turns", "topic", "account_id", "id", "key"),
    sqlite_autoincrement=True,
    comment="Promised messages: written with what they tell of, deleted once delivered. Those with "
    "an account are work for it.",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    a_sequence(),
    Column("key", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("parked_at", UtcTime, nullable=False),
)
