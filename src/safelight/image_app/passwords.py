"""Passwords: slow on purpose, in threads, never more than two at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from safelight.image_app import errors

AT_ONCE = 2
WAITING = 24
"""Most that wait for their turn: one that comes then has waited a second on a usual machine."""
BCRYPT_BYTES = 72


class Passwords:
    """Argon2id at OWASP's minimum (19 MiB, 2 passes, 1 lane); bcrypt hashes verify too, and are
    to be replaced.

    An unknown user costs the same time as a wrong password: verify against `None`. Both methods
    raise `service-unavailable` at once where too many wait: whoever floods us with passwords takes
    up no more than this.
    """

    def __init__(self) -> None:
        argon2 = Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._hasher = PasswordHash((argon2, BcryptHasher()))
        self._nobody = argon2.hash("nobody has this password")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way = 0

    async def hash(self, password: str) -> str:
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Whether it is right, and a new hash when the stored one should be replaced by it."""
        async with self._turn():
            return await asyncio.to_thread(self._verify, password, hashed)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._under_way >= AT_ONCE + WAITING:
            raise errors.SERVICE_UNAVAILABLE(
                "Too many sign in at this moment; try again in a few seconds."
            )
        self._under_way += 1
        try:
            async with self._turns:
                yield
        finally:
            self._under_way -= 1

    def _verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        too_long = hashed and hashed.startswith("$2") and len(password.encode()) > BCRYPT_BYTES
        known = hashed if hashed and not too_long else self._nobody
        try:
            right, better = self._hasher.verify_and_update(password, known)
        except UnknownHashError:
            return False, None
        return (right, better) if known is hashed else (False, None)
