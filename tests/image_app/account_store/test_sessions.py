"""Sessions, wherever they are kept: a token is good once, and a replayed one ends its family."""

import asyncio
from datetime import timedelta

from safelight.image_app import clock
from safelight.image_app.account_store import AccountStore
from tests.image_app.account_store.given import LATER, a_session, a_token, rotated


async def test_a_token_is_replaced_again_and_again(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, token = await a_session(store)
    for turn in range(4):
        replacement = a_token()
        assert await rotated((store, another)[turn % 2], token, replacement) == account_id
        token = replacement


async def test_an_unknown_token_is_good_for_nothing(store: AccountStore) -> None:
    _, token = await a_session(store)
    replacement = a_token()
    assert await rotated(store, a_token(), replacement) is None
    assert await rotated(store, replacement) is None
    assert await rotated(store, token)


async def test_an_expired_token_is_good_for_nothing(store: AccountStore) -> None:
    _, token = await a_session(store)
    replacement = a_token(2 * LATER)
    for now in (token.expires_at, token.expires_at + timedelta(days=1)):
        assert await store.rotate(token.token_hash, now, replacement) is None
    assert await rotated(store, replacement) is None


async def test_a_token_that_was_kept_too_late_is_good_for_nothing(store: AccountStore) -> None:
    account_id, _ = await a_session(store)
    stale = a_token(-LATER)
    await store.begin_session(account_id, stale, "")
    assert await rotated(store, stale) is None


async def test_a_token_is_good_until_it_expires(store: AccountStore) -> None:
    account_id, token = await a_session(store)
    last_moment = token.expires_at - timedelta(milliseconds=1)
    assert await store.rotate(token.token_hash, last_moment, a_token()) == account_id


async def test_a_replacement_lives_as_long_as_it_says_itself(store: AccountStore) -> None:
    account_id, token = await a_session(store)
    replacement = a_token(3 * LATER)
    assert await rotated(store, token, replacement) == account_id
    later = clock.now() + 2 * LATER
    assert await store.rotate(replacement.token_hash, later, a_token(4 * LATER)) == account_id


async def test_a_replayed_token_ends_its_family_and_no_other(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, first = await a_session(store)
    second, third, elsewhere = a_token(), a_token(), a_token()
    await store.begin_session(account_id, elsewhere, "")
    bob, of_bob = await a_session(store, "bob")
    assert await rotated(store, first, second) == account_id
    assert await rotated(store, second, third) == account_id

    assert await rotated(another, first) is None

    for token in (first, second, third):
        assert await rotated(store, token) is None
    assert await rotated(store, elsewhere) == account_id
    assert await rotated(store, of_bob) == bob


async def test_of_many_at_once_with_one_token_one_succeeds(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, token = await a_session(store)
    wanted = [a_token() for _ in range(12)]
    turns = [rotated((store, another)[n % 2], token, new) for n, new in enumerate(wanted)]
    assert sorted(await asyncio.gather(*turns), key=bool) == [None] * 11 + [account_id]
    for replacement in wanted:
        assert await rotated(store, replacement) is None, "the others replayed the token"


async def test_no_rotation_slips_past_the_end_of_its_family(
    store: AccountStore, another: AccountStore
) -> None:
    account_id, _ = await a_session(store)
    for _ in range(20):
        spent, current, replacement = a_token(), a_token(), a_token()
        await store.begin_session(account_id, spent, "")
        await rotated(store, spent, current)
        _, replayed = await asyncio.gather(
            rotated(store, current, replacement), rotated(another, spent)
        )
        assert replayed is None
        assert await rotated(store, replacement) is None
