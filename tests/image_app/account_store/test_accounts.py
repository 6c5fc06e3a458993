"""Accounts, wherever they are kept: found as written, with names that are theirs alone."""

import asyncio

import pytest

from safelight.image_app import clock
from safelight.image_app.account_store import AccountStore, EmailTaken, UsernameTaken
from tests.image_app.given import a_stored_account


async def test_an_account_is_found_by_id_username_and_email_as_it_was_written(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = a_stored_account("ann"), a_stored_account("bob")
    for account in (ann, bob):
        await store.add(account)
    assert await another.find(ann.id) == ann
    assert await another.find_by_login("ann") == ann
    assert await another.find_by_login("bob@example.com") == bob


async def test_a_login_is_found_in_whatever_case(store: AccountStore) -> None:
    ann = a_stored_account("ann")
    await store.add(ann)
    assert await store.find_by_login("Ann") == ann
    assert await store.find_by_login("ANN@Example.com") == ann


async def test_who_never_registered_is_nobody(store: AccountStore) -> None:
    await store.add(a_stored_account("ann"))
    assert await store.find(clock.new_id()) is None
    for login in ("bob", "bob@example.com", "an", "", "*", "ann@example.com\0", "é" * 320):
        assert await store.find_by_login(login) is None


async def test_a_username_is_taken_once(store: AccountStore, another: AccountStore) -> None:
    ann, other = a_stored_account("ann"), a_stored_account("ann", "other@example.com")
    await store.add(ann)
    with pytest.raises(UsernameTaken):
        await another.add(other)
    assert await store.find(other.id) is None
    assert await store.find_by_login("ann") == ann
    await store.add(a_stored_account("other", "other@example.com"))


async def test_an_email_is_taken_once(store: AccountStore, another: AccountStore) -> None:
    ann, other = a_stored_account("ann"), a_stored_account("other", "ann@example.com")
    await store.add(ann)
    with pytest.raises(EmailTaken):
        await another.add(other)
    assert await store.find(other.id) is None
    assert await store.find_by_login("ann@example.com") == ann
    await store.add(a_stored_account("other"))


async def test_when_both_are_taken_the_username_is_named(store: AccountStore) -> None:
    await store.add(a_stored_account("ann"))
    await store.add(a_stored_account("bob"))
    with pytest.raises(UsernameTaken):
        await store.add(a_stored_account("ann", "bob@example.com"))


@pytest.mark.parametrize(
    ("username", "email", "refusal"),
    [("ann", "ann-{}@example.com", UsernameTaken), ("ann-{}", "ann@example.com", EmailTaken)],
)
async def test_of_many_who_want_one_name_at_once_one_gets_it(
    store: AccountStore,
    another: AccountStore,
    username: str,
    email: str,
    refusal: type[Exception],
) -> None:
    wanted = [a_stored_account(username.format(n), email.format(n)) for n in range(12)]
    adding = [(store, another)[n % 2].add(account) for n, account in enumerate(wanted)]
    ends = await asyncio.gather(*adding, return_exceptions=True)
    assert [type(end) for end in ends if end] == [refusal] * 11
    there = [account for account in wanted if await store.find(account.id)]
    assert there == [wanted[ends.index(None)]]
    login = "ann" if refusal is UsernameTaken else "ann@example.com"
    assert await another.find_by_login(login) == there[0]


async def test_a_new_password_hash_replaces_the_old_one(
    store: AccountStore, another: AccountStore
) -> None:
    ann, bob = a_stored_account("ann"), a_stored_account("bob")
    for account in (ann, bob):
        await store.add(account)
    await store.set_password_hash(ann.id, "$argon2id$new", "")
    found = await another.find(ann.id)
    assert found is not None
    assert found.password_hash == "$argon2id$new"
    assert await another.find(bob.id) == bob


async def test_a_store_that_answers_is_well(store: AccountStore) -> None:
    await store.check()
