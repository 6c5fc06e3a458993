"""The letters in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Message
from safelight.image_app.models import Found, dead_letters

FROM_DELIVERY = "safelight-"
"""Begins the headers that tell why a message is here."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that could not be handled, and when and why that was so."""

    id: int
    parked_at: datetime
    key: str
    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        """Where it was for, as it says itself; anybody may have written it."""
        return self.headers.get("safelight-topic", "")

    @property
    def reason(self) -> str:
        return self.headers.get("safelight-reason", "")

    def message(self) -> Message:
        """As it was before it could not be handled."""
        headers = {n: v for n, v in self.headers.items() if not n.startswith(FROM_DELIVERY)}
        return Message(self.topic, self.key, self.body, headers)


async def newest(connection: AsyncConnection, limit: int) -> list[Letter]:
    query = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit)
    return [_letter(row) for row in await connection.execute(query)]


async def all_ids(connection: AsyncConnection) -> Sequence[int]:
    """Oldest first."""
    query: Select[int] = select(dead_letters.c.id).order_by(dead_letters.c.id)
    return (await connection.execute(query)).scalars().all()


async def find(connection: AsyncConnection, id_: int, lock: bool = False) -> Letter | None:
    query = select(dead_letters).where(dead_letters.c.id == id_)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _letter(row) if row else None


async def missing(connection: AsyncConnection, ids: Iterable[int]) -> list[int]:
    """Which of these are none."""
    return [id_ for id_ in ids if await find(connection, id_) is None]


async def remove(connection: AsyncConnection, id_: int) -> bool:
    """Whether it was there."""
    gone = await connection.execute(delete(dead_letters).where(dead_letters.c.id == id_))
    return gone.rowcount == 1


def _letter(row: Found) -> Letter:
    return Letter(row.id, row.parked_at, row.key, row.headers, row.body)
