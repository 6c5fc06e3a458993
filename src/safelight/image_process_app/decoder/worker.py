"""One decoder child, seen from its parent."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from pydantic import ValidationError

from safelight.image_process_app.decoder.protocol import (
    ANSWERS,
    END,
    Answer,
    Done,
    Ready,
    Refused,
    Request,
)

ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1"}
"""What the C library reads before any program runs; whatever else it needs, a child tells itself.
Huge pages for the buffers of whole pictures save a seventh of the time; the kernel would otherwise
hand them out 4 KiB at a time."""
RECEIVED_AT_ONCE = 1 << 12
LONGEST_LINE = 1 << 14
"""Bytes, give or take what is received at once; twice what a child that is well ever says."""
START_SECONDS = 60.0
LAST_MOMENT = 1.0
NONSENSE = "a decoder talks nonsense"
DECODER = ("-m", "safelight.image_process_app.decoder.child")
"""What Python is told to run."""


class ChildFailed(Exception):
    """A child died or hung; it is being replaced, and the picture may be tried again.

    `variant` is the name of what it was making, None while it was opening the picture.
    """

    variant: str | None = None


class Worker:
    """A child process and the socket to it. Answers one request at a time."""

    def __init__(self, process: Process, connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._heard = b""
        self.locks: dict[str, str] = {}
        self.pictures = 0
        self.idle = False

    @classmethod
    async def spawn(cls, memory: int, seconds: int, program: Sequence[str] = DECODER) -> "Worker":
        """A warm child with `memory` bytes of address space and `seconds` of the processor for all
        of its life; raises `ChildFailed`.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            arguments = map(str, (theirs.fileno(), os.getpid(), memory, seconds))
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    *program,
                    *arguments,
                    pass_fds=[theirs.fileno()],
                    env=ENVIRONMENT,
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        worker = cls(process, ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                worker.locks = await worker._greeted()
        except BaseException as error:
            await worker.kill()
            if isinstance(error, TimeoutError):
                raise ChildFailed("a decoder did not start in time") from None
            raise
        worker.idle = True
        return worker

    def alive(self) -> bool:
        """Whether an idle child is still there. One that died has closed its end, and one that
        is well has nothing to say.
        """
        if self._heard:
            return False
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def ask(
        self, request: Request, descriptors: Sequence[int], seconds: float, most: int
    ) -> AsyncGenerator[Answer]:
        """The answers to a request, each within `seconds` of the one before, at most so many.

        Raises `ChildFailed` when there is none. Unless the last answer was heard, the child is
        not idle again and must be killed.
        """
        self.idle = False
        self.pictures += 1
        try:
            async with asyncio.timeout(seconds):
                await self._say(request, descriptors)
            for _ in range(most):
                async with asyncio.timeout(seconds):
                    answer = await self._hear()
                self.idle = isinstance(answer, Done | Refused)
                yield answer
                if self.idle:
                    return
        except TimeoutError:
            raise ChildFailed(f"a decoder took more than {seconds} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise ChildFailed(await self._death()) from None
        raise ChildFailed(NONSENSE)

    async def end(self, seconds: float) -> None:
        """Let it go: it ends by itself, or is killed after a while."""
        self._connection.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        await self.kill()

    async def kill(self) -> None:
        """End it now, with everything that it may have started."""
        self.idle = False
        self._connection.close()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _death(self) -> str:
        """How it ended; it closes its end of the socket a moment before."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), LAST_MOMENT)
        code = self._process.returncode
        if code is None:
            return "a decoder has closed its connection"
        how = f"of {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"a decoder died {how}"

    async def _say(self, request: Request, descriptors: Sequence[int]) -> None:
        text = request.model_dump_json().encode() + END
        sent = socket.send_fds(self._connection, [text], list(descriptors))
        await asyncio.get_running_loop().sock_sendall(self._connection, text[sent:])

    async def _greeted(self) -> dict[str, str]:
        """The locks of which it tells when it is ready."""
        ready = await self._hear()
        if not isinstance(ready, Ready):
            raise ChildFailed(NONSENSE)
        return ready.locks

    async def _hear(self) -> Answer:
        while END not in self._heard:
            if len(self._heard) > LONGEST_LINE:
                raise ChildFailed("a decoder does not stop talking")
            heard = await asyncio.get_running_loop().sock_recv(self._connection, RECEIVED_AT_ONCE)
            if not heard:
                raise ChildFailed(await self._death())
            self._heard += heard
        line, _, self._heard = self._heard.partition(END)
        try:
            return ANSWERS.validate_json(line)
        except ValidationError:
            raise ChildFailed(NONSENSE) from None
