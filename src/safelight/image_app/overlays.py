"""The pictures that watermarks lay over others: always the account's own."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Overlay
from safelight.contract.transformations import Transformation
from safelight.image_app import errors
from safelight.image_app.errors import FieldError
from safelight.image_app.models import Found, images

FIELD = "transformation.watermark.image_id"
UNUSABLE = "is no image of this account that can be laid over others"


async def require_watermark(
    connection: AsyncConnection, account_id: str, wanted: Transformation, field: str = FIELD
) -> None:
    """Raise `validation-failed` unless the watermark's image, if there is one, can be used: it is
    the account's own, not deleted, and could be opened as far as is known.
    """
    watermark = wanted.watermark
    if watermark is None or watermark.image_id is None:
        return
    if not await _usable(connection, account_id, {watermark.image_id}):
        raise errors.VALIDATION_FAILED(errors=[FieldError(field, UNUSABLE)])


async def overlays_of(
    connection: AsyncConnection, account_id: str, wanted: Iterable[Transformation]
) -> list[Overlay]:
    """What a job has to be told of the images that its watermarks name.

    One that is gone meanwhile is left out: only the variants that want it can't be made.
    """
    named = {t.watermark.image_id for t in wanted if t.watermark and t.watermark.image_id}
    found = await _usable(connection, account_id, named) if named else []
    return [Overlay(image_id=row.id, content_type=row.content_type) for row in found]


async def _usable(connection: AsyncConnection, account_id: str, image_ids: set[str]) -> list[Found]:
    query = (
        select(images.c.id, images.c.content_type)
        .where(
            images.c.id.in_(sorted(image_ids)),
            images.c.account_id == account_id,
            images.c.deleted_at.is_(None),
            images.c.status != "failed",
        )
        .order_by(images.c.id)
    )
    return list((await connection.execute(query)).all())
