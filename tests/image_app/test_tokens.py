"""Access tokens: only those that were signed here, for here, and not long ago."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from safelight.backends.keyring import Keyring
from safelight.image_app import clock, errors
from safelight.image_app.tokens import (
    AUDIENCE,
    ISSUER,
    LEEWAY,
    LIFETIME,
    TYPE,
    Tokens,
    hash_refresh_token,
    new_refresh_token,
)
from tests.image_app.given import Pems

ACCOUNT = "01938a6e-0000-7000-8000-00000000000a"
Forge = Callable[..., str]


@pytest.fixture(scope="module")
def tokens(pems: Pems) -> Tokens:
    return Tokens(Keyring.of(pems.private, pems.public))


@pytest.fixture(scope="module")
def kid(tokens: Tokens) -> str:
    return str(jwt.get_unverified_header(tokens.issue(ACCOUNT))["kid"])


@pytest.fixture(scope="module")
def forge(pems: Pems, kid: str) -> Forge:
    """Signs any claims with the right key: `claim=None` leaves it out."""
    private = Keyring.of(pems.private, pems.public).signing

    def sign(headers: dict[str, Any] | None = None, **changes: Any) -> str:
        now = clock.now()
        claims = {
            "sub": ACCOUNT,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": clock.new_id(),
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        found = {"kid": kid, "typ": TYPE} | (headers or {})
        headers = {name: value for name, value in found.items() if value is not None}
        return jwt.encode(kept, private, "RS256", headers=headers)

    return sign


def refused(tokens: Tokens, token: str) -> bool:
    with pytest.raises(errors.Problem) as refusal:
        tokens.account_of(token)
    return refusal.value.kind is errors.UNAUTHENTICATED


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_a_token_tells_its_account_as_often_as_it_is_asked(tokens: Tokens) -> None:
    token = tokens.issue(ACCOUNT)
    assert [tokens.account_of(token) for _ in range(3)] == [ACCOUNT] * 3


def test_a_token_has_the_claims_of_the_contract(tokens: Tokens) -> None:
    token = tokens.issue(ACCOUNT)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {"sub", "iss", "aud", "iat", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == 600
    assert claims["sub"] == ACCOUNT
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": header["kid"]}


def test_the_forger_of_these_tests_signs_what_is_taken(tokens: Tokens, forge: Forge) -> None:
    assert tokens.account_of(forge()) == ACCOUNT


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_a_signature_is_refused(tokens: Tokens, kid: str, spelling: str) -> None:
    _, claims, signature = tokens.issue(ACCOUNT).split(".")
    header = b64(json.dumps({"alg": spelling, "typ": TYPE, "kid": kid}).encode())
    assert refused(tokens, f"{header}.{claims}.")
    assert refused(tokens, f"{header}.{claims}.{signature}")


@pytest.mark.parametrize("form", ["pem", "stripped pem", "der", "raw der"])
def test_the_public_key_is_no_secret_to_sign_with(
    tokens: Tokens, pems: Pems, kid: str, form: str
) -> None:
    public = load_pem_public_key(pems.public)
    secret = {
        "pem": pems.public,
        "stripped pem": pems.public.strip(),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "raw der": public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    }[form]
    header = b64(json.dumps({"alg": "HS256", "typ": TYPE, "kid": kid}).encode())
    signed = f"{header}.{tokens.issue(ACCOUNT).split('.')[1]}"
    signature = b64(hmac.digest(secret, signed.encode(), sha256))
    assert refused(tokens, f"{signed}.{signature}")


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"kid": None}},
        {"headers": {"kid": ""}},
        {"headers": {"kid": "../../dev/null"}},
        {"headers": {"kid": "0" * 16}},
        {"headers": {"kid": "' OR 1=1 --"}},
        {"headers": {"kid": "https://evil.example/jwks.json"}},
        {"headers": {"typ": "JWT"}},
        {"headers": {"typ": "rt+jwt"}},
        {"headers": {"crit": ["exp"]}},
        {"headers": {"jku": "https://evil.example/jwks.json"}},
        {"headers": {"x5u": "https://evil.example/certificate.pem"}},
        {"headers": {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}},
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "another-issuer"},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"sub": "ann"},
        {"sub": ""},
        {"exp": None},
        {"exp": "soon"},
        {"exp": [1]},
        {"exp": "4102444800"},
        {"exp": 4102444800.5},
        {"exp": True},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": -1},
        {"iat": None},
        {"iat": datetime(2100, 1, 1, tzinfo=UTC)},
        {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
        {"jti": None},
        {"jti": "1"},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_a_token_signed_here_for_something_else_is_refused(
    tokens: Tokens, forge: Forge, changes: dict[str, Any]
) -> None:
    assert refused(tokens, forge(**changes))


@pytest.mark.parametrize("seconds", [-5, 0, 20])
def test_a_token_ends_with_its_lifetime_and_half_a_minute_of_leeway(
    tokens: Tokens, forge: Forge, seconds: int
) -> None:
    token = forge(exp=clock.now() - LEEWAY + timedelta(seconds=seconds))
    if seconds > 0:
        assert tokens.account_of(token) == ACCOUNT
    else:
        assert refused(tokens, token)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("seconds", [-5, 20])
def test_a_token_of_a_clock_that_is_ahead_is_taken_for_half_a_minute(
    tokens: Tokens, forge: Forge, claim: str, seconds: int
) -> None:
    token = forge(**{claim: clock.now() + LEEWAY + timedelta(seconds=seconds)})
    if seconds < 0:
        assert tokens.account_of(token) == ACCOUNT
    else:
        assert refused(tokens, token)


@pytest.mark.parametrize("number", ["1e400", "4102444800.0", "1e10", "NaN", '"4102444800"'])
def test_a_time_is_a_whole_number_however_it_is_spelled(
    tokens: Tokens, pems: Pems, kid: str, number: str
) -> None:
    private = Keyring.of(pems.private, pems.public).signing
    whole = {"sub": ACCOUNT, "iss": ISSUER, "aud": AUDIENCE, "iat": 1, "exp": 0, "jti": ACCOUNT}
    headers = {"kid": kid, "typ": TYPE}
    for spelled, fits in (("4102444800", True), (number, False)):
        claims = json.dumps(whole).replace('"exp": 0', f'"exp": {spelled}').encode()
        token = jwt.PyJWS().encode(claims, private, "RS256", headers)
        assert refused(tokens, token) if not fits else tokens.account_of(token) == ACCOUNT


def test_a_token_of_another_installation_is_refused(tokens: Tokens, kid: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(tokens.issue(ACCOUNT), options={"verify_signature": False})
    assert refused(tokens, jwt.encode(claims, key, "RS256", {"kid": kid, "typ": TYPE}))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_token_with_any_bit_flipped_is_refused(tokens: Tokens, data: st.DataObject) -> None:
    token = tokens.issue(ACCOUNT)
    part = data.draw(st.integers(0, 2))
    segments = token.split(".")
    content = bytearray(base64.urlsafe_b64decode(segments[part] + "=="))
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    content[place // 8] ^= 1 << place % 8
    segments[part] = b64(bytes(content))
    assert refused(tokens, ".".join(segments))


def test_parts_of_two_tokens_make_no_third(tokens: Tokens) -> None:
    one = tokens.issue(ACCOUNT).split(".")
    other = tokens.issue(clock.new_id()).split(".")
    assert refused(tokens, ".".join([one[0], other[1], one[2]]))
    assert refused(tokens, ".".join([*one, *one[:2]]))
    assert refused(tokens, ".".join(one[:2]))
    assert refused(tokens, f"{'.'.join(one)}=")


@given(st.text())
@example("." * 10_000)
@example(b64(b"[" * 20_000) + ".e30.e30")
@example(b64(b'{"alg":"RS256","kid":{"a":1}}') + ".e30.e30")
@example(b64(b"null") + ".e30.e30")
@example("é.é.é")
@example("a" * 1_000_000)
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    assert refused(tokens, token)


def test_a_refresh_token_is_no_access_token(tokens: Tokens) -> None:
    token, _, _ = new_refresh_token()
    assert refused(tokens, token)


def test_of_a_refresh_token_only_its_hash_is_kept() -> None:
    token, kept, expires_at = new_refresh_token()
    assert kept == sha256(token.encode()).hexdigest() == hash_refresh_token(token)
    assert timedelta(days=29) < expires_at - clock.now() <= timedelta(days=30)
    assert new_refresh_token()[0] != token


def test_a_token_says_to_the_millisecond_when_it_was_issued(tokens: Tokens) -> None:
    before = clock.now()
    issued = [tokens.issued_at(tokens.issue(ACCOUNT)) for _ in range(20)]
    assert before <= issued[0]
    assert issued == sorted(issued)
    assert issued[-1] <= clock.now()
