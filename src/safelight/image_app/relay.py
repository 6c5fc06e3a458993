"""The relay of a product that is one process: a promise is kept by handling it."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby

import structlog
from sqlalchemy import delete, func, select

from safelight.backends.database import Database
from safelight.backends.delivery import Delivery
from safelight.contract.messages import Message
from safelight.image_app.models import outbox
from safelight.image_app.outbox import message_of

AT_ONCE = 64
"""Images of one topic whose messages are under way at the same time, where nothing says else."""
PAUSE = 5.0
"""Seconds until a message that could not be delivered is tried again, and between looks at the
table when nobody woke the relay."""

log = structlog.get_logger()


class Relay:
    """Delivers what was promised on one topic, in order for each image, many images at once, of
    all accounts alike.

    A promise is deleted only after delivery has the message for certain, so a crash at any
    moment leads to a second delivery and never to none.
    """

    def __init__(
        self, topic: str, database: Database, delivery: Delivery, at_once: int = AT_ONCE
    ) -> None:
        self._topic = topic
        self._at_once = at_once
        self._database = database
        self._delivery = delivery
        self._woken = asyncio.Event()
        self._delivered: list[int] = []
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._runner: asyncio.Task[None] | None = None
        self._stopping = False

    def wake(self) -> None:
        """Look at the table now: something was promised."""
        self._woken.set()

    def start(self) -> None:
        self._runner = asyncio.create_task(self._run(), name=f"relay {self._topic}")

    async def stop(self, patience: float) -> None:
        """Take up nothing new; what is not delivered after `patience` seconds stays promised."""
        self._stopping = True
        self.wake()
        if self._runner is not None:
            await self._runner
        tasks = set(self._under_way.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._forget_delivered()

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                await self._forget_delivered()
                await self._take_up()
            except Exception:
                log.exception("the relay could not read its promises", topic=self._topic)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), PAUSE)

    async def _forget_delivered(self) -> None:
        """One transaction for all that were delivered since the last."""
        done = self._delivered[:]
        if done:
            async with self._database.writing() as connection:
                await connection.execute(delete(outbox).where(outbox.c.id.in_(done)))
            del self._delivered[: len(done)]

    async def _take_up(self) -> None:
        room = self._at_once - len(self._under_way)
        if room <= 0:
            return
        promised = await self._promised(self._under_way.keys(), room)
        for key, rows in groupby(sorted(promised, key=lambda row: row[1].key), _key):
            task = asyncio.create_task(self._deliver(list(rows)), name=f"deliver {key}")
            self._under_way[key] = task
            task.add_done_callback(partial(self._finished, key))

    async def _promised(self, busy: Collection[str], room: int) -> list[tuple[int, Message]]:
        """The oldest, where they are for nobody; else each account's next in turn. What is under
        way is counted as its account's first, so whoever has the least under way is next.
        """
        place = func.row_number().over(partition_by=outbox.c.account_id, order_by=outbox.c.id)
        waiting = (
            select(outbox.c.id, outbox.c.key, place.label("place"))
            .where(outbox.c.topic == self._topic, outbox.c.id.not_in(self._delivered))
            .subquery()
        )
        chosen = (
            select(waiting.c.id, waiting.c.place)
            .where(waiting.c.key.not_in(list(busy)))
            .order_by(waiting.c.place, waiting.c.id)
            .limit(room)
            .subquery()
        )
        query = select(outbox).join(chosen, chosen.c.id == outbox.c.id)
        query = query.order_by(chosen.c.place, outbox.c.id)
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [(row.id, message_of(row)) for row in rows]

    async def _deliver(self, promised: Sequence[tuple[int, Message]]) -> None:
        """One image's messages, oldest first. After a failure the rest waits for its turn."""
        for id_, message in promised:
            try:
                await self._delivery.send(message)
                self._delivered.append(id_)
            except Exception:
                log.exception("not delivered yet", topic=self._topic, key=message.key)
                await asyncio.sleep(PAUSE)
                return

    def _finished(self, key: str, _task: asyncio.Task[None]) -> None:
        del self._under_way[key]
        self._woken.set()


def _key(promised: tuple[int, Message]) -> str:
    return promised[1].key
