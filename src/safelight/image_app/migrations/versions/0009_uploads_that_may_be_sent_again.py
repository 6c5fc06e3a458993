"""Keys under which an upload may be sent again with what was answered to the first, and whom
promised work is for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPLOADS = (
    "Uploads under way, by the id of their image to be: what a crash may have left. One with a "
    "key keeps others with the same from beginning."
)
OUTBOX = (
    "Promised messages: written with what they tell of, deleted once delivered. Those with an "
    "account are work for it."
)


def upgrade() -> None:
    op.add_column("uploads", sa.Column("key", sa.String(255)))
    op.create_index("uq_uploads_account_id_key", "uploads", ["account_id", "key"], unique=True)
    op.create_table(
        "upload_keys",
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("image_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("etag", sa.String(80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_upload_keys")),
        comment="What was answered to uploads with a key, so that the same again answers the same.",
    )
    op.create_index("ix_upload_keys_created_at", "upload_keys", ["created_at"])
    op.add_column("outbox", sa.Column("account_id", sa.Uuid(as_uuid=False)))
    op.create_index("ix_outbox_turns", "outbox", ["topic", "account_id", "id", "key"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("uploads", UPLOADS)
        op.create_table_comment("outbox", OUTBOX)


def downgrade() -> None:
    op.drop_index("ix_outbox_turns", "outbox")
    op.drop_column("outbox", "account_id")
    op.drop_table("upload_keys")
    op.drop_index("uq_uploads_account_id_key", "uploads")
    op.drop_column("uploads", "key")
