"""The cache of a product that is one process."""

from itertools import count

from cachetools import LRUCache, TTLCache

from safelight.backends.cache import LIFETIME, Cached

BYTES = 64 << 20
"""Most bytes of answers that are kept."""
OVERHEAD = 1024
"""Bytes that an answer takes beside its own, with its question."""
SCOPES = 100_000


class MemoryCache:
    """Keeps answers in the process. A scope's generation is part of their key, so none from
    before a write is ever asked for again.
    """

    def __init__(self, size: int = BYTES, scopes: int = SCOPES) -> None:
        self._answers: TTLCache[tuple[str, str, str], bytes] = TTLCache(
            size, LIFETIME, getsizeof=_size
        )
        self._generations: LRUCache[str, str] = LRUCache(scopes)
        self._numbers = count(1)

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to give back."""

    async def get(self, scope: str, question: str) -> Cached:
        generation = self._generations.get(scope) or self._renew(scope)
        return Cached(self._answers.get((scope, generation, question)), generation)

    async def keep(self, scope: str, question: str, ticket: str, body: bytes) -> None:
        if ticket == self._generations.get(scope) and _size(body) <= self._answers.maxsize:
            self._answers[scope, ticket, question] = body

    async def hold(self, scope: str) -> str:
        """Nothing to do: whoever dies between commit and release takes the cache along."""
        return ""

    async def release(self, scope: str, hold: str) -> None:
        self._renew(scope)

    def is_up(self) -> bool:
        return True

    def _renew(self, scope: str) -> str:
        self._generations[scope] = generation = str(next(self._numbers))
        return generation


def _size(body: bytes) -> int:
    return len(body) + OVERHEAD
