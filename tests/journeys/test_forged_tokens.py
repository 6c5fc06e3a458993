"""Forged tokens, by somebody without the key and by somebody with it: none opens anything."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from tests.canary import Canary
from tests.client import PASSWORD, Client
from tests.journeys import wire
from tests.journeys.answers import assert_problem
from tests.journeys.forger import Forger, rs256, segment
from tests.product import Product

TOO_LONG = (400, 401, 431)


@pytest.fixture
def forger(product: Product, ann: Client) -> Forger:
    return Forger(product, ann)


@pytest.fixture
def thief(stranger: Client, product: Product) -> Iterator[Client]:
    """Somebody whose tokens never open anything, nor are they in the log."""
    shown: list[str] = []
    stranger.event_hooks["request"] = [
        lambda request: shown.append(request.headers.get("authorization", ""))
    ]
    yield stranger
    log = product.log.read_text()
    for token in {value.removeprefix("Bearer ") for value in shown}:
        assert len(token) < 20 or token[-20:] not in log


def opens(client: Client, token: str) -> bool:
    """Whether it does; what does not is refused as what every other is."""
    answer = client.get("/v1/images", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code == 200:
        return True
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    return False


def test_the_forger_of_these_stories_has_the_right_key(thief: Client, forger: Forger) -> None:
    assert opens(thief, forger.signed())
    assert opens(thief, forger.signed(more="said"))


@pytest.mark.parametrize("spelling", ["none", "None", "nOnE", "NONE", "", "RS256"])
def test_what_nobody_signed_opens_nothing(thief: Client, forger: Forger, spelling: str) -> None:
    header = segment(forger.header | {"alg": spelling})
    _, claims, signature = forger.genuine.split(".")
    assert not opens(thief, f"{header}.{claims}.")
    assert not opens(thief, f"{segment({'alg': spelling, 'typ': 'JWT'})}.{claims}.")
    if spelling != "RS256":
        assert not opens(thief, f"{header}.{claims}.{signature}")


def test_what_everybody_knows_is_no_secret_to_sign_with(thief: Client, forger: Forger) -> None:
    published = thief.get("/.well-known/jwks.json")
    [key] = [k for k in published.json()["keys"] if k["kid"] == forger.header["kid"]]
    public = load_pem_public_key(forger.public)
    assert isinstance(public, rsa.RSAPublicKey)
    modulus = base64.urlsafe_b64decode(key["n"] + "==")
    assert int.from_bytes(modulus, "big") == public.public_numbers().n
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (
        forger.public,
        pem,
        pem.strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        published.content,
        json.dumps(key).encode(),
        modulus,
        key["n"].encode(),
        key["kid"].encode(),
        b"",
    ):
        assert not opens(thief, forger.keyed(secret))


def test_a_header_leads_nobody_to_another_key(thief: Client, forger: Forger) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    with Canary() as canary:
        for header in (
            {"kid": "../../dev/null"},
            {"kid": "' OR 1=1 --"},
            {"kid": canary.url},
            {"kid": "0" * 16},
            {"kid": ""},
            {"kid": [forger.header["kid"]]},
            {"kid": {"a": 1}},
            {"jku": canary.url},
            {"x5u": canary.url},
            {"x5c": ["MAA="]},
            {"jwk": own},
            {"crit": ["exp"]},
            {"crit": ["b64"], "b64": False},
            {"zip": "DEF"},
            {"typ": "JWT"},
        ):
            for private in (key, forger.private):
                token = rs256(private, forger.header | header, forger.claims)
                assert not opens(thief, token), header
        assert not opens(thief, rs256(key, forger.header, forger.claims))
        assert opens(thief, rs256(forger.private, forger.header, forger.claims))
        assert not opens(thief, forger.signed({"kid": None}))
        assert not opens(thief, forger.signed({"typ": None}))
    assert canary.calls == []


def test_a_token_is_taken_in_its_time_and_half_a_minute_around_it(
    thief: Client, forger: Forger
) -> None:
    for seconds, taken in ((-61, False), (-35, False), (-10, True), (59, True), (600, True)):
        assert opens(thief, forger.at(exp=seconds)) == taken, seconds
    for seconds, taken in ((-600, True), (0, True), (20, True), (45, False), (61, False)):
        assert opens(thief, forger.at(nbf=seconds)) == taken, seconds
        assert opens(thief, forger.at(iat=seconds)) == taken, seconds


@pytest.mark.parametrize(
    "exp", ['"4102444800"', "4102444800.0", "4.1e9", "1e400", "true", "null", "[4102444800]", "-1"]
)
def test_a_time_is_a_whole_number_or_the_token_is_none(
    thief: Client, forger: Forger, exp: str
) -> None:
    claims = json.dumps(forger.claims | {"exp": 0}).replace('"exp": 0', f'"exp": {exp}')
    assert not opens(thief, forger.signed_bytes(claims.encode()))


def test_a_token_for_something_or_somebody_else_opens_nothing(
    thief: Client, forger: Forger, ann: Client
) -> None:
    for claims in (
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": ann.username},
        {"sub": 1},
        {"exp": None},
        {"iat": None},
        {"jti": None},
    ):
        assert not opens(thief, forger.signed(**claims)), claims
    for content in (b"", b"[]", b"null", b"{", b"\xff", b"{}" * 1000, b"[" * 2000):
        assert not opens(thief, forger.signed_bytes(content))


def test_an_access_and_a_refresh_token_are_not_the_same(thief: Client, ann: Client) -> None:
    form = {"grant_type": "password", "username": ann.username, "password": PASSWORD}
    pair = ann.post("/v1/auth/token", data=form).json()
    assert opens(thief, pair["access_token"])
    assert not opens(thief, pair["refresh_token"])
    swapped = {"grant_type": "refresh_token", "refresh_token": pair["access_token"][:200]}
    answer = thief.post("/v1/auth/token", data=swapped)
    assert_problem(answer, 401, "invalid-refresh-token")
    swapped["refresh_token"] = pair["access_token"]
    assert thief.post("/v1/auth/token", data=swapped).status_code in (401, 422)


def _another(letter: str) -> str:
    return "B" if letter == "A" else "A"


def test_a_token_in_another_form_opens_nothing(thief: Client, forger: Forger) -> None:
    header, claims, signature = forger.genuine.split(".")
    for token in (
        f"{header}.{claims}.{signature[:-1]}{_another(signature[-1])}",
        f"{header}.{claims}.{_another(signature[0])}{signature[1:]}",
        f"{claims}.{header}.{signature}",
        f"{header}.{claims}",
        f"{header}.{claims}.{signature}=",
        f"{header}.{claims}.{signature}.{signature}.{signature}",
        f"{segment({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.{claims}.{claims}.{claims}.{signature}",
        f"{segment({'alg': 'dir', 'enc': 'A256GCM'})}..{claims}.{claims}.{signature}",
        "..",
        ".",
        "no-token-of-anybody-" * 250,
    ):
        assert not opens(thief, token), token[:60]


def test_a_token_of_a_megabyte_is_refused_before_it_is_looked_at(
    thief: Client, forger: Forger
) -> None:
    header, claims, signature = forger.genuine.split(".")
    with wire.connect(thief) as connection:
        said = f"Authorization: Bearer {header}.{claims}{'A' * (1 << 20)}.{signature}"
        with suppress(BrokenPipeError, ConnectionResetError):  # it may not wait for its end
            connection.sendall(wire.head(thief, said, signed_in=False))
            assert wire.hear(connection).status in TOO_LONG
    assert opens(thief, forger.genuine), "and it goes on"


def test_a_token_counts_once_and_in_its_header_alone(
    thief: Client, forger: Forger, product: Product
) -> None:
    genuine = f"Bearer {forger.genuine}"
    for headers in (
        [("Authorization", genuine), ("Authorization", genuine)],
        [("Authorization", genuine), ("Authorization", "Bearer x")],
        [("Authorization", f"{genuine}, {genuine}")],
        [("Authorization", f"Basic {forger.genuine}")],
        [("Authorization", forger.genuine)],
        [("Authorization", "Bearer")],
        [("X-Authorization", genuine)],
        [("Cookie", f"access_token={forger.genuine}")],
    ):
        assert_problem(thief.get("/v1/images", headers=headers), 401, "unauthenticated")
    for name in ("access_token", "token", "authorization", "jwt"):
        answer = thief.get("/v1/images", params={name: forger.genuine})
        assert_problem(answer, 401, "unauthenticated")
        assert forger.genuine not in answer.text
    assert forger.genuine[-20:] not in product.log.read_text()
