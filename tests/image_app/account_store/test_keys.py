"""API keys, wherever they are kept: found by their hash, ended once and for everybody."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from safelight.image_app import clock
from safelight.image_app.account_store import AccountGone, AccountStore, ApiKey, TooManyKeys
from tests.image_app.account_store.given import a_key
from tests.image_app.given import a_stored_account

MOST = 50


async def somebody(store: AccountStore, username: str = "ann") -> str:
    account = a_stored_account(username)
    await store.add(account)
    return account.id


async def kept(store: AccountStore, account_id: str, count: int = 1) -> list[ApiKey]:
    keys = [a_key(account_id) for _ in range(count)]
    for key in keys:
        await store.add_key(key, MOST)
    return sorted(keys, key=lambda key: key.id)


async def test_a_key_is_found_by_its_hash_as_it_was_written(
    store: AccountStore, another: AccountStore
) -> None:
    ann = await somebody(store)
    for key in (a_key(ann), a_key(ann, timedelta(hours=1)), a_key(ann, -timedelta(hours=1))):
        await store.add_key(key, MOST)
        assert await another.find_key(key.key_hash) == key
    only = replace(a_key(ann), scopes=("images:read",))
    await store.add_key(only, MOST)
    assert await another.find_key(only.key_hash) == only


async def test_an_unknown_key_is_nobody_s(store: AccountStore) -> None:
    [key] = await kept(store, await somebody(store))
    for unknown in ("", "*", key.id, key.key_hash[:-1], key.key_hash.upper()):
        assert await store.find_key(unknown) is None


async def test_the_keys_of_an_account_are_its_own_oldest_first(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    of_ann, of_bob = await kept(store, ann, 5), await kept(store, bob)
    assert await another.keys_of(ann) == of_ann
    assert await another.keys_of(bob) == of_bob
    assert await another.keys_of(clock.new_id()) == []


async def test_an_ended_key_is_dead_for_every_process(
    store: AccountStore, another: AccountStore
) -> None:
    ann = await somebody(store)
    first, second = await kept(store, ann, 2)
    assert await store.end_key(ann, first.id)
    assert await another.find_key(first.key_hash) is None
    assert await another.keys_of(ann) == [second]
    assert not await another.end_key(ann, first.id)


async def test_nobody_ends_another_account_s_key(store: AccountStore) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    [key] = await kept(store, ann)
    assert not await store.end_key(bob, key.id)
    assert not await store.end_key(ann, clock.new_id())
    assert await store.find_key(key.key_hash) == key


async def test_of_many_who_end_one_key_at_once_one_is_told_that_it_was_there(
    store: AccountStore, another: AccountStore
) -> None:
    ann = await somebody(store)
    [key] = await kept(store, ann)
    ended = await asyncio.gather(*((store, another)[n % 2].end_key(ann, key.id) for n in range(10)))
    assert sorted(ended) == [False] * 9 + [True]


async def test_all_keys_of_an_account_end_and_no_other(store: AccountStore) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    of_ann, [of_bob] = await kept(store, ann, 3), await kept(store, bob)
    for _ in range(2):
        await store.end_keys(ann)
        assert await store.keys_of(ann) == []
        assert [await store.find_key(key.key_hash) for key in of_ann] == [None] * 3
    assert await store.find_key(of_bob.key_hash) == of_bob
    assert await kept(store, ann)


async def test_no_key_slips_past_the_end_of_all(store: AccountStore, another: AccountStore) -> None:
    ann = await somebody(store)
    for _ in range(10):
        keys = [a_key(ann) for _ in range(4)]
        adding = [store.add_key(key, MOST) for key in keys]
        await asyncio.gather(another.end_keys(ann), *adding)
        listed = [key.key_hash for key in await store.keys_of(ann)]
        alive = [key.key_hash for key in keys if await store.find_key(key.key_hash)]
        assert sorted(alive) == sorted(listed), "a key that lives on can be seen and ended"
        await another.end_keys(ann)


async def test_an_account_has_no_more_keys_than_it_may(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    wanted = [a_key(ann) for _ in range(12)]
    adding = [(store, another)[n % 2].add_key(key, 5) for n, key in enumerate(wanted)]
    said = await asyncio.gather(*adding, return_exceptions=True)
    assert [type(word) for word in said if word] == [TooManyKeys] * 7
    there = await store.keys_of(ann)
    assert len(there) == 5
    assert len([k for k in wanted if await store.find_key(k.key_hash)]) == 5
    await store.add_key(a_key(bob), 5)
    await store.end_key(ann, there[0].id)
    await store.add_key(a_key(ann), 5)


async def test_an_account_that_is_gone_gets_no_key(store: AccountStore) -> None:
    key = a_key(clock.new_id())
    with pytest.raises(AccountGone):
        await store.add_key(key, MOST)
    assert await store.find_key(key.key_hash) is None
