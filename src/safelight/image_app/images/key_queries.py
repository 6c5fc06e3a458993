"""Keys under which uploads may be sent again, in the database."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import Found, upload_keys, uploads


async def find(
    connection: AsyncConnection, account_id: str, key: str, since: datetime
) -> Found | None:
    """What was answered to the upload with this key, unless that was earlier."""
    query = select(upload_keys).where(
        upload_keys.c.account_id == account_id,
        upload_keys.c.key == key,
        upload_keys.c.created_at > since,
    )
    return (await connection.execute(query)).one_or_none()


async def under_way(connection: AsyncConnection, account_id: str, key: str) -> Found | None:
    """The upload with this key that has not ended."""
    query = select(uploads).where(uploads.c.account_id == account_id, uploads.c.key == key)
    return (await connection.execute(query)).one_or_none()


async def keep(
    connection: AsyncConnection,
    account_id: str,
    key: str,
    image_id: str,
    digest: str,
    body: bytes,
    etag: str,
    now: datetime,
) -> None:
    """Write down what is answered, instead of what was so long ago that it holds no more."""
    its = upload_keys.c.account_id == account_id, upload_keys.c.key == key
    await connection.execute(delete(upload_keys).where(*its))
    await connection.execute(
        upload_keys.insert().values(
            account_id=account_id,
            key=key,
            image_id=image_id,
            digest=digest,
            etag=etag,
            body=body,
            created_at=now,
        )
    )


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Remove every answer that is older."""
    await connection.execute(delete(upload_keys).where(upload_keys.c.created_at <= before))
