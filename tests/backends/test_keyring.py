"""Keys as they stand in two PEM files."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from safelight.backends.keyring import CheckingKey, Keyring, read_public, written

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def a_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return a_key()


@pytest.fixture(scope="module")
def other() -> rsa.RSAPrivateKey:
    return a_key()


def test_what_was_written_of_keys_is_read_again(
    key: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey
) -> None:
    keys = [
        CheckingKey(key.public_key(), NOON),
        CheckingKey(other.public_key(), NOON, NOON + timedelta(minutes=11)),
        CheckingKey(a_key().public_key()),
    ]
    assert read_public(written(keys)) == keys


def test_the_first_key_is_read_by_whoever_knows_of_one(
    key: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey
) -> None:
    keys = [CheckingKey(key.public_key(), NOON, NOON), CheckingKey(other.public_key(), NOON)]
    assert load_pem_public_key(written(keys)) == key.public_key()


def test_a_pair_as_every_tool_makes_it_is_a_keyring(key: rsa.RSAPrivateKey) -> None:
    ring = Keyring.of(private_pem(key), public_pem(key))
    assert ring.signing.private_numbers() == key.private_numbers()
    assert ring.checking == (CheckingKey(key.public_key()),)


def test_what_signs_has_no_end_whatever_was_said(
    key: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey
) -> None:
    keys = [CheckingKey(other.public_key(), NOON), CheckingKey(key.public_key(), NOON, NOON)]
    ring = Keyring.of(private_pem(key), written([*keys, keys[1]]))
    assert ring.checking == (CheckingKey(key.public_key(), NOON), keys[0])


def test_keys_that_are_weak_or_no_rsa_pair_are_refused_with_the_reason(
    key: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey
) -> None:
    weak, curve = a_key(1024), ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ValueError, match="1024 bits; 2048 are needed"):
        Keyring.of(private_pem(weak), public_pem(weak))
    with pytest.raises(ValueError, match="1024 bits; 2048 are needed"):
        Keyring.of(private_pem(key), public_pem(key) + public_pem(weak))
    for pair in ((curve, curve), (curve, key), (key, curve)):
        with pytest.raises(ValueError, match="must be RSA"):
            Keyring.of(private_pem(pair[0]), public_pem(pair[1]))
    with pytest.raises(ValueError, match="not a pair"):
        Keyring.of(private_pem(key), public_pem(other))


@pytest.mark.parametrize(
    "said",
    ["Until: soon\n", "Until: 2026-05-04T12:00:00\n", "Until: \n", "Until: 2026-13-01T00:00:00Z\n"],
)
def test_an_end_that_can_not_be_read_is_refused(key: rsa.RSAPrivateKey, said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Keyring.of(private_pem(key), said.encode() + public_pem(key))


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff", b"-----BEGIN PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(key: rsa.RSAPrivateKey, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Keyring.of(private_pem(key), content)
    with pytest.raises(ValueError, match=r"."):
        Keyring.of(content, public_pem(key))
