"""What is delivered, in the database."""

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import Found, images, variants


async def find(connection: AsyncConnection, image_id: str, what: str) -> Found | None:
    """The image, unless it is deleted, beside its variant of that name, if it has one."""
    query = (
        select(
            images.c.id,
            images.c.account_id,
            images.c.name,
            images.c.visibility,
            images.c.content_type,
            images.c.size,
            images.c.sha256,
            variants.c.fingerprint,
            variants.c.status.label("variant_status"),
            variants.c.content_type.label("variant_content_type"),
            variants.c.size.label("variant_size"),
            variants.c.error_detail.label("variant_error"),
        )
        .outerjoin(variants, and_(variants.c.image_id == images.c.id, variants.c.name == what))
        .where(images.c.id == image_id, images.c.deleted_at.is_(None))
    )
    return (await connection.execute(query)).one_or_none()
