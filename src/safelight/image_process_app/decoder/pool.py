"""The decoder children: one for each core, kept warm, replaced when worn or broken."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import structlog

from safelight.backends.memory_file import NOT_SEALED, seal
from safelight.backends.unusable import Unusable
from safelight.contract.messages import Description, Fault, Overlay, WantedVariant
from safelight.image_process_app.decoder.lanes import Lanes
from safelight.image_process_app.decoder.locks import in_words
from safelight.image_process_app.decoder.protocol import (
    Broken,
    Done,
    Made,
    Making,
    Refused,
    Request,
)
from safelight.image_process_app.decoder.worker import DECODER, NONSENSE, ChildFailed, Worker
from safelight.image_process_app.limits import Limits, Rejected

PATIENCE = 2.0
"""Seconds that an idle child gets to end by itself."""
RESPAWN_PAUSE = 1.0
CHANGING = "a decoder keeps a hand on what it made"
MOST_ANSWERS = 2
"""About a picture: that it is opened, and all done. About each variant: what is made, and made.
Each answer has a deadline of its own, and more would have no end."""
LEAST_LIFE = 200
"""Times the deadline that a child may use of the processor in its life, however few pictures it is
to open: one of them may have many variants."""

log = structlog.get_logger()


class DecoderPool:
    """Hands pictures to children. What happens to a child happens to one try of one picture.

    `deadline` seconds for the decode and for each variant, `memory` bytes of address space a
    child; a child is replaced after `pictures_per_child`. With `require_locks` no child is used
    that is not wholly locked in. `program` is what a child runs.
    """

    def __init__(
        self,
        children: int,
        deadline: float = 15.0,
        memory: int = 1 << 30,
        pictures_per_child: int = 200,
        limits: Limits | None = None,
        require_locks: bool = False,
        program: Sequence[str] = DECODER,
    ) -> None:
        self._count = children
        self._deadline = deadline
        self._memory = memory
        self._seconds = math.ceil(deadline * max(pictures_per_child, LEAST_LIFE))
        self._require_locks = require_locks
        self._program = program
        self._pictures_per_child = pictures_per_child
        self._limits = limits or Limits()
        self._idle: Lanes[Worker] = Lanes()
        self._alive: set[Worker] = set()
        self._replacing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start every child, or none; raises `ChildFailed` when one can't be, `Unusable` where a
        lock is missing that is required.
        """
        adding = (self._add() for _ in range(self._count))
        for failure in await asyncio.gather(*adding, return_exceptions=True):
            if failure is not None:
                await self.stop()
                raise failure

    async def stop(self) -> None:
        """End every child. Nobody may be using one any more."""
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(worker.end(PATIENCE) for worker in self._alive))
        self._alive.clear()

    def locks(self) -> dict[str, str]:
        """Every lock of the started children: "" when it holds, or why it does not."""
        found: dict[str, str] = {}
        for worker in self._alive:
            found |= {name: why for name, why in _locks(worker).items() if not found.get(name)}
        return found

    def healthy(self) -> bool:
        """Whether there is a child to open pictures with."""
        return bool(self._alive)

    @asynccontextmanager
    async def child(self, urgent: bool = False) -> AsyncIterator["Child"]:
        """Wait for a child and have it alone for one picture; ahead of others where a client
        waits for it.
        """
        worker = await self._take(urgent)
        try:
            yield Child(worker, self._deadline, self._limits)
        finally:
            if worker.idle and worker.pictures < self._pictures_per_child:
                self._idle.give(worker)
            else:
                self._replace_soon(worker)

    async def _take(self, urgent: bool) -> Worker:
        """An idle child that lives: no picture pays for one that died before it came."""
        while True:
            worker = await self._idle.take(urgent)
            if worker.alive():
                return worker
            log.warning("an idle decoder has died")
            self._replace_soon(worker)

    def _replace_soon(self, worker: Worker) -> None:
        task = asyncio.create_task(self._replace(worker), name="replace a decoder")
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, worker: Worker) -> None:
        await (worker.end(PATIENCE) if worker.idle else worker.kill())
        self._alive.discard(worker)
        while True:
            try:
                return await self._add()
            except Exception:
                # Whatever is wrong with this machine, a pool that gives up helps nobody.
                log.exception("no new decoder could be started")
                await asyncio.sleep(RESPAWN_PAUSE)

    async def _add(self) -> None:
        worker = await Worker.spawn(self._memory, self._seconds, self._program)
        missing = {name: why for name, why in _locks(worker).items() if why}
        if missing and self._require_locks:
            await worker.kill()
            raise Unusable(in_words(missing))
        self._alive.add(worker)
        self._idle.give(worker)


