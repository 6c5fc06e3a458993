"""The promised messages."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import CHANNEL
from safelight.contract.messages import Message
from safelight.image_app.models import Found, outbox


class Promise(NamedTuple):
    """A message that is to be delivered; where it is work for an account, that waits for no
    other's.
    """

    message: Message
    account_id: str | None = None


async def write(connection: AsyncConnection, promises: Sequence[Promise]) -> None:
    """Promise the messages, in this order, within the caller's transaction.

    Its commit wakes the relay, on whichever machine that is; where there is only one process,
    whoever ends the transaction wakes it.
    """
    if not promises:
        return
    rows = [
        {"topic": m.topic, "key": m.key, "headers": m.headers, "body": m.body, "account_id": whose}
        for m, whose in promises
    ]
    await connection.execute(outbox.insert(), rows)
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, "")))


def message_of(row: Found) -> Message:
    """The message of a row of the table."""
    return Message(row.topic, row.key, row.body, row.headers)
