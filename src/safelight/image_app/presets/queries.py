"""The accounts' own presets in the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import PRESETS
from safelight.image_app.models import Found, presets


async def all_of(connection: AsyncConnection, account_id: str) -> Sequence[Found]:
    """By name."""
    query = select(presets).where(presets.c.account_id == account_id).order_by(presets.c.name)
    return (await connection.execute(query)).all()


async def find(connection: AsyncConnection, account_id: str, name: str) -> Found | None:
    query = select(presets).where(presets.c.account_id == account_id, presets.c.name == name)
    return (await connection.execute(query)).one_or_none()


async def lock(connection: AsyncConnection, account_id: str) -> None:
    """Keep others from changing presets of the account until commit, those to be made too.

    On SQLite all who write take turns anyway.
    """
    if connection.dialect.name == "postgresql":
        number = func.hashtext(account_id)
        await connection.execute(select(func.pg_advisory_xact_lock(PRESETS, number)))


async def count(connection: AsyncConnection, account_id: str) -> int:
    query = select(func.count()).where(presets.c.account_id == account_id)
    return (await connection.execute(query)).scalar_one()


async def insert(connection: AsyncConnection, **values: Any) -> None:
    await connection.execute(presets.insert().values(**values))


async def change(connection: AsyncConnection, account_id: str, name: str, **values: Any) -> None:
    its = presets.c.account_id == account_id, presets.c.name == name
    await connection.execute(update(presets).where(*its).values(**values))


async def remove(connection: AsyncConnection, account_id: str, name: str) -> bool:
    """Whether there was one."""
    its = presets.c.account_id == account_id, presets.c.name == name
    return (await connection.execute(delete(presets).where(*its))).rowcount == 1
