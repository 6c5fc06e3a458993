"""What each account keeps, counted in the transactions that change it, and whether it is closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import closed_accounts, usage


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


async def close(connection: AsyncConnection, account_id: str, now: datetime) -> bool:
    """Promise that all that the account has goes; whether it was open.

    Whoever counts something in for the account does so before this, and is seen by whoever goes on
    after its commit, or afterwards, and finds it closed.
    """
    await add_usage(connection, account_id, 0, 0)
    if await is_closed(connection, account_id):
        return False
    await connection.execute(closed_accounts.insert().values(account_id=account_id, closed_at=now))
    return True


async def is_closed(connection: AsyncConnection, account_id: str) -> bool:
    """Asked by what writes for an account, once it has locked what its deletion locks too."""
    query = select(closed_accounts.c.account_id).where(closed_accounts.c.account_id == account_id)
    return (await connection.execute(query)).first() is not None


async def closings(connection: AsyncConnection) -> Sequence[str]:
    """Ids of deleted accounts of which something may be left, the first first."""
    query = select(closed_accounts.c.account_id).where(closed_accounts.c.erased_at.is_(None))
    return (await connection.execute(query.order_by(closed_accounts.c.closed_at))).scalars().all()


async def lock_closing(connection: AsyncConnection, account_id: str) -> None:
    """Whoever else goes on with the same closing waits until commit."""
    its = closed_accounts.c.account_id == account_id
    await connection.execute(select(closed_accounts).where(its).with_for_update())


async def end_closing(connection: AsyncConnection, account_id: str, now: datetime) -> None:
    its = closed_accounts.c.account_id == account_id
    await connection.execute(update(closed_accounts).where(its).values(erased_at=now))


def of_closed(account_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the account of a row was deleted: what is left of it is nobody's."""
    return exists().where(closed_accounts.c.account_id == account_id)
