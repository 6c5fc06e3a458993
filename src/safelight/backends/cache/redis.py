"""The cache of processes that share their data, in Redis or Valkey.

Four things make a stale answer impossible, also when the server was killed, frozen or cut off:

- Answers are kept under the scope's generation, and a write renews it after its commit.
- A write holds its scope before it commits, so one that dies in between leaves no old answer.
- Answers and generations are kept under an epoch. Whoever lost touch with the server, or finds it
  restarted, begins a new epoch before reading again. The scripts tell of a restart by themselves:
  a server keeps data over it, but no scripts.
- Nobody reads who has not been in touch for `TOUCH_SECONDS`, so a write that can't tell the server
  waits that long: whoever else can't reach it has then noticed, too. Once it is committed it looks
  for the server again, since others may have found it in between, and read what was true before.

What is left: a server that one process reaches and another does not serves answers up to
`LIFETIME` old to the first.
"""

import asyncio
import time
from contextlib import suppress
from uuid import uuid4
from zlib import crc32

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from safelight.backends.cache import LIFETIME, UNKNOWN, Cached
from safelight.backends.cache.scripts import GET, HOLD, KEEP, NEW_EPOCH, RELEASE

TOUCH_SECONDS = 1.0
BEAT_SECONDS = 0.3
ANSWER_SECONDS = 0.25
"""Longest wait for the server; a database is faster than that."""
SEAL_BYTES = 4

log = structlog.get_logger()


class _Away(Exception):
    """The server can't be reached, or may not be trusted yet."""


class RedisCache:
    """Keeps answers in a server that others share."""

    def __init__(self, url: str, beat: float = BEAT_SECONDS) -> None:
        """`beat` is the pause in seconds between two words that keep it in touch."""
        self._beat = beat
        self._redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._scripts: dict[str, str] = {}
        self._up = False
        self._touched = self._lost = self._tried = time.monotonic()
        self._trying = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        with suppress(_Away):
            await self._begin_epoch()
        if not self._up:
            log.warning("the cache is away; everything works without it, slower")
        self._keeper = asyncio.create_task(self._keep_in_touch(), name="keep in touch with redis")

    async def stop(self) -> None:
        self._stopping = True  # the client's library may lose a cancellation that comes in a call
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._redis.aclose()

    async def get(self, scope: str, question: str) -> Cached:
        try:
            ticket, body = await self._call(GET, scope, question, uuid4().hex)
        except _Away:
            return UNKNOWN
        # Anybody may write to the server, so what is there may be anything.
        return Cached(_opened(scope, question, body), ticket.decode(errors="replace"))

    async def keep(self, scope: str, question: str, ticket: str, body: bytes) -> None:
        if ticket:
            with suppress(_Away):
                sealed = _seal(scope, question, body) + body
                await self._call(KEEP, scope, question, ticket, sealed, LIFETIME)

    async def hold(self, scope: str) -> str:
        hold = uuid4().hex
        try:
            await self._call(HOLD, scope, hold)
        except _Away:
            await asyncio.sleep(self._lost + TOUCH_SECONDS - time.monotonic())
        return hold

    async def release(self, scope: str, hold: str) -> None:
        if await self._tell(scope, hold):
            return
        left = self._lost + TOUCH_SECONDS - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)
            await self._tell(scope, hold)

    async def _tell(self, scope: str, hold: str) -> bool:
        """Whether the server knows that the write is over."""
        with suppress(_Away):
            await self._call(RELEASE, scope, hold, uuid4().hex)
            return True
        with suppress(_Away):
            await self._find()
            await self._call(RELEASE, scope, hold, uuid4().hex)
            return True
        return False

    def is_up(self) -> bool:
        return self._up

    async def _call(self, script: str, *arguments: str | bytes | int) -> list[bytes]:
        """Run a script in a server that has been in touch all the time."""
        if self._up and time.monotonic() - self._touched > TOUCH_SECONDS:
            self._lose("not in touch for a while")
        if not self._up:
            raise _Away
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._redis.evalsha(self._scripts[script], 0, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._lose(type(error).__name__)
            raise _Away from error
        self._touched = max(self._touched, began)
        return answer  # type: ignore[no-any-return] # redis-py knows no script's answer

    def _lose(self, reason: str) -> None:
        if self._up:
            self._up, self._lost = False, time.monotonic()
            log.warning("the cache is lost; everything works without it, slower", reason=reason)

    async def _find(self) -> None:
        """Be in touch, if the server can be reached now. One try is for all who asked before it."""
        asked = time.monotonic()
        async with self._trying:
            if not self._up and self._tried <= asked:
                await self._begin_epoch()
                log.info("the cache is back")

    async def _begin_epoch(self) -> None:
        """Void all that was kept, and trust the server again."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS * 2):
                # Those that are open may be from before, and would fail though it is back.
                await self._redis.connection_pool.disconnect(inuse_connections=False)
                await self._redis.eval(NEW_EPOCH, 0, uuid4().hex)
                for script in (GET, KEEP, HOLD, RELEASE):
                    self._scripts[script] = await self._redis.script_load(script)
        except (RedisError, OSError, TimeoutError) as error:
            self._tried = began
            raise _Away from error
        self._touched, self._up = began, True

    async def _keep_in_touch(self) -> None:
        while not self._stopping:
            await asyncio.sleep(self._beat)
            with suppress(_Away):
                if self._up:
                    await self._call(GET, "", "", "")
                else:
                    await self._find()


def _seal(scope: str, question: str, body: bytes) -> bytes:
    """What tells an answer to this question from whatever else lies under its key: a checksum,
    since nobody is kept out by it. It takes 1 µs for an image and 50 µs for a page of fifty.
    """
    return crc32(body, crc32(f"{scope}\n{question}\n".encode())).to_bytes(SEAL_BYTES)


def _opened(scope: str, question: str, sealed: bytes | None) -> bytes | None:
    if sealed is None:
        return None
    seal, body = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
    return body if seal == _seal(scope, question, body) else None
