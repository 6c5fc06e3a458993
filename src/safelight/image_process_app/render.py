"""One picture for somebody who waits."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from safelight.backends.memory_file import memory_file
from safelight.backends.objects import Objects
from safelight.backends.rendering import Rendered, RendererBusy, RenderRefused
from safelight.contract import keys
from safelight.contract.messages import Fault, Job
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.limits import Rejected


class PoolRenderer:
    def __init__(self, objects: Objects, pool: DecoderPool, at_once: int = 8) -> None:
        self._objects, self._pool, self._left = objects, pool, at_once

    @asynccontextmanager
    async def rendered(self, job: Job) -> AsyncIterator[Rendered]:
        if not self._left:
            raise RendererBusy
        self._left -= 1
        try:
            with memory_file("rendering") as target:
                try:
                    async with (
                        self._pool.child() as child,
                        self._objects.opened(keys.original(job.account_id, job.image_id)) as source,
                    ):
                        [made], _ = await child.decode(
                            job.content_type, job.variants, source, target
                        )
                except FileNotFoundError:
                    fault = Fault(code="original-missing", detail="The file is gone.")
                    raise RenderRefused(fault) from None
                except Rejected as refusal:
                    fault = Fault(code=refusal.code, detail=refusal.detail)
                    raise RenderRefused(fault) from None
                if made.error:
                    raise RenderRefused(made.error)
                yield Rendered(
                    made.content_type, made.width, made.height, made.size, _chunks(target)
                )
        finally:
            self._left += 1

    async def close(self) -> None:
        return


async def _chunks(fd: int) -> AsyncIterator[bytes]:
    offset = 0
    while chunk := os.pread(fd, 1 << 20, offset):
        offset += len(chunk)
        yield chunk
