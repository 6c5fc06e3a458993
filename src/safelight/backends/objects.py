"""The object store, by URL: file, s3 (gs and az come with obstore)."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
import obstore.exceptions
from obstore.store import LocalStore, ObjectStore, from_url

from safelight.backends import files
from safelight.backends.files import CHUNK
from safelight.backends.finished import finished
from safelight.backends.memory_file import memory_file, seal
from safelight.backends.unavailable import Unavailable

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from obstore.store import ClientConfig, RetryConfig


class StoreUnavailable(Unavailable):
    """The store can't do it now; what was asked for did not happen."""


class NoRoom(StoreUnavailable):
    """The store is full."""


PART = 5 * CHUNK
"""Bytes of one part of what goes to a server in several; S3 takes no smaller ones."""
STAGING = ".staging/"

RETRY: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
"""Of requests that may be made again; the caller, who is told soon, may be told to come back."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of an object that has `size` of them."""

    size: int
    chunks: AsyncIterator[bytes]


class Objects:
    """Bytes by key. A missing object is the builtin `FileNotFoundError`.

    `put` is all or nothing: an object is there whole and durably, or not at all, also after a
    crash or an exception raised by the chunks themselves, which reaches the caller as it is.
    """

    def __init__(self, url: str) -> None:
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None
        self._store: ObjectStore
        if self._folder is None:
            self._store = from_url(url, client_options=_client(), retry_config=RETRY)
        else:
            self._store = LocalStore(self._folder, mkdir=True, automatic_cleanup=True)

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], digest: "Hash | None" = None
    ) -> None:
        """Store the chunks as one object, replacing what was there; `digest` is fed with them.

        Whoever cancels it waits until the store does nothing more for it.
        """
        source = _Source(chunks)
        with _translated(source):
            if self._folder is None:
                await self._send(key, _digested(source.chunks(), digest))
            else:
                staged = self._folder / STAGING / uuid4().hex
                await files.put(source.chunks(), staged, self._folder / key, digest)

    async def _send(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """In one request where it fits in one part; a server wants three for several parts."""
        begun = bytearray()
        async for chunk in chunks:
            begun += chunk
            if len(begun) > PART:
                break
        else:
            await finished(obstore.put_async(self._store, key, bytes(begun), use_multipart=False))
            return
        whole = _chain(bytes(begun), chunks)
        await obstore.put_async(self._store, key, whole, chunk_size=PART, max_concurrency=1)

    async def put_from(self, key: str, fd: int, offset: int, size: int) -> None:
        """Store `size` bytes of an open file, from `offset` on."""
        if self._folder is None:
            await self.put(key, _file_chunks(fd, offset, size))
            return
        with _translated():
            staged = self._folder / STAGING / uuid4().hex
            await asyncio.to_thread(files.copy, fd, offset, size, staged, self._folder / key)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks.

        The object is looked up before this returns, so a missing one raises here.
        """
        return (await self.part(key, start, end)).chunks

    async def part(self, key: str, start: int = 0, end: int | None = None) -> Part:
        """As `read`, with the size of the object that the bytes are of."""
        options: obstore.GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        with _translated():
            answer = await obstore.get_async(self._store, key, options=options)
        chunks = (bytes(chunk) async for chunk in answer.stream(min_chunk_size=CHUNK))
        return Part(answer.meta["size"], chunks)

    @asynccontextmanager
    async def opened(self, key: str) -> AsyncIterator[int]:
        """A descriptor to read the whole object from, through which nobody can change it; what is
        in files is not copied.
        """
        if self._folder is not None:
            with _translated():
                fd = os.open(self._folder / key, os.O_RDONLY)
            try:
                yield fd
            finally:
                os.close(fd)
            return
        with memory_file("object") as fd:
            with _translated():
                async for chunk in await self.read(key):
                    os.write(fd, chunk)
            seal(fd)
            yield fd

    async def list(self, prefix: str) -> AsyncIterator[Sequence[tuple[str, int]]]:
        """Keys and sizes of everything below a prefix, in batches, in no certain order."""
        with _translated():
            async for batch in obstore.list(self._store, prefix or None):
                yield [(entry["path"], entry["size"]) for entry in batch]

    async def size(self, key: str) -> int:
        """How many bytes the object has."""
        with _translated():
            return (await obstore.head_async(self._store, key))["size"]

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        with suppress(FileNotFoundError), _translated():
            await obstore.delete_async(self._store, key)

    async def delete_below(self, prefix: str) -> None:
        """Remove every object below a prefix."""
        async for batch in self.list(prefix):
            for key, _ in batch:
                await self.delete(key)

    async def check(self) -> None:
        """Raise if the store can't be reached or written to."""
        if self._folder is not None and not os.access(self._folder, os.W_OK):
            raise PermissionError("the folder of the object store is not writable")
        async for _ in obstore.list(self._store, "health-check/", chunk_size=1):
            return

    async def sweep_staging(self) -> None:
        """Remove what a crash left half written. Nothing else may be writing to a file store."""
        if self._folder is not None:
            for path in (self._folder / STAGING).glob("*"):
                path.unlink(missing_ok=True)


def _client() -> "ClientConfig":
    return {
        "connect_timeout": timedelta(seconds=2),
        "timeout": timedelta(seconds=60),  # of one part, up or down
        # These options replace those from the environment, this one included.
        "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
    }


async def _file_chunks(fd: int, offset: int, size: int) -> AsyncIterator[bytes]:
    end = offset + size
    while offset < end:
        chunk = os.pread(fd, min(CHUNK, end - offset), offset)
        if not chunk:
            raise EOFError(f"{end - offset} bytes of the file are missing")
        offset += len(chunk)
        yield chunk


async def _digested(chunks: AsyncIterator[bytes], digest: "Hash | None") -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if digest is not None:
            digest.update(chunk)
        yield chunk


async def _chain(begun: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if begun:
        yield begun
    async for chunk in chunks:
        yield chunk


class _Source:
    """Somebody's chunks, and what they raised, to tell that from what the store raised."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.failure: BaseException | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                yield chunk
        except BaseException as failure:
            self.failure = failure
            raise


@contextmanager
def _translated(source: _Source | None = None) -> Iterator[None]:
    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:
        if source is not None and source.failure is not None:
            raise source.failure from None
        if isinstance(error, FileNotFoundError):
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    """The store's own words may tell of folders and hosts: they are for the log alone."""
    full = re.search(r"(os error |Errno )(28|122)\b", str(error))
    return NoRoom("the store is full") if full else StoreUnavailable("the store can't be used")
