"""Uploads know which process holds them; while that lives, nobody else ends them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("uploads") as uploads:
        uploads.drop_index("ix_uploads_started_at")
        uploads.add_column(sa.Column("holder", sa.Integer()))
        uploads.create_index("ix_uploads_holder", ["holder"])


def downgrade() -> None:
    with op.batch_alter_table("uploads") as uploads:
        uploads.drop_index("ix_uploads_holder")
        uploads.drop_column("holder")
        uploads.create_index("ix_uploads_started_at", ["started_at"])
