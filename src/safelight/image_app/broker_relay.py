"""The relay of many processes: one of them hands what all have promised to the broker."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, delete, select

from safelight.backends.database import Database, DatabaseUnavailable, Place, Presence
from safelight.backends.delivery import Delivery
from safelight.image_app.models import Found, outbox
from safelight.image_app.outbox import message_of

BATCH = 500
"""Messages that are on their way to the broker together."""
PAUSE = 5.0
"""Seconds between looks at the table when nobody woke the relay."""
TURN_SECONDS = 1.0
"""Seconds between questions whether the relay that is at work has gone."""
RETRY_SECONDS = 1.0

OLDEST = select(outbox).order_by(outbox.c.id).limit(BATCH)
DELIVERED = delete(outbox).where(outbox.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))

log = structlog.get_logger()


class BrokerRelay:
    """Delivers what was promised, oldest first, while it is the leader among its like.

    A promise is deleted only after the broker has the message for certain, so a crash at any
    moment leads to a second delivery and never to none. When a message fails, those about the
    same image that were sent behind it are sent again, so that the last word stays the last.
    """

    def __init__(self, database: Database, presence: Presence, delivery: Delivery) -> None:
        self._database = database
        self._presence = presence
        self._delivery = delivery
        self._place: Place | None = None
        self._leads = False
        self._runner: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._runner = asyncio.create_task(self._run(), name="relay")

    async def stop(self, patience: float) -> None:
        """Finish the batch that is on its way; what is not delivered stays promised."""
        self._stopping = True
        if self._place is not None:
            self._place.wake()
        if self._runner is not None:
            done, _ = await asyncio.wait([self._runner], timeout=patience)
            if not done:
                self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)

    def leads(self) -> bool:
        """Whether it was the leader when it last asked."""
        return self._leads

    async def _run(self) -> None:
        well = True
        while not self._stopping:
            try:
                async with self._presence.joined() as self._place:
                    well = True
                    await self._work(self._place)
            except DatabaseUnavailable as error:
                if well:
                    log.warning("the relay has lost the database", reason=str(error))
                well = False
            except Exception:
                log.exception("the relay stumbled")
            self._leads = False
            if not self._stopping:
                await asyncio.sleep(RETRY_SECONDS)

    async def _work(self, place: Place) -> None:
        while not self._stopping:
            self._leads = await place.leads()
            if not self._leads:
                await place.wait(TURN_SECONDS)
            elif not await self._deliver_some():
                await place.wait(PAUSE)

    async def _deliver_some(self) -> bool:
        """Whether it is worth while to go on at once."""
        async with self._database.reading() as connection:
            promised = (await connection.execute(OLDEST)).all()
        if not promised:
            return False
        results = await self._delivery.send_all([message_of(row) for row in promised])
        delivered = _delivered(promised, results)
        if delivered:
            async with self._database.reading() as connection:
                await connection.execute(DELIVERED, {"ids": delivered})
        failures = [result for result in results if result is not None]
        if failures:
            log.warning("not delivered yet", messages=len(failures), reason=str(failures[0]))
            await asyncio.sleep(RETRY_SECONDS)
        return len(promised) == BATCH or bool(failures)


def _delivered(promised: Sequence[Found], results: Sequence[BaseException | None]) -> list[int]:
    """Ids of those that arrived, but for those behind one about the same image that did not."""
    stuck: set[tuple[str, str]] = set()
    delivered = []
    for row, failure in zip(promised, results, strict=True):
        if failure is not None:
            stuck.add((row.topic, row.key))
        elif (row.topic, row.key) not in stuck:
            delivered.append(row.id)
    return delivered
