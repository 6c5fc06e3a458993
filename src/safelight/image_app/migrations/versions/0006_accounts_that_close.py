"""Accounts that were deleted, and a quick way to an account's events."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CLOSED = (
    "Accounts that were deleted: the promise that all they had goes. A row stays for good, "
    "so that whatever was under way for the account finds it closed; `erased_at` is when nothing "
    "was left to do."
)


def upgrade() -> None:
    op.create_table(
        "closed_accounts",
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("account_id", name="pk_closed_accounts"),
        comment=CLOSED,
    )
    op.create_index("ix_events_account_id_id", "events", ["account_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_events_account_id_id", "events")
    op.drop_table("closed_accounts")
