"""What the tests of object stores put and look for."""

from collections.abc import AsyncIterator
from hashlib import sha256

from safelight.backends.objects import Objects


async def in_chunks(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def content(size: int, seed: int = 0) -> bytes:
    block = b"".join(sha256(f"{seed} {i}".encode()).digest() for i in range(64))
    return (block * (size // len(block) + 1))[:size]


async def whole(store: Objects, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await store.read(key, start, end)])


async def everything(store: Objects, prefix: str = "") -> dict[str, int]:
    """Also what is half written and not yet under its key."""
    return {key: size async for batch in store.list(prefix) for key, size in batch}
