"""What is delivered, in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    delete,
    null,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.accounts.queries import of_closed
from safelight.image_app.models import Found, UtcTime, images, presets, renderings, variants


async def find(connection: AsyncConnection, image_id: str, what: str) -> Found | None:
    """The image, unless it or its account is deleted, beside its variant of that name, if it has
    one, and whether its owner has such a preset.
    """
    name = what if what.isprintable() else ""  # no database takes every character
    query = (
        select(
            images.c.id,
            images.c.account_id,
            images.c.name,
            images.c.visibility,
            images.c.status,
            images.c.error_detail,
            images.c.content_type,
            images.c.size,
            images.c.sha256,
            images.c.width,
            images.c.height,
            images.c.frames,
            images.c.has_alpha,
            variants.c.fingerprint,
            variants.c.preset_version,
            variants.c.status.label("variant_status"),
            variants.c.content_type.label("variant_content_type"),
            variants.c.size.label("variant_size"),
            variants.c.error_detail.label("variant_error"),
            presets.c.name.label("own_preset"),
        )
        .outerjoin(variants, and_(variants.c.image_id == images.c.id, variants.c.name == name))
        .outerjoin(
            presets, and_(presets.c.account_id == images.c.account_id, presets.c.name == name)
        )
        .where(
            images.c.id == image_id, images.c.deleted_at.is_(None), ~of_closed(images.c.account_id)
        )
    )
    return (await connection.execute(query)).one_or_none()


async def made(connection: AsyncConnection, image_id: str, fingerprint: str) -> Found | None:
    """What there is of this work: a ready variant, else the rendering in whatever state."""
    columns = ("status", "content_type", "width", "height", "size")
    nothing = type_coerce(null(), Text).label("error_detail")
    never = type_coerce(null(), UtcTime).label("started_at")
    variant = select(*(variants.c[c] for c in columns), nothing, never).where(
        variants.c.image_id == image_id,
        variants.c.fingerprint == fingerprint,
        variants.c.status == "ready",
    )
    rendering = select(
        *(renderings.c[c] for c in columns), renderings.c.error_detail, renderings.c.started_at
    ).where(*_this(image_id, fingerprint))
    rows = (await connection.execute(union_all(variant, rendering))).all()
    return next((row for row in rows if row.status == "ready"), rows[0] if rows else None)


async def rendering(connection: AsyncConnection, image_id: str, fingerprint: str) -> Found | None:
    query = select(renderings).where(*_this(image_id, fingerprint))
    return (await connection.execute(query)).one_or_none()


async def begin_rendering(
    connection: AsyncConnection,
    image_id: str,
    fingerprint: str,
    holder: int | None,
    now: datetime,
    again: bool,
) -> None:
    """Note that this process makes it; `again` where there is a row that was given up."""
    values = {
        "status": "pending",
        "holder": holder,
        "started_at": now,
        "error_code": None,
        "error_detail": None,
    }
    if again:
        query = update(renderings).where(*_this(image_id, fingerprint)).values(values)
        await connection.execute(query)
    else:
        key = {"image_id": image_id, "fingerprint": fingerprint}
        await connection.execute(renderings.insert().values(key | values))


async def end_rendering(
    connection: AsyncConnection, image_id: str, fingerprint: str, **values: Any
) -> bool:
    """Write what became of it; False when the row is gone."""
    query = update(renderings).where(*_this(image_id, fingerprint)).values(holder=None, **values)
    return (await connection.execute(query)).rowcount == 1


async def drop_pending(
    connection: AsyncConnection, image_id: str, fingerprint: str, holder: int | None
) -> bool:
    """Forget a rendering that this holder has not finished; whether there was one."""
    query = delete(renderings).where(
        *_this(image_id, fingerprint),
        renderings.c.status == "pending",
        renderings.c.holder.is_not_distinct_from(holder),
    )
    return (await connection.execute(query)).rowcount == 1


async def pending(connection: AsyncConnection) -> Sequence[Found]:
    """Every rendering under way: its image, fingerprint and holder."""
    query = (
        select(
            images.c.id,
            images.c.account_id,
            images.c.sha256,
            renderings.c.fingerprint,
            renderings.c.holder,
        )
        .join(images, images.c.id == renderings.c.image_id)
        .where(renderings.c.status == "pending")
    )
    return (await connection.execute(query)).all()


def _this(image_id: str, fingerprint: str) -> tuple[ColumnElement[bool], ...]:
    return renderings.c.image_id == image_id, renderings.c.fingerprint == fingerprint