def _locks(worker: Worker) -> dict[str, str]:
    return worker.locks | {"sealed-output": NOT_SEALED}


class Child:
    """A child for one picture."""

    def __init__(self, worker: Worker, deadline: float, limits: Limits) -> None:
        self._worker = worker
        self._deadline = deadline
        self._limits = limits

    async def decode(
        self,
        content_type: str,
        wanted: Sequence[WantedVariant],
        source: int,
        target: int,
        overlays: Sequence[tuple[Overlay, int]] = (),
        describe: bool = True,
    ) -> tuple[list[Made], Description | None]:
        """Open the picture in the file `source`, write its variants to the memory file `target`,
        one behind the other in the order returned. `target` is then sealed: nobody can change it.
        `overlays`, at most `MOST_OVERLAYS`, come with a descriptor each.

        Each variant is one that was wanted, and none is there twice; one of which the child says
        nothing is missing. Raises `Rejected` for a picture that can't be opened, `ChildFailed`
        when the child died, took too long or says what can't be.
        """
        request = Request(
            content_type=content_type,
            wanted=list(wanted),
            overlays=[overlay for overlay, _ in overlays],
            describe=describe,
            max_side=self._limits.max_side,
            max_pixels=self._limits.max_pixels,
            max_frames=self._limits.max_frames,
            max_total_pixels=self._limits.max_total_pixels,
        )
        descriptors = [source, target, *(fd for _, fd in overlays)]
        expected = {variant.name for variant in wanted}
        made: list[Made] = []
        making: str | None = None
        most = MOST_ANSWERS + MOST_ANSWERS * len(wanted)
        try:
            # Closed here, so that no conversation is left half heard for the collector to end.
            conversation = self._worker.ask(request, descriptors, self._deadline, most)
            async with aclosing(conversation) as answers:
                async for answer in answers:
                    if isinstance(answer, Made | Refused):
                        _log(answer.error, answer.log)
                    if isinstance(answer, Made):
                        _believe(answer, expected)
                        made.append(answer)
                    if isinstance(answer, Broken):
                        log.error("a decoder is broken", words=answer.log[-2000:])
                    else:
                        making = answer.name if isinstance(answer, Making) else None
        except ChildFailed as failure:
            failure.variant = making if making in expected else None
            raise
        match answer:
            case Done(description=description) if description or not describe:
                self._seal(target)
                if sum(variant.size for variant in made) <= os.fstat(target).st_size:
                    return made, description
            case Refused(error=error):
                raise Rejected(error.code, error.detail)
        self._worker.idle = False  # it has ended as it should, and is not to be trusted again
        raise ChildFailed(NONSENSE)

    def _seal(self, target: int) -> None:
        """Nobody may change any more what will be read."""
        try:
            seal(target)
        except OSError:
            self._worker.idle = False
            raise ChildFailed(CHANGING) from None


def _believe(made: Made, expected: set[str]) -> None:
    """Take a variant off those that are expected; raises `ChildFailed` for what can't be."""
    if made.name not in expected or (made.error is None and not (made.content_type and made.size)):
        raise ChildFailed(NONSENSE)
    expected.remove(made.name)


def _log(error: Fault | None, words: str) -> None:
    if error and words:
        log.info("decoder", code=error.code, words=words.strip()[:500])
