"""Usage beside the accounts, which may be kept elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_usage")),
        comment="What each account keeps, counted with its images; the account may be elsewhere.",
    )
    op.execute(
        "INSERT INTO usage (account_id, images, bytes) SELECT id, images, bytes FROM accounts"
    )
    # SQLite drops a key by making the table anew, and a table that is dropped takes along what
    # hangs on it: the variants let go of the images for as long as that takes.
    with op.batch_alter_table("variants") as batch_op:
        batch_op.drop_constraint(op.f("fk_variants_image_id_images"), type_="foreignkey")
    with op.batch_alter_table("images") as batch_op:
        batch_op.drop_constraint(op.f("fk_images_account_id_accounts"), type_="foreignkey")
    with op.batch_alter_table("variants") as batch_op:
        batch_op.create_foreign_key(
            op.f("fk_variants_image_id_images"),
            "images",
            ["image_id"],
            ["id"],
            ondelete="CASCADE",
        )
    # Columns go without that, and the refresh tokens stay.
    op.drop_column("accounts", "images")
    op.drop_column("accounts", "bytes")


def downgrade() -> None:
    raise NotImplementedError("images may have no account to go back to: restore a backup")
