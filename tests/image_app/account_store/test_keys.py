"""API keys, wherever they are kept: found by their hash, ended once and for everybody."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from unittest.mock import ANY

import pytest

from safelight.image_app import clock, credentials
from safelight.image_app.account_store import (
    AccountGone,
    AccountStore,
    ApiKey,
    PasswordChanged,
    TooManyKeys,
)
from tests.image_app.given import a_stored_account

MOST = 50
HASH = ""
"""Of the password that every account of these tests begins with."""


def a_key(account_id: str, lifetime: timedelta | None = None) -> ApiKey:
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


async def add(store: AccountStore, key: ApiKey, most: int = MOST) -> None:
    """By somebody who has just signed in."""
    await store.add_key(key, clock.now() + timedelta(milliseconds=1), most)


async def somebody(store: AccountStore, username: str = "ann") -> str:
    account = a_stored_account(username)
    await store.add(account)
    return account.id


async def kept(store: AccountStore, account_id: str, count: int = 1) -> list[ApiKey]:
    keys = [a_key(account_id) for _ in range(count)]
    for key in keys:
        await add(store, key)
    return sorted(keys, key=lambda key: key.id)


async def test_a_key_is_found_by_its_hash_as_it_was_written(
    store: AccountStore, another: AccountStore
) -> None:
    ann = await somebody(store)
    for key in (a_key(ann), a_key(ann, timedelta(hours=1)), a_key(ann, -timedelta(hours=1))):
        await add(store, key)
        assert await another.find_key(key.key_hash) == key
    only = replace(a_key(ann), scopes=("images:read",))
    await add(store, only)
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


async def test_a_changed_password_ends_all_keys_of_the_account_and_no_other(
    store: AccountStore,
) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    of_ann, [of_bob] = await kept(store, ann, 3), await kept(store, bob)
    assert not await store.change_password(ann, "newer", instead_of="another")
    assert len(await store.keys_of(ann)) == 3
    assert await store.change_password(ann, "newer", instead_of=HASH)
    assert await store.keys_of(ann) == []
    assert [await store.find_key(key.key_hash) for key in of_ann] == [None] * 3
    assert await store.find_key(of_bob.key_hash) == of_bob
    assert await kept(store, ann)


async def test_a_removed_account_takes_its_keys_along(store: AccountStore) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    of_ann, [of_bob] = await kept(store, ann, 3), await kept(store, bob)
    for _ in range(2):
        await store.remove(ann)
        assert await store.keys_of(ann) == []
        assert [await store.find_key(key.key_hash) for key in of_ann] == [None] * 3
    assert await store.find_key(of_bob.key_hash) == of_bob


async def test_no_key_slips_past_the_end_of_all(store: AccountStore, another: AccountStore) -> None:
    ann = await somebody(store)
    hashes = [HASH, *(f"hash {n}" for n in range(20))]
    for old, new in itertools.pairwise(hashes):
        keys, before = [a_key(ann) for _ in range(4)], clock.now()
        adding = [store.add_key(key, before, MOST) for key in keys]
        changing = another.change_password(ann, new, old)
        changed, *said = await asyncio.gather(changing, *adding, return_exceptions=True)
        assert changed is True
        assert {type(word) for word in said} <= {type(None), PasswordChanged}
        assert await store.keys_of(ann) == []
        assert [await store.find_key(key.key_hash) for key in keys] == [None] * 4


async def test_who_was_known_before_the_password_changed_makes_no_key(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    before = clock.now()
    await store.set_password_hash(ann, "better", instead_of=HASH)
    await store.add_key(a_key(ann), before, MOST)
    assert await another.change_password(ann, "newer", instead_of="better")
    key = a_key(ann)
    with pytest.raises(PasswordChanged):
        await store.add_key(key, before, MOST)
    assert await store.find_key(key.key_hash) is None
    await store.add_key(a_key(bob), before, MOST)
    await add(store, key)
    assert await another.find(ann) == replace(
        a_stored_account("ann"), id=ann, password_hash="newer", created_at=ANY
    )


async def test_an_account_has_no_more_keys_than_it_may(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = await somebody(store), await somebody(store, "bob")
    wanted = [a_key(ann) for _ in range(12)]
    adding = [add((store, another)[n % 2], key, 5) for n, key in enumerate(wanted)]
    said = await asyncio.gather(*adding, return_exceptions=True)
    assert [type(word) for word in said if word] == [TooManyKeys] * 7
    there = await store.keys_of(ann)
    assert len(there) == 5
    assert len([k for k in wanted if await store.find_key(k.key_hash)]) == 5
    await add(store, a_key(bob), 5)
    await store.end_key(ann, there[0].id)
    await add(store, a_key(ann), 5)


async def test_an_account_that_is_gone_gets_no_key(store: AccountStore) -> None:
    key = a_key(clock.new_id())
    with pytest.raises(AccountGone):
        await add(store, key)
    assert await store.find_key(key.key_hash) is None
