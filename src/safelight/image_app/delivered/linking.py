"""Making links for whoever owns the image."""

from datetime import UTC, datetime

from safelight.image_app import clock, errors, overlays
from safelight.image_app.delivered import queries, wanted, wording
from safelight.image_app.delivered.schemas import Link, LinkRequest
from safelight.image_app.delivered.wording import refused
from safelight.image_app.links import ORIGINAL, fingerprint_of
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources


async def check(resources: Resources, account_id: str, image_id: str) -> None:
    """Raises `image-not-found` before the body is read."""
    await _image(resources, account_id, image_id, "")


async def make(resources: Resources, account_id: str, image_id: str, asked: LinkRequest) -> Link:
    """A link that expires when asked for, to the second; raises `image-not-found`,
    `validation-failed`.
    """
    image = await _image(resources, account_id, image_id, asked.variant or "")
    expires = int(clock.now().timestamp()) + asked.expires_in
    if asked.transformation is not None:
        async with resources.database.reading() as connection:
            await overlays.require_watermark(connection, account_id, asked.transformation)
        wanted.check(image, asked.transformation, "transformation.")
        what = wording.write(asked.transformation)
        fingerprint: str | None = asked.transformation.fingerprint()
    else:
        what, fingerprint = _named(image, asked.variant or "")
    url = resources.links.until(expires, image_id, what, fingerprint)
    return Link(url=url, expires_at=datetime.fromtimestamp(expires, UTC))


async def _image(resources: Resources, account_id: str, image_id: str, what: str) -> Found:
    async with resources.database.reading() as connection:
        row = await queries.find(connection, image_id, what)
    if row is None or row.account_id != account_id:
        raise errors.IMAGE_NOT_FOUND()
    return row


def _named(image: Found, name: str) -> tuple[str, str | None]:
    """What the link names, and the fingerprint of its bytes if they are there."""
    if name == ORIGINAL:
        return name, fingerprint_of(image.sha256)
    if image.variant_status is None:
        raise refused("variant", "is no variant of this image")
    return name, image.fingerprint if image.variant_status == "ready" else None
