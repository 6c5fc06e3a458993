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
    Refused,
    Request,
)
from safelight.image_process_app.fonts import FONTCONFIG_FILE

ENVIRONMENT = {
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",
    "VIPS_WARNING": "0",
    "VIPS_DISC_THRESHOLD": "64g",
    "MALLOC_ARENA_MAX": "2",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "FONTCONFIG_FILE": FONTCONFIG_FILE,
}
"""Empty but for how to decode. Huge pages for the buffers of whole pictures save a seventh of
the time; the kernel would otherwise hand them out 4 KiB at a time. A WebP is decoded as a whole,
into memory alone, which is bounded: over 100 MB libvips would write it to the disk."""
RECEIVED_AT_ONCE = 1 << 16
LONGEST_LINE = 1 << 20
START_SECONDS = 60.0
LAST_MOMENT = 1.0
MODULE = "safelight.image_process_app.decoder.child"


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
        self.pictures = 0
        self.idle = False

    @classmethod
    async def spawn(cls, memory: int) -> "Worker":
        """A warm child with `memory` bytes of address space; raises `ChildFailed`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            arguments = (str(theirs.fileno()), str(memory), str(os.getpid()))
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-m",
                    MODULE,
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
                await worker._hear()
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
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def ask(
        self, request: Request, descriptors: Sequence[int], seconds: float
    ) -> AsyncGenerator[Answer]:
        """The answers to a request, each within `seconds` of the one before.

        Raises `ChildFailed` when there is none. Unless the last answer was heard, the child is
        not idle again and must be killed.
        """
        self.idle = False
        self.pictures += 1
        try:
            async with asyncio.timeout(seconds):
                await self._say(request, descriptors)
            while not self.idle:
                async with asyncio.timeout(seconds):
                    answer = await self._hear()
                self.idle = isinstance(answer, Done | Refused)
                yield answer
        except TimeoutError:
            raise ChildFailed(f"a decoder took more than {seconds} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise ChildFailed(await self._death()) from None

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
            raise ChildFailed("a decoder talks nonsense") from None
