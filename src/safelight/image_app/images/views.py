"""Rows as clients see them, as `Image` and `Variant` have them.

They are plain dictionaries: what a database gave needs no second look, which would take half of
the time that an image takes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safelight.contract import keys
from safelight.image_app.links import ORIGINAL, Links, a_day_after, fingerprint_of
from safelight.image_app.models import Found
from safelight.image_app.schemas import rfc3339

Json = dict[str, Any]


def image_of(
    image_id: str,
    account_id: str,
    row: Found,
    variants: Sequence[Found],
    links: Links,
    now: datetime,
) -> Json:
    """The image with links that work from `now` on for at least a day."""
    expires = a_day_after(now)
    return {
        "id": image_id,
        "name": row.name,
        "description": row.description,
        "tags": row.tags,
        "visibility": row.visibility,
        "status": row.status,
        "error": _fault(row),
        "version": row.version,
        "content_type": row.content_type,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "resolution": f"{row.width}x{row.height}" if row.width and row.height else None,
        "sha256": row.sha256,
        "path": keys.original(account_id, image_id),
        "placeholder": row.placeholder,
        "dominant_color": row.dominant_color,
        "taken_at": rfc3339(row.taken_at) if row.taken_at else None,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "url": links.until(expires, image_id, ORIGINAL, fingerprint_of(row.sha256)),
        "variants": [_variant_of(image_id, variant, links, expires) for variant in variants],
    }


def _variant_of(image_id: str, row: Found, links: Links, expires: int) -> Json:
    fingerprint = row.fingerprint if row.status == "ready" else None
    return {
        "name": row.name,
        "status": row.status,
        "content_type": row.content_type,
        "width": row.width,
        "height": row.height,
        "size": row.size,
        "url": links.until(expires, image_id, row.name, fingerprint),
        "error": _fault(row),
    }


def _fault(row: Found) -> Json | None:
    return {"code": row.error_code, "detail": row.error_detail} if row.error_code else None
