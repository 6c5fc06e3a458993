"""What the tests of delivery start from: an image, and somebody who renders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy import select, update

from safelight.backends.rendering import Rendered
from safelight.contract.messages import Job
from safelight.contract.transformations import Transformation
from safelight.image_app.delivered import queries, rendering
from safelight.image_app.delivered.rendering import Made
from safelight.image_app.flights import Flights
from safelight.image_app.models import Found, images, renderings
from safelight.image_app.resources import Resources
from tests.image_app.given import an_account, an_upload

CONTENT = b"pixels that were rendered"
WANTED = Transformation(width=300, format="webp")


class Darkroom:
    """Renders when it is let, and fails when it is told to: to delivery what `given.process` is
    to jobs.
    """

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.failure: Exception | None = None
        self.broken: Exception | None = None
        self.given_up = 0
        self.open = asyncio.Event()
        self.open.set()

    @asynccontextmanager
    async def rendered(self, job: Job) -> AsyncIterator[Rendered]:
        self.jobs.append(job)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.failure is not None:
            raise self.failure
        yield Rendered("image/webp", 10, 20, len(CONTENT), self._chunks())

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield CONTENT[:5]
        if self.broken is not None:
            raise self.broken
        yield CONTENT[5:]

    async def close(self) -> None:
        return

    async def busy(self) -> None:
        """Wait until it has something to do."""
        async with asyncio.timeout(60):
            while not self.jobs:
                await asyncio.sleep(0.001)


def with_darkroom(resources: Resources, darkroom: Darkroom) -> Resources:
    return replace(resources, renderer=darkroom)


def another_process(resources: Resources, darkroom: Darkroom, member: int) -> Resources:
    """One that shares the database and the objects, and nothing else."""
    return replace(resources, renderer=darkroom, member=member, rendering=set(), flights=Flights())


async def an_image(resources: Resources, content: bytes, username: str = "ann") -> Found:
    """An image as delivery knows it."""
    account_id = await an_account(resources, username)
    return await the_image(resources, await an_upload(resources, account_id, content))


async def the_image(resources: Resources, image_id: str) -> Found:
    async with resources.database.reading() as connection:
        found = await queries.find(connection, image_id, "")
    assert found is not None
    return found


async def ask(resources: Resources, image: Found, wanted: Transformation = WANTED) -> Made:
    return await rendering.made(resources, image, wanted)


async def the_renderings(resources: Resources) -> list[Found]:
    async with resources.database.reading() as connection:
        return list((await connection.execute(select(renderings))).all())


async def change_rendering(resources: Resources, **values: object) -> None:
    """Make the rows other than they are."""
    async with resources.database.writing() as connection:
        await connection.execute(update(renderings).values(**values))


async def change_image(resources: Resources, image_id: str, **values: object) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(update(images).where(images.c.id == image_id).values(**values))
