"""The unit of work: one transaction; messages are written in it and leave after it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Event, EventType, Message, event_message
from safelight.image_app import clock, outbox
from safelight.image_app.models import events
from safelight.image_app.outbox import Promise
from safelight.image_app.resources import Resources


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
        """Write the event into the image's history and promise it to the outside."""
        event = Event(
            id=clock.new_id(),
            type=kind,
            subject=image_id,
            time=clock.now(),
            data={"account_id": account_id, "image_id": image_id} | data,
        )
        await self.connection.execute(
            events.insert().values(
                id=event.id,
                account_id=account_id,
                image_id=image_id,
                type=kind,
                time=event.time,
                data=event.data,
            )
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
            hold = await resources.answers.hold(account_id)
            holds.push_async_callback(resources.answers.release, account_id, hold)
    if work.promises:
        resources.wake_relay()


async def forget_answers(resources: Resources, account_id: str) -> None:
    """Drop the account's cached answers: somebody else has changed what they tell."""
    hold = await resources.answers.hold(account_id)
    await resources.answers.release(account_id, hold)
