"""Rows as clients see them."""

from datetime import datetime

from safelight.contract import keys
from safelight.image_app.images.schemas import Fault, Image, Variant
from safelight.image_app.links import ORIGINAL, Links, a_day_after, fingerprint_of
from safelight.image_app.models import Found


def image_of(row: Found, variants: list[Found], links: Links, now: datetime) -> Image:
    """The image with links that work from `now` on for at least a day."""
    expires = a_day_after(now)
    return Image(
        id=row.id,
        name=row.name,
        description=row.description,
        tags=row.tags,
        visibility=row.visibility,
        status=row.status,
        error=_fault(row),
        version=row.version,
        content_type=row.content_type,
        size=row.size,
        width=row.width,
        height=row.height,
        resolution=f"{row.width}x{row.height}" if row.width and row.height else None,
        sha256=row.sha256,
        path=keys.original(row.account_id, row.id),
        placeholder=row.placeholder,
        dominant_color=row.dominant_color,
        taken_at=row.taken_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        url=links.until(expires, row.id, ORIGINAL, fingerprint_of(row.sha256)),
        variants=[_variant_of(row.id, variant, links, expires) for variant in variants],
    )


def _variant_of(image_id: str, row: Found, links: Links, expires: int) -> Variant:
    fingerprint = row.fingerprint if row.status == "ready" else None
    return Variant(
        name=row.name,
        status=row.status,
        content_type=row.content_type,
        width=row.width,
        height=row.height,
        size=row.size,
        url=links.until(expires, image_id, row.name, fingerprint),
        error=_fault(row),
    )


def _fault(row: Found) -> Fault | None:
    return Fault(code=row.error_code, detail=row.error_detail) if row.error_code else None
