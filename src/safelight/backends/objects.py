"""The object store, by URL: file, s3 (gs and az come with obstore)."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
import obstore.exceptions
from obstore.store import LocalStore, ObjectStore, from_url


class StoreUnavailable(Exception):
    """The store can't do it now; what was asked for did not happen."""


class NoRoom(StoreUnavailable):
    """The store is full."""


CHUNK = 1 << 20
"""Bytes moved at once. A file is written in parts of this size, S3 has a minimum of its own."""
STAGING = ".staging/"


class Objects:
    """Bytes by key. A missing object is the builtin `FileNotFoundError`.

    `put` is all or nothing: an object is there whole and durably, or not at all, also after a
    crash or an exception raised by the chunks themselves, which reaches the caller as it is.
    """

    def __init__(self, url: str) -> None:
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None
        self._store: ObjectStore
        if self._folder is None:
            self._store = from_url(url)
            self._part = 5 * CHUNK
        else:
            self._store = LocalStore(self._folder, mkdir=True)
            self._part = CHUNK

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store the chunks as one object, replacing what was there."""
        try:
            await self._put(key, chunks)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise _unavailable(error) from error

    async def _put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        if self._folder is None:
            await self._write(key, chunks)
            return
        staged = f"{STAGING}{uuid4().hex}"
        await self._write(staged, chunks)
        await asyncio.to_thread(_publish, self._folder / staged, self._folder / key)

    async def _write(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        await obstore.put_async(self._store, key, chunks, chunk_size=self._part, max_concurrency=1)

    async def put_from(self, key: str, fd: int, offset: int, size: int) -> None:
        """Store `size` bytes of an open file, from `offset` on."""
        await self.put(key, _file_chunks(fd, offset, size))

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks.

        The object is looked up before this returns, so a missing one raises here.
        """
        options: obstore.GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        answer = await obstore.get_async(self._store, key, options=options)
        return (bytes(chunk) async for chunk in answer.stream(min_chunk_size=CHUNK))

    async def read_into(self, key: str, fd: int) -> None:
        """Write the object into an open file."""
        async for chunk in await self.read(key):
            os.write(fd, chunk)

    async def size(self, key: str) -> int:
        """Bytes of the object."""
        return (await obstore.head_async(self._store, key))["size"]

    async def list(self, prefix: str) -> AsyncIterator[Sequence[tuple[str, int]]]:
        """Keys and sizes of everything below a prefix, in batches, in no certain order."""
        async for batch in obstore.list(self._store, prefix or None):
            yield [(entry["path"], entry["size"]) for entry in batch]

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return

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


async def _file_chunks(fd: int, offset: int, size: int) -> AsyncIterator[bytes]:
    end = offset + size
    while offset < end:
        chunk = os.pread(fd, min(CHUNK, end - offset), offset)
        if not chunk:
            raise EOFError(f"{end - offset} bytes of the file are missing")
        offset += len(chunk)
        yield chunk


def _unavailable(error: Exception) -> StoreUnavailable:
    """The store's own words may tell of folders and hosts: they are for the log alone."""
    full = re.search(r"(os error |Errno )(28|122)\b", str(error))
    return NoRoom("the store is full") if full else StoreUnavailable("the store can't be used")


def _publish(staged: Path, final: Path) -> None:
    """Give a written file its name, so that both survive a power loss."""
    _sync(staged)
    final.parent.mkdir(parents=True, exist_ok=True)
    staged.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
