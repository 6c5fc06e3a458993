"""Cached answers, per account: a write moves the account's generation, and none before it is
ever read again.
"""

import base64
from uuid import uuid4

from cashews import Cache

LIFETIME = 60.0
"""Seconds that an answer is kept; far shorter than the links in it live."""
GENERATION_LIFETIME = 3600.0


class Answers:
    """Ready bodies by account and question.

    Take the generation before reading the database and give it with the answer: an answer made
    while somebody writes is then kept under a generation that nobody asks for again. A forgotten
    generation is replaced by a new random one, so older answers can't come back.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def generation(self, account_id: str) -> str:
        key = _generation_key(account_id)
        found = await self._cache.get(key)
        return str(found) if found else await self.forget(account_id)

    async def forget(self, account_id: str) -> str:
        """Drop everything known for the account; returns its new generation."""
        generation = uuid4().hex
        await self._cache.set(_generation_key(account_id), generation, expire=GENERATION_LIFETIME)
        return generation

    async def get(self, account_id: str, generation: str, question: str) -> bytes | None:
        text = await self._cache.get(f"answer:{account_id}:{generation}:{question}")
        return base64.b64decode(text) if isinstance(text, str) else None

    async def keep(self, account_id: str, generation: str, question: str, body: bytes) -> None:
        key = f"answer:{account_id}:{generation}:{question}"
        await self._cache.set(key, base64.b64encode(body).decode(), expire=LIFETIME)


def _generation_key(account_id: str) -> str:
    return f"generation:{account_id}"
