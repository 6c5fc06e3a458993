"""How sessions and accounts end, wherever they are kept: at once, for every process, for good."""

import asyncio

import pytest

from safelight.image_app import clock
from safelight.image_app.account_store import AccountStore
from tests.image_app.account_store.given import a_session, a_token, rotated
from tests.image_app.given import a_stored_account

RACES = 15


async def test_a_revoked_session_ends_by_any_of_its_tokens_and_takes_no_other_along(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, elsewhere = await a_session(store)
    for by_the_spent_one in (True, False):
        first, second = a_token(), a_token()
        await store.begin_session(account_id, first, "")
        assert await rotated(store, first, second) == account_id
        await another.end_session((first if by_the_spent_one else second).token_hash)
        assert await rotated(store, second) is None
    assert await rotated(store, elsewhere) == account_id


async def test_whatever_else_is_revoked_changes_nothing(store: AccountStore) -> None:
    account_id, token = await a_session(store)
    for unknown in (a_token().token_hash, "", "*", account_id):
        await store.end_session(unknown)
    assert await rotated(store, token) == account_id


async def test_a_changed_password_ends_every_session_of_the_account_and_no_other(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, first = await a_session(store)
    bob, of_bob = await a_session(store, "bob")
    second, third = a_token(), a_token()
    await store.begin_session(account_id, second, "")
    assert await rotated(store, second, third) == account_id

    assert await another.change_password(account_id, "new", instead_of="")

    for token in (first, second, third):
        assert await rotated(store, token) is None
    assert await rotated(store, of_bob) == bob
    found = await store.find(account_id)
    assert found is not None
    assert found.password_hash == "new"
    token = a_token()
    assert await store.begin_session(account_id, token, "new")
    assert await rotated(another, token) == account_id


async def test_a_password_that_was_changed_meanwhile_is_not_changed_again(
    store: AccountStore,
) -> None:
    account_id, token = await a_session(store)
    assert not await store.change_password(account_id, "new", instead_of="another")
    assert not await store.set_password_hash(account_id, "new", instead_of="another")
    assert not await store.change_password(clock.new_id(), "new", instead_of="")
    found = await store.find(account_id)
    assert found is not None
    assert found.password_hash == ""
    assert await rotated(store, token) == account_id


async def test_a_better_hash_of_the_same_password_ends_no_session(store: AccountStore) -> None:
    account_id, token = await a_session(store)
    assert await store.set_password_hash(account_id, "better", instead_of="")
    assert await rotated(store, token) == account_id


async def test_no_session_begins_with_a_password_that_is_no_longer_right(
    store: AccountStore,
) -> None:
    account_id, _ = await a_session(store)
    for nobody, proof in ((account_id, "another"), (clock.new_id(), "")):
        token = a_token()
        assert not await store.begin_session(nobody, token, proof)
        assert await rotated(store, token) is None


async def test_a_removed_account_can_not_be_used_and_its_names_are_free(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, token = await a_session(store)
    bob, of_bob = await a_session(store, "bob")
    assert await another.is_there(account_id)

    await store.remove(account_id)

    assert not await another.is_there(account_id)
    assert await another.find(account_id) is None
    for login in ("ann", "ann@example.com"):
        assert await another.find_by_login(login) is None
    assert await rotated(another, token) is None
    assert not await store.begin_session(account_id, a_token(), "")
    assert await rotated(store, of_bob) == bob
    await another.add(a_stored_account("ann"))


async def test_removing_again_takes_nothing_from_who_has_the_name_now(store: AccountStore) -> None:
    account_id, _ = await a_session(store)
    await store.remove(account_id)
    successor = a_stored_account("ann")
    await store.add(successor)
    await store.remove(account_id)
    await store.remove(clock.new_id())
    assert await store.find_by_login("ann") == successor
    assert await store.find_by_login("ann@example.com") == successor


@pytest.mark.parametrize("end", ["changed", "removed"])
async def test_nothing_slips_past_the_end_of_all_sessions(
    store: AccountStore, another: AccountStore, end: str
) -> None:
    for number in range(RACES):
        account_id, token = await a_session(store, f"user-{number}")
        replacement, late = a_token(), a_token()
        await asyncio.gather(
            rotated(store, token, replacement),
            another.remove(account_id)
            if end == "removed"
            else another.change_password(account_id, "new", instead_of=""),
            store.begin_session(account_id, late, ""),
        )
        for left in (token, replacement, late):
            assert await rotated(store, left) is None
