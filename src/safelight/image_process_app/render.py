"""One picture, for a client that waits for it."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from safelight.backends.objects import Objects
from safelight.backends.rendering import Rendered, RendererBusy, RenderRefused
from safelight.contract.messages import Fault, Job
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import NOT_MADE
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.tries import Results, results

CHUNK = 1 << 18
"""Bytes copied at once: a fraction of a millisecond, in which nobody else is served."""


class PoolRenderer:
    """Renders with the children of this process, at most `at_most` pictures waiting or under way;
    whoever comes then is told to come back.
    """

    def __init__(self, objects: Objects, pool: DecoderPool, at_most: int) -> None:
        self._objects = objects
        self._pool = pool
        self._at_most = at_most
        self._under_way = 0

    @asynccontextmanager
    async def rendered(self, job: Job) -> AsyncIterator[Rendered]:
        """The one variant that the job wants; raises `RenderRefused`, `RendererBusy`, and
        `StoreUnavailable` where the original can't be read.
        """
        async with AsyncExitStack() as stack:
            yield _rendered(await self._make(job, stack))

    async def close(self) -> None:
        """The children are the pool's."""

    async def _make(self, job: Job, stack: AsyncExitStack) -> Results:
        """What a child made, until the stack ends."""
        if self._under_way >= self._at_most:
            raise RendererBusy
        self._under_way += 1
        try:
            return await stack.enter_async_context(
                results(job, self._objects, self._pool, urgent=True, describe=False)
            )
        except Rejected as refusal:
            raise RenderRefused(Fault(code=refusal.code, detail=refusal.detail)) from None
        finally:
            self._under_way -= 1


def _rendered(made: Results) -> Rendered:
    [variant] = made.variants
    if variant.error or variant.content_type is None:
        raise RenderRefused(variant.error or NOT_MADE)
    return Rendered(
        content_type=variant.content_type,
        width=variant.width,
        height=variant.height,
        size=variant.size,
        chunks=_chunks(made.target, variant.size),
    )


async def _chunks(fd: int, size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, CHUNK):
        yield os.pread(fd, min(CHUNK, size - start), start)
