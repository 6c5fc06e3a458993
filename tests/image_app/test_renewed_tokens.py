"""Access tokens when the keys change under them."""

from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from safelight.backends.keyring import CheckingKey, Keyring
from safelight.image_app import clock
from safelight.image_app.tokens import LIFETIME, Tokens
from tests.image_app.given import Pems
from tests.image_app.test_tokens import ACCOUNT, refused
from tests.product import wait_for


def another_ring(pems: Pems, *former: CheckingKey) -> Keyring:
    """A key that has just been made, and others that are taken too."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Keyring(key, (CheckingKey(key.public_key()), *former))


@pytest.fixture
def of_pems(pems: Pems) -> Keyring:
    return Keyring.of(pems.private, pems.public)


def test_a_new_key_signs_at_once_and_the_former_is_taken_to_its_end(
    pems: Pems, of_pems: Keyring
) -> None:
    tokens = Tokens(of_pems)
    old = tokens.issue(ACCOUNT)
    former = of_pems.checking[0]
    tokens.renew(another_ring(pems, CheckingKey(former.key, until=clock.now() + LIFETIME)))
    new = tokens.issue(ACCOUNT)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    assert [tokens.account_of(token) for token in (old, new, old)] == [ACCOUNT] * 3
    assert [key.kid for key in tokens.taken()][1] == former.kid

    tokens.renew(another_ring(pems, CheckingKey(former.key, until=clock.now())))
    assert refused(tokens, old)
    assert len(tokens.taken()) == 1


def test_what_was_remembered_ends_with_its_key(pems: Pems, of_pems: Keyring) -> None:
    tokens = Tokens(of_pems)
    old = tokens.issue(ACCOUNT)
    ring = another_ring(pems)  # which takes a while
    until = clock.now() + timedelta(seconds=5)
    former = CheckingKey(of_pems.checking[0].key, until=until)
    tokens.renew(replace(ring, checking=(*ring.checking, former)))
    assert tokens.account_of(old) == ACCOUNT
    wait_for("the end of the key", lambda: clock.now() >= until)
    assert refused(tokens, old)

    tokens.renew(of_pems)
    assert tokens.account_of(old) == ACCOUNT
    tokens.renew(another_ring(pems))
    assert refused(tokens, old), "a key that is taken away takes with it what was remembered"


def test_no_more_tokens_are_remembered_than_there_is_room_for(of_pems: Keyring) -> None:
    tokens = Tokens(of_pems, remembered=3)
    issued = [tokens.issue(ACCOUNT) for _ in range(5)]
    for token in (*issued, *issued):
        assert tokens.account_of(token) == ACCOUNT
    assert len(tokens._seen) == 3
