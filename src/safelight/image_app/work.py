"""The unit of work: one transaction; messages are written in it and leave after it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Event, EventType, Message, event_message
from safelight.image_app import clock, outbox
from safelight.image_app.models import events
from safelight.image_app.outbox import Promise
from safelight.image_app.resources import Resources

HISTORY = 1000
"""Events that are kept of an image."""


class Work:
    """What one request or message does, whole or not at all."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._promises: list[Promise] = []
        self._changed: set[str] = set()

    @property
    def promises(self) -> list[Promise]:
        return self._promises

    @property
    def changed(self) -> set[str]:
        """Accounts whose cached answers no longer hold."""
        return self._changed

    def change(self, account_id: str) -> None:
        self._changed.add(account_id)

    def promise(self, message: Message, account_id: str | None = None) -> None:
        """Deliver the message once this work is committed, however often we crash; in turn with
        those for other accounts, where it is for one.
        """
        self._promises.append(Promise(message, account_id))

    async def tell(
        self, kind: EventType, account_id: str, image_id: str, data: dict[str, Any]
    ) -> None:
        """Write the event into the image's history and promise it to the outside.

        A history keeps its latest `HISTORY` events.
        """
        await self.tell_of_all(kind, account_id, {image_id: data})
        its_own = events.c.image_id == image_id
        last = select(events.c.id).where(its_own).order_by(events.c.id.desc()).offset(HISTORY)
        too_old = events.c.id <= last.limit(1).scalar_subquery()
        await self.connection.execute(delete(events).where(its_own, too_old))

    async def tell_of_all(
        self, kind: EventType, account_id: str, told: Mapping[str, dict[str, Any]]
    ) -> None:
        """The same of several images that end: what is told of each, by its id."""
        time = clock.now()
        rows = [
            {
                "id": clock.new_id(),
                "account_id": account_id,
                "image_id": image_id,
                "type": kind,
                "time": time,
                "data": {"account_id": account_id, "image_id": image_id} | data,
            }
            for image_id, data in told.items()
        ]
        await self.connection.execute(events.insert(), rows)
        for row in rows:
            event = Event(
                id=row["id"], type=kind, subject=row["image_id"], time=time, data=row["data"]
            )
            self.promise(event_message(event))


@asynccontextmanager
async def begin(resources: Resources) -> AsyncIterator[Work]:
    """One transaction: committed when the block ends, gone when it raises.

    Cached answers of the changed accounts are dropped before this returns, so the next read,
    whoever asks, sees the change.
    """
    async with AsyncExitStack() as holds, resources.database.writing() as connection:
        work = Work(connection)
        yield work
        await outbox.write(connection, work.promises)
        for account_id in work.changed:
            await holds.enter_async_context(answers_held(resources, account_id))
    if work.promises:
        resources.wake_relay()


@asynccontextmanager
async def answers_held(resources: Resources, account_id: str) -> AsyncIterator[None]:
    """While the block changes something, no answer of the account is read from the cache or kept
    there; afterwards none from before is.
    """
    hold = await resources.answers.hold(account_id)
    try:
        yield
    finally:
        await resources.answers.release(account_id, hold)


async def forget_answers(resources: Resources, account_id: str) -> None:
    """Drop the account's cached answers: somebody else has changed what they tell."""
    async with answers_held(resources, account_id):
        pass
