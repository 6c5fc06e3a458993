"""Accounts and refresh tokens in Redis or Valkey, which must keep what it was told: append-only
persistence on, and no eviction.

    safelight:account:<id>        hash: username, email, password_hash, created_at, era
    safelight:username:<name>     the account's id
    safelight:email:<address>     the account's id
    safelight:session:<family>    hash: account, era, unspent (a token's hash), expires_at
    safelight:token:<hash>        its family, spent or not

Sessions and tokens expire, each with its (last) token; the rest never does. A session is good in
the era of its account in which it began: a new era ends all of them at once. `era` is absent until
there was a second one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from safelight.image_app import clock
from safelight.image_app.account_store import (
    AccountsUnavailable,
    EmailTaken,
    RefreshToken,
    StoredAccount,
    UsernameTaken,
)
from safelight.image_app.account_store.scripts import (
    ADD,
    BEGIN_SESSION,
    REMOVE,
    REPLACE_HASH,
    ROTATE,
)

ANSWER_SECONDS = 2.0
"""Longest wait for a connection, and for an answer."""

NO_NOTICES = MaintNotificationsConfig(enabled=False)
"""With them, a connection that the server has closed is used all the same, and fails."""

TAKEN = {"username": UsernameTaken, "email": EmailTaken}


class RedisAccounts:
    """The store of an installation that wants its identity data apart.

    Nothing is tried twice: a rotation whose answer was lost would look like a stolen token.
    """

    is_apart = True

    def __init__(self, url: str) -> None:
        """Connects when first used; raises ValueError when it is no URL of a Redis."""
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=NO_NOTICES,
        )
        self._add = self._redis.register_script(ADD)
        self._remove = self._redis.register_script(REMOVE)
        self._replace_hash = self._redis.register_script(REPLACE_HASH)
        self._begin_session = self._redis.register_script(BEGIN_SESSION)
        self._rotate = self._redis.register_script(ROTATE)

    async def add(self, account: StoredAccount) -> None:
        values = asdict(account) | {"created_at": account.created_at.isoformat()}
        del values["id"]
        key = _key("account", account.id)
        names = [_key(name, values[name]) for name in TAKEN]
        pairs = [part for pair in values.items() for part in pair]
        with _translated():
            taken = await self._add([key, *names], [account.id, *pairs])
        if taken:
            raise TAKEN[taken]

    async def find(self, account_id: str) -> StoredAccount | None:
        with _translated():
            found: Any = await self._redis.hgetall(_key("account", account_id))
        if not found:
            return None
        found.pop("era", None)
        created_at = datetime.fromisoformat(found.pop("created_at"))
        return StoredAccount(id=account_id, created_at=created_at, **found)

    async def is_there(self, account_id: str) -> bool:
        with _translated():
            return bool(await self._redis.exists(_key("account", account_id)))

    async def find_by_login(self, login: str) -> StoredAccount | None:
        name = login.lower()
        with _translated():
            ids: Any = await self._redis.mget(_key("username", name), _key("email", name))
        account_id = next(filter(None, ids), None)
        return await self.find(account_id) if account_id else None

    async def set_password_hash(self, account_id: str, hashed: str, instead_of: str) -> bool:
        with _translated():
            arguments = [instead_of, hashed, ""]
            return bool(await self._replace_hash([_key("account", account_id)], arguments))

    async def change_password(self, account_id: str, hashed: str, instead_of: str) -> bool:
        with _translated():
            arguments = [instead_of, hashed, clock.new_id()]
            return bool(await self._replace_hash([_key("account", account_id)], arguments))

    async def remove(self, account_id: str) -> None:
        account = _key("account", account_id)
        with _translated():
            found: Any = await self._redis.hmget(account, *TAKEN)
            names = [_key(*pair) for pair in zip(TAKEN, found, strict=True) if pair[1]]
            await self._remove([account, *names], [account_id])

    async def begin_session(self, account_id: str, token: RefreshToken, proof: str) -> bool:
        family = clock.new_id()
        keys = [
            _key("session", family),
            _key("token", token.token_hash),
            _key("account", account_id),
        ]
        expires_at = _milliseconds(token.expires_at)
        with _translated():
            arguments = [account_id, family, token.token_hash, expires_at, proof]
            return bool(await self._begin_session(keys, arguments))

    async def end_session(self, token_hash: str) -> None:
        with _translated():
            family: Any = await self._redis.get(_key("token", token_hash))
            if family is not None:
                await self._redis.delete(_key("session", family))

    async def rotate(self, token_hash: str, now: datetime, replacement: RefreshToken) -> str | None:
        with _translated():
            family: Any = await self._redis.get(_key("token", token_hash))
            if family is None:
                return None
            session = _key("session", family)
            account_id: Any = await self._redis.hget(session, "account")
            if account_id is None:
                return None
            keys = [session, _key("token", replacement.token_hash), _key("account", account_id)]
            arguments = [
                family,
                token_hash,
                _milliseconds(now),
                replacement.token_hash,
                _milliseconds(replacement.expires_at),
            ]
            rotated: str | None = await self._rotate(keys, arguments)
            return rotated

    async def check(self) -> None:
        with _translated():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


def _key(kind: str, name: str) -> str:
    return f"safelight:{kind}:{name}"


def _milliseconds(time: datetime) -> str:
    return str(round(time.timestamp() * 1000))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise AccountsUnavailable(f"Redis can't do it now: {error}") from error
