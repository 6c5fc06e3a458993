"""Accounts, refresh tokens and API keys in Redis or Valkey, which must keep what it was told:
append-only persistence on, and no eviction.

    safelight:account:<id>        hash: username, email, password_hash, created_at, era,
                                  password_changed_at (in milliseconds)
    safelight:username:<name>     the account's id
    safelight:email:<address>     the account's id
    safelight:session:<family>    hash: account, era, unspent (a token's hash), expires_at
    safelight:token:<hash>        its family, spent or not
    safelight:key:<hash>          hash: an API key, as its dataclass has it
    safelight:keys:<account>      hash: each key's id, and its hash

Sessions and tokens expire, each with its (last) token; the rest never does. A session is good in
the era of its account in which it began: a new era ends all of them at once. `era` and
`password_changed_at` are absent until the password was changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from safelight.image_app import clock
from safelight.image_app.account_store import (
    AccountGone,
    AccountsUnavailable,
    ApiKey,
    EmailTaken,
    PasswordChanged,
    RefreshToken,
    StoredAccount,
    TooManyKeys,
    UsernameTaken,
)
from safelight.image_app.account_store.scripts import (
    ADD,
    ADD_KEY,
    AGAIN,
    BEGIN_SESSION,
    CHANGE_PASSWORD,
    REMOVE,
    REPLACE_HASH,
    ROTATE,
)

ANSWER_SECONDS = 2.0
"""Longest wait for a connection, and for an answer."""

NO_NOTICES = MaintNotificationsConfig(enabled=False)
"""With them, a connection that the server has closed is used all the same, and fails."""

TAKEN = {"username": UsernameTaken, "email": EmailTaken}
REFUSED: dict[str, type[Exception]] = {
    "gone": AccountGone,
    "changed": PasswordChanged,
    "many": TooManyKeys,
}


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
        self._change_password = self._redis.register_script(CHANGE_PASSWORD)
        self._begin_session = self._redis.register_script(BEGIN_SESSION)
        self._rotate = self._redis.register_script(ROTATE)
        self._add_key = self._redis.register_script(ADD_KEY)

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
        for name in ("era", "password_changed_at"):
            found.pop(name, None)
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
            keys = [_key("account", account_id)]
            return bool(await self._replace_hash(keys, [instead_of, hashed]))

    async def change_password(self, account_id: str, hashed: str, instead_of: str) -> bool:
        with _translated():
            arguments = [instead_of, hashed, clock.new_id()]
            return bool(await self._end(self._change_password, account_id, [], arguments))

    async def remove(self, account_id: str) -> None:
        account = _key("account", account_id)
        with _translated():
            found: Any = await self._redis.hmget(account, *TAKEN)
            names = [_key(kind, name or "") for kind, name in zip(TAKEN, found, strict=True)]
            await self._end(self._remove, account_id, names, [account_id])

    async def _end(
        self, script: AsyncScript, account_id: str, others: list[str], arguments: list[str]
    ) -> Any:
        """What the script says once it was given every API key that it ends; the time of each try
        is its last argument.
        """
        own = [_key("account", account_id), _key("keys", account_id), *others]
        while True:
            hashes: Any = await self._redis.hvals(_key("keys", account_id))
            keys = [*own, *(_key("key", hash_) for hash_ in hashes)]
            said = await script(keys, [*arguments, _milliseconds(clock.now())])
            if said != AGAIN:
                return said

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

    async def add_key(self, key: ApiKey, proven_at: datetime, most: int) -> None:
        keys = [_key("account", key.account_id), _key("keys", key.account_id)]
        keys.append(_key("key", key.key_hash))
        with _translated():
            said = [str(most), _milliseconds(proven_at), key.id, key.key_hash, *_flat(key)]
            refused = await self._add_key(keys, said)
        if refused:
            raise REFUSED[refused]

    async def find_key(self, key_hash: str) -> ApiKey | None:
        with _translated():
            return _api_key(await self._redis.hgetall(_key("key", key_hash)))

    async def keys_of(self, account_id: str) -> list[ApiKey]:
        with _translated():
            hashes: Any = await self._redis.hvals(_key("keys", account_id))
            asked = self._redis.pipeline(transaction=False)
            for key_hash in hashes:
                asked.hgetall(_key("key", key_hash))
            found = [_api_key(one) for one in await asked.execute()]
        return sorted((key for key in found if key), key=lambda key: key.id)

    async def end_key(self, account_id: str, key_id: str) -> bool:
        of_account = _key("keys", account_id)
        with _translated():
            key_hash: Any = await self._redis.hget(of_account, key_id)
            if key_hash is None:
                return False
            change = self._redis.pipeline()
            change.hdel(of_account, key_id)
            change.delete(_key("key", key_hash))
            removed, _ = await change.execute()
        return bool(removed)

    async def check(self) -> None:
        with _translated():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


def _key(kind: str, name: str) -> str:
    return f"safelight:{kind}:{name}"


def _flat(key: ApiKey) -> list[str]:
    """Fields and values; what it has none of is left out."""
    values = asdict(key) | {"scopes": " ".join(key.scopes)}
    values["created_at"] = key.created_at.isoformat()
    values["expires_at"] = key.expires_at and key.expires_at.isoformat()
    return [part for pair in values.items() if pair[1] is not None for part in pair]


def _api_key(found: Any) -> ApiKey | None:
    if not found:
        return None
    expires_at = found.pop("expires_at", None)
    return ApiKey(
        scopes=tuple(found.pop("scopes").split()),
        created_at=datetime.fromisoformat(found.pop("created_at")),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        **found,
    )


def _milliseconds(time: datetime) -> str:
    return str(round(time.timestamp() * 1000))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise AccountsUnavailable(f"Redis can't do it now: {error}") from error
