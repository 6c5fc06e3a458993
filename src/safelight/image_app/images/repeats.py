"""Uploads that are sent again: the same under the same key is answered as it was the first time."""

from datetime import timedelta
from hashlib import sha256

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app import clock, errors
from safelight.image_app.images import key_queries
from safelight.image_app.images.incoming import Incoming
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources, Rules

KEPT = timedelta(hours=24)


async def answered(connection: AsyncConnection, account_id: str, key: str | None) -> Found | None:
    """What was answered to the account's upload with this key, if there was one."""
    if key is None:
        return None
    return await key_queries.find(connection, account_id, key, clock.now() - KEPT)


async def first_answer(resources: Resources, account_id: str, key: str) -> Found | None:
    """The same for whoever has no transaction."""
    async with resources.database.reading() as connection:
        return await answered(connection, account_id, key)


async def require_same(request: Request, rules: Rules, first: Found) -> None:
    """Read the body to its end and keep nothing; raises `idempotency-key-reused`."""
    incoming, digest = Incoming(request, rules), sha256()
    async for chunk in incoming.chunks():
        digest.update(chunk)
    if incoming.form.digest(digest.hexdigest()) != first.digest:
        raise errors.IDEMPOTENCY_KEY_REUSED()


async def sweep(resources: Resources) -> None:
    """Forget the answers of which nobody may ask any more."""
    async with resources.database.writing() as connection:
        await key_queries.forget(connection, clock.now() - KEPT)
