"""Whatever is wanted, answered, lost and doubled in whatever order, all agrees in the end."""

from contextlib import suppress
from random import Random

import pytest
from sqlalchemy import delete

from safelight.contract.messages import Job
from safelight.contract.presets import BUILT_IN
from safelight.image_app import verification
from safelight.image_app.errors import Problem
from safelight.image_app.models import outbox
from tests.image_app.given import jobs_of
from tests.image_app.waiting import Waiting

STEPS = 40
SEEDS = range(6)
NAMES = ("own", "other", "square")


class Walk:
    """A client, processors and a broker that all do something at random."""

    def __init__(self, waiting: Waiting, seed: int) -> None:
        self._waiting = waiting
        self._random = Random(seed)

    async def step(self) -> None:
        steps = (self._wish, self._wish, self._answer, self._answer, self._lose, self._deliver)
        with suppress(Problem):  # what is there already, or no longer
            await self._random.choice(steps)()

    async def _wish(self) -> None:
        waiting, name = self._waiting, self._random.choice(NAMES)
        side = self._random.randint(50, 53)
        match self._random.randrange(5):
            case 0:
                await waiting.preset("own", width=side)
            case 1:
                await waiting.add(name, width=side)
            case 2:
                await waiting.delete(self._random.choice((*NAMES, "thumb")))
            case 3:
                await waiting.reprocess(self._random.choice(("own", "thumb")))
            case 4:
                await waiting.reprocess()

    async def _job(self) -> Job:
        return self._random.choice(await jobs_of(self._waiting.resources, self._waiting.image_id))

    async def _answer(self) -> None:
        job = await self._job()
        failed = [v.name for v in job.variants if self._random.random() < 0.2]
        await self._waiting.answer(job, failed)

    async def _lose(self) -> None:
        job = await self._job()
        if self._random.random() < 0.5:
            await self._waiting.bury(job)
        else:
            await self._waiting.tell(self._waiting.rejected(job))

    async def _deliver(self) -> None:
        promises = await self._waiting.promises()
        for message in self._random.sample(promises, len(promises) // 2):
            await self._waiting.delivery.send(message)


@pytest.mark.parametrize("seed", SEEDS)
async def test_in_the_end_rows_objects_and_promises_agree(waiting: Waiting, seed: int) -> None:
    walk = Walk(waiting, seed)
    for _ in range(STEPS):
        await walk.step()
    jobs = await jobs_of(waiting.resources, waiting.image_id)
    for job in (*jobs, *jobs):
        await waiting.answer(job)
    await waiting.deliver_events()
    async with waiting.resources.database.writing() as connection:
        await connection.execute(delete(outbox))
    differences = verification.differences(waiting.resources.database, waiting.resources.objects)
    assert [line async for line in differences] == []
    rows = await waiting.variants()
    assert not [row for row in rows.values() if row.job_id or row.replacement]
    ready = {row.fingerprint for row in rows.values() if row.status == "ready"}
    failed = {row.fingerprint for row in rows.values() if row.status == "failed"}
    there = await waiting.objects()
    assert ready <= there <= ready | failed
    assert (await waiting.row()).status in ("ready", "failed")
    await waiting.answer(await waiting.reprocess(*BUILT_IN))
    assert (await waiting.row()).status == "ready"
