"""Passwords: slow on purpose, and as slow for those who do not exist."""

import asyncio
from statistics import median
from time import process_time

import bcrypt
import pytest

from safelight.image_app.errors import Problem
from safelight.image_app.passwords import AT_ONCE, WAITING, Passwords

PASSWORD = "correct horse battery"


def bcrypt_hash(password: str) -> str:
    """As another product made it; 4 rounds, to be quick."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


async def test_the_right_password_is_right_and_every_other_is_wrong(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(PASSWORD, hashed) == (True, None)
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD + "\0"):
        assert await passwords.verify(wrong, hashed) == (False, None)


async def test_a_hash_is_never_the_same_twice(passwords: Passwords) -> None:
    assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD)


async def test_a_bcrypt_hash_verifies_and_is_to_be_replaced(passwords: Passwords) -> None:
    right, better = await passwords.verify(PASSWORD, bcrypt_hash(PASSWORD))
    assert right
    assert better is not None
    assert better.startswith("$argon2id$")
    assert await passwords.verify(PASSWORD, better) == (True, None)
    assert await passwords.verify("wrong password", bcrypt_hash(PASSWORD)) == (False, None)


async def test_what_bcrypt_would_cut_off_is_not_overlooked(passwords: Passwords) -> None:
    hashed = bcrypt_hash("x" * 72)
    assert (await passwords.verify("x" * 72, hashed))[0]
    assert await passwords.verify("x" * 73, hashed) == (False, None)
    assert await passwords.verify("é" * 37, hashed) == (False, None)


async def test_a_long_password_counts_to_its_last_character(passwords: Passwords) -> None:
    hashed = await passwords.hash("x" * 127 + "a")
    assert await passwords.verify("x" * 127 + "b", hashed) == (False, None)
    assert (await passwords.verify("x" * 127 + "a", hashed))[0]


@pytest.mark.parametrize("password", [PASSWORD, "nobody has this password", ""])
async def test_nobody_can_sign_in_as_nobody(passwords: Passwords, password: str) -> None:
    assert await passwords.verify(password, None) == (False, None)


@pytest.mark.parametrize("hashed", ["", "no hash at all", "$argon2id$", "$2b$04$short"])
async def test_a_hash_that_can_not_be_read_lets_nobody_in(
    passwords: Passwords, hashed: str
) -> None:
    assert await passwords.verify(PASSWORD, hashed) == (False, None)


async def test_an_unknown_user_costs_the_same_work(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)

    async def work(stored: str | None) -> float:
        started = process_time()  # of all threads, and of no other process
        await passwords.verify("wrong password", stored)
        return process_time() - started

    pairs = [(await work(hashed), await work(None)) for _ in range(9)]
    known, unknown = (median(times) for times in zip(*pairs, strict=True))
    assert known / 2 < unknown < known * 2


async def test_of_a_flood_so_many_wait_as_may_and_the_others_are_refused_at_once() -> None:
    passwords = Passwords()
    most = AT_ONCE + WAITING
    checks = [asyncio.create_task(passwords.verify(PASSWORD, None)) for _ in range(most)]
    await asyncio.sleep(0)
    for refused in (passwords.verify(PASSWORD, None), passwords.hash(PASSWORD)):
        with pytest.raises(Problem) as refusal:
            await refused
        assert refusal.value.kind.code == "service-unavailable"
        assert refusal.value.headers["Retry-After"]
    assert not any(check.done() for check in checks)
    checks[-1].cancel()
    ends = await asyncio.gather(*checks, return_exceptions=True)
    assert ends[:-1] == [(False, None)] * (most - 1)
    assert await passwords.verify(PASSWORD, None) == (False, None)


async def test_a_password_is_what_was_typed_composed_or_not(passwords: Passwords) -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    hashed = await passwords.hash(composed)
    assert await passwords.verify(composed, hashed) == (True, None)
    assert await passwords.verify(decomposed, hashed) == (False, None)
