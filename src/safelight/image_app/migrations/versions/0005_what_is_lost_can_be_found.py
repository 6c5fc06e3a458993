"""When something of an image was missed, and quick ways to what may be lost."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IS_DELETED = sa.text("deleted_at IS NOT NULL")
IS_PENDING = sa.text("status = 'pending'")
IMAGES = (
    "`missed_at` is when a job or an erasure was last looked for that nobody had answered; "
    "a row with `deleted_at` is a tombstone."
)


def upgrade() -> None:
    op.add_column("images", sa.Column("missed_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_images_deleted",
        "images",
        ["deleted_at"],
        sqlite_where=IS_DELETED,
        postgresql_where=IS_DELETED,
    )
    op.create_index(
        "ix_renderings_pending",
        "renderings",
        ["status"],
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("images", IMAGES)


def downgrade() -> None:
    op.drop_index("ix_renderings_pending", "renderings")
    op.drop_index("ix_images_deleted", "images")
    op.drop_column("images", "missed_at")
