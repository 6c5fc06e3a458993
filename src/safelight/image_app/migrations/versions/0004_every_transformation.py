"""Presets of accounts, variants that know how they are made, results of links."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

VARIANTS = (
    "What is there, or waits to be made, under each name. `preset_version` is null for "
    "those that no preset made; `job_id` is the job whose outcome is awaited; `replacement`, with "
    "`fingerprint`, `transformation` and `preset_version`, takes the place of what is there once "
    "it is made."
)
PRESETS = {
    "thumb": {
        "width": 100,
        "height": 100,
        "fit": "cover",
        "gravity": "attention",
        "format": "webp",
    },
    "small": {"width": 300, "height": 300, "format": "webp"},
    "preview": {"width": 1440, "height": 1440, "format": "webp"},
    "grayscale": {"grayscale": True},
}
"""What there was before: the built-in presets of that time, in their first version."""


def upgrade() -> None:
    op.create_table(
        "presets",
        sa.Column("account_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("transformation", sa.JSON(), nullable=False),
        sa.Column("on_upload", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_presets")),
        comment="Named transformations of each account; the built-in ones are in the contract.",
    )
    op.create_table(
        "renderings",
        sa.Column("image_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("holder", sa.Integer()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_type", sa.String(20)),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("error_code", sa.String(40)),
        sa.Column("error_detail", sa.Text()),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["images.id"],
            name=op.f("fk_renderings_image_id_images"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("image_id", "fingerprint", name=op.f("pk_renderings")),
        comment="Results of transformations asked for by link or token: noted before they are "
        "made, so that no object is without a row. `holder` is the process that makes a pending "
        "one.",
    )
    op.add_column("images", sa.Column("frames", sa.Integer()))
    op.add_column("images", sa.Column("has_alpha", sa.Boolean()))
    op.add_column(
        "variants", sa.Column("transformation", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("variants", sa.Column("preset_version", sa.Integer()))
    op.add_column("variants", sa.Column("job_id", sa.Uuid(as_uuid=False)))
    op.add_column("variants", sa.Column("replacement", sa.JSON()))
    op.create_index(op.f("ix_variants_job_id"), "variants", ["job_id"])
    variants = sa.table(
        "variants",
        sa.column("name", sa.String()),
        sa.column("transformation", sa.JSON()),
        sa.column("preset_version", sa.Integer()),
    )
    for name, transformation in PRESETS.items():
        op.execute(
            variants.update()
            .where(variants.c.name == name)
            .values(transformation=transformation, preset_version=1)
        )
    with op.batch_alter_table("variants") as batch_op:
        batch_op.alter_column("transformation", server_default=None)
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("variants", VARIANTS)


def downgrade() -> None:
    op.drop_table("renderings")
    op.drop_table("presets")
    op.drop_index(op.f("ix_variants_job_id"), "variants")
    for column in ("replacement", "job_id", "preset_version", "transformation"):
        op.drop_column("variants", column)
    for column in ("has_alpha", "frames"):
        op.drop_column("images", column)
