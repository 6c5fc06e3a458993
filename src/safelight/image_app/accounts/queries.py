"""What each account keeps, counted in the transactions that change it."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import usage


class Used(NamedTuple):
    """How many pictures, and how many bytes of originals."""

    images: int
    bytes: int


NOTHING = Used(0, 0)


async def usage_of(connection: AsyncConnection, account_id: str) -> Used:
    query = select(usage.c.images, usage.c.bytes).where(usage.c.account_id == account_id)
    row = (await connection.execute(query)).one_or_none()
    return Used(*row) if row else NOTHING


async def add_usage(
    connection: AsyncConnection, account_id: str, images_more: int, bytes_more: int
) -> Used:
    """Count pictures and bytes in, or out when negative; returns what the account then keeps.

    Others who count for the same account wait until this transaction ends.
    """
    # The standard has no such statement; both dialects spell theirs alike.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(usage).values(
        account_id=account_id, images=images_more, bytes=bytes_more
    )
    upsert = insert.on_conflict_do_update(
        index_elements=[usage.c.account_id],
        set_={
            "images": usage.c.images + insert.excluded.images,
            "bytes": usage.c.bytes + insert.excluded.bytes,
        },
    ).returning(usage.c.images, usage.c.bytes)
    return Used(*(await connection.execute(upsert)).one())
