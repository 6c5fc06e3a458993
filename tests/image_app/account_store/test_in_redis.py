"""What only Redis does: expire by itself, be killed, be away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from safelight.image_app import clock
from safelight.image_app.account_store import AccountsUnavailable
from safelight.image_app.account_store.in_redis import ANSWER_SECONDS, RedisAccounts
from tests.image_app.account_store.given import a_session, a_token, rotated
from tests.image_app.given import a_stored_account
from tests.servers import Valkey

UNKNOWN = a_token()

CALLS: list[Callable[[RedisAccounts], Awaitable[Any]]] = [
    lambda store: store.add(a_stored_account("bob")),
    lambda store: store.find(clock.new_id()),
    lambda store: store.find_by_login("ann"),
    lambda store: store.set_password_hash(clock.new_id(), "", ""),
    lambda store: store.is_there(clock.new_id()),
    lambda store: store.change_password(clock.new_id(), "", ""),
    lambda store: store.remove(clock.new_id()),
    lambda store: store.end_session("unknown"),
    lambda store: store.begin_session(clock.new_id(), a_token(), ""),
    lambda store: rotated(store, UNKNOWN),
    lambda store: store.check(),
]


async def test_sessions_expire_by_themselves_and_accounts_never_do(valkey: Valkey) -> None:
    url = valkey.create()
    store, client = RedisAccounts(url), Redis.from_url(url, decode_responses=True)
    _, token = await a_session(store)
    await rotated(store, token)
    expiring = {}
    async for key in client.scan_iter():
        expiring[key] = await client.pttl(key) > 0
    kinds = [(key.split(":")[1], expires) for key, expires in sorted(expiring.items())]
    assert kinds == [
        ("account", False),
        ("email", False),
        ("session", True),
        ("token", True),
        ("token", True),
        ("username", False),
    ]
    await client.aclose()
    await store.close()


async def test_a_session_of_an_earlier_release_goes_on(valkey: Valkey) -> None:
    url = valkey.create()
    store, client = RedisAccounts(url), Redis.from_url(url, decode_responses=True)
    account_id, token = await a_session(store)
    async for key in client.scan_iter("safelight:session:*"):
        await client.hdel(key, "era")
    assert await rotated(store, token) == account_id
    await client.aclose()
    await store.close()


async def test_accounts_and_sessions_survive_a_server_that_is_killed(
    own_valkey: Valkey, kept: RedisAccounts
) -> None:
    accounts = [a_stored_account(f"user-{n}") for n in range(20)]
    for account in accounts:
        await kept.add(account)
    account_id, token = await a_session(kept)
    replacement = a_token()
    await rotated(kept, token, replacement)
    own_valkey.kill()
    await asyncio.to_thread(own_valkey.start)
    assert [await kept.find(account.id) for account in accounts] == accounts
    assert await rotated(kept, replacement) == account_id


async def test_a_server_that_is_away_is_an_exception_of_ours_until_it_is_back(
    own_valkey: Valkey, kept: RedisAccounts
) -> None:
    account_id, token = await a_session(kept)
    own_valkey.kill()
    for call in CALLS:
        with pytest.raises(AccountsUnavailable):
            await call(kept)
    await asyncio.to_thread(own_valkey.start)
    await kept.check()
    assert await rotated(kept, token) == account_id


async def test_a_server_that_is_frozen_is_not_waited_for(
    own_valkey: Valkey, kept: RedisAccounts
) -> None:
    ann = a_stored_account("ann")
    await kept.add(ann)
    own_valkey.pause()
    async with asyncio.timeout(30 * ANSWER_SECONDS):
        ends = await asyncio.gather(*(call(kept) for call in CALLS), return_exceptions=True)
    assert {type(end) for end in ends} == {AccountsUnavailable}
    own_valkey.resume()
    assert await kept.find_by_login("ann") == ann


async def test_a_server_that_refuses_to_write_is_an_exception_of_ours(
    own_valkey: Valkey, kept: RedisAccounts
) -> None:
    client = Redis.from_url(own_valkey.create())
    await client.config_set("maxmemory", "1")
    with pytest.raises(AccountsUnavailable):
        await kept.add(a_stored_account("ann"))
    await client.config_set("maxmemory", "0")
    assert await kept.find_by_login("ann") is None
    await kept.add(a_stored_account("ann"))
    await client.aclose()


@pytest.mark.parametrize("url", ["kafka://host:9092", "host:6379", "redis://host:port/0"])
def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        RedisAccounts(url)
