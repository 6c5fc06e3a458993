"""Objects in files: written aside, then given their name."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from safelight.backends.finished import finished

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

CHUNK = 1 << 20
"""Bytes moved at once."""


async def put(
    chunks: AsyncIterator[bytes], staged: Path, final: Path, digest: "Hash | None" = None
) -> None:
    """Write the chunks, durably, or leave nothing; a thread writes, and feeds the digest, while
    more chunks come.
    """
    file = _Staged(staged, digest)
    writing: asyncio.Future[None] | None = None
    held: list[bytes] = []
    size = 0
    try:
        async for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= CHUNK:
                if writing is not None:
                    await finished(writing)
                writing = asyncio.ensure_future(asyncio.to_thread(file.write, held))
                held, size = [], 0
        if writing is not None:
            await finished(writing)
        writing = asyncio.ensure_future(asyncio.to_thread(file.publish, held, final))
        await finished(writing)
    finally:
        if writing is not None and not writing.done():
            with suppress(Exception, asyncio.CancelledError):
                await finished(writing)
        file.discard()


class _Staged:
    """A file that has no name yet by which anybody would find it."""

    def __init__(self, path: Path, digest: "Hash | None") -> None:
        self._path = path
        self._digest = digest
        self._file: BinaryIO | None = None

    def write(self, chunks: Iterable[bytes]) -> None:
        if self._file is None:
            self._file = _created(self._path)
        for chunk in chunks:
            if self._digest is not None:
                self._digest.update(chunk)
            self._file.write(chunk)

    def publish(self, chunks: Iterable[bytes], final: Path) -> None:
        """Write the last chunks; then it is there for everybody, also after a power loss."""
        self.write(chunks)
        assert self._file is not None  # noqa: S101 - tells the type checker
        self._file.flush()
        os.fsync(self._file.fileno())
        self.discard(keep=True)
        _name(self._path, final)

    def discard(self, keep: bool = False) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if not keep:
            self._path.unlink(missing_ok=True)


def copy(fd: int, offset: int, size: int, staged: Path, final: Path) -> None:
    """Store a part of an open file; all in one go, since each change of thread costs time."""
    try:
        with _created(staged) as file:
            while size > 0:
                chunk = os.pread(fd, min(CHUNK, size), offset)
                if not chunk:
                    raise EOFError(f"{size} bytes of the file are missing")
                file.write(chunk)
                offset, size = offset + len(chunk), size - len(chunk)
            file.flush()
            os.fsync(file.fileno())
        _name(staged, final)
    finally:
        staged.unlink(missing_ok=True)


def _created(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


def _name(staged: Path, final: Path) -> None:
    """Give a synced file its name, so that that survives a power loss, too."""
    _move(staged, final)
    _sync(final.parent)


def _move(staged: Path, final: Path) -> None:
    while True:
        try:
            _make_folder(final.parent)
            staged.replace(final)
        except FileNotFoundError:
            if not staged.exists():
                raise
            continue  # a delete has just removed an empty folder, or the one above it
        return


def _make_folder(folder: Path) -> None:
    """A new folder is lost in a power loss until the one above it is synced."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        try:
            folder.mkdir()
        except FileExistsError:
            if folder.is_file():
                raise
            # Somebody else has just made it, and may have removed it again: the move will tell.
        _sync(folder.parent)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
