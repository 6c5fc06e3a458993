"""Stores to be opened, tokens and keys to be kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from safelight.backends.database import Database
from safelight.image_app import clock, credentials, tokens
from safelight.image_app.account_store import AccountStore, ApiKey, RefreshToken
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.account_store.in_redis import RedisAccounts
from tests.image_app.given import a_stored_account

LATER = timedelta(hours=1)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AccountStore]:
    if url.startswith("redis://"):
        in_redis = RedisAccounts(url)
        yield in_redis
        await in_redis.close()
    else:
        database = Database(url)
        yield DatabaseAccounts(database)
        await database.close()


def a_token(lifetime: timedelta = LATER) -> RefreshToken:
    _, token_hash, _ = tokens.new_refresh_token()
    return RefreshToken(token_hash, clock.now() + lifetime)


def a_key(account_id: str, lifetime: timedelta | None = None) -> ApiKey:
    """One that may do everything."""
    key, now = credentials.new_key(), clock.now()
    return ApiKey(
        id=clock.new_id(),
        account_id=account_id,
        key_hash=credentials.hash_key(key),
        hint=key[: credentials.HINT],
        name='my name\'s\n"key" é 🔑',
        scopes=("images:read", "images:write"),
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
    )


async def a_session(store: AccountStore, username: str = "ann") -> tuple[str, RefreshToken]:
    """Somebody who has just signed in: the account's id and the token."""
    account, token = a_stored_account(username), a_token()
    await store.add(account)
    await store.begin_session(account.id, token)
    return account.id, token


async def rotated(
    store: AccountStore, token: RefreshToken, replacement: RefreshToken | None = None
) -> str | None:
    """What becomes of a token that is used now."""
    return await store.rotate(token.token_hash, clock.now(), replacement or a_token())
