"""Keys that change while the product runs: every process of it knows at once, none is restarted."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from safelight.backends import keyfiles
from safelight.backends.keyring import read_public, written
from tests import logbook, plain_http
from tests.client import Client
from tests.journeys.answers import assert_problem, assert_safe
from tests.journeys.conftest import Make
from tests.journeys.forger import b64
from tests.product import Product, wait_for
from tests.scaled import ScaledProduct

PRIVATE_PARTS = ("PRIVATE KEY", '"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"')
KID = re.compile(r"[0-9a-f]{16}")


@pytest.fixture(scope="module")
def pair(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product that shares its keys with nobody; scaled, two APIs and nobody to open pictures."""
    folder = tmp_path_factory.mktemp("pair")
    product = make(folder) if make is Product else make(folder, apis=2, processors=0)
    try:
        product.start()
        yield product
        assert product.stop() == 0
        assert not logbook.tracebacks(product.log)
        assert "stay as they were" not in product.log.read_text()
    finally:
        product.end()


@pytest.fixture
def ann(pair: Product) -> Iterator[Client]:
    with Client(pair.base_url) as client:
        yield client.sign_up()


def everywhere(product: Product) -> list[str]:
    """Addresses of all its APIs."""
    apis = product.apis if isinstance(product, ScaledProduct) else product.parts
    return [part.base_url for part in apis]


def statuses(product: Product, credential: str) -> set[int]:
    """What its APIs answer to whoever shows this."""
    headers = {"Authorization": f"Bearer {credential}"}
    return {
        plain_http.get(f"{url}/v1/images", headers=headers).status_code
        for url in everywhere(product)
    }


def published(url: str) -> list[dict[str, Any]]:
    answer = plain_http.get(f"{url}/.well-known/jwks.json")
    assert answer.status_code == 200
    assert_safe(answer)
    age = re.fullmatch(r"public, max-age=(\d+)", answer.headers["cache-control"])
    assert age is not None
    assert int(age[1]) < 15, "shorter than a key is published before it signs"
    keys: list[dict[str, Any]] = answer.json()["keys"]
    return keys


def issued(url: str, client: Client) -> tuple[str, str]:
    """A token that this API has just signed, and the name of its key."""
    with Client(url) as same:
        same.username = client.username
        token = same.sign_in().headers["Authorization"].removeprefix("Bearer ")
    return token, jwt.get_unverified_header(token)["kid"]


def rotate(product: Product, *more: str, wait: int = 3) -> str:
    """The name of the key that signs from now on."""
    code, words = product.run("keys", "rotate", "--wait", str(wait), *more)
    assert code == 0, words
    signs = re.search(r"([0-9a-f]{16}) signs\.", words)
    assert signs is not None, words
    return signs[1]


def listed(product: Product) -> list[dict[str, Any]]:
    code, words = product.run("keys", "list", "--json")
    assert code == 0, words
    lines: list[dict[str, Any]] = json.loads(words)
    return lines


def test_a_new_key_signs_and_nobody_is_signed_out(pair: Product, ann: Client) -> None:
    urls = everywhere(pair)
    assert len(urls) == (1 if type(pair) is Product else 2)
    old, old_kid = issued(urls[0], ann)
    new_kid = rotate(pair)

    def signing() -> set[str]:
        return {issued(url, ann)[1] for url in urls}

    wait_for("all APIs to sign with it", lambda: signing() == {new_kid})
    for url in urls:
        assert [key["kid"] for key in published(url)] == [new_kid, old_kid]
    new, _ = issued(urls[-1], ann)
    assert statuses(pair, old) == statuses(pair, new) == {200}


def test_a_new_key_is_known_everywhere_before_it_signs(pair: Product, ann: Client) -> None:
    """Whoever asks at every moment meets no API that refuses what another has signed."""
    urls, before = everywhere(pair), issued(pair.base_url, ann)[1]
    rotating = pair.part("keys", "rotate", "--wait", "10")
    kids: set[str] = set()
    while rotating.process.poll() is None or len(kids) < 2:
        for url in urls:
            token, kid = issued(url, ann)
            kids.add(kid)
            assert statuses(pair, token) == {200}
        time.sleep(0.05)
    assert rotating.wait() == 0
    assert before in kids


def test_the_keys_are_listed_for_people_and_for_programs(pair: Product) -> None:
    first = listed(pair)[0]["kid"]
    second = rotate(pair, wait=0)
    lines = listed(pair)
    assert [line["kid"] for line in lines[:2]] == [second, first]
    assert [line["state"] for line in lines[:2]] == ["signs", "is taken"]
    assert lines[0]["until"] is None
    left = datetime.fromisoformat(lines[1]["until"]) - datetime.now(UTC)
    assert 600 < left.total_seconds() <= 660
    code, words = pair.run("keys", "list")
    assert code == 0
    assert words.splitlines()[0].startswith(f"{second}  made 20")
    assert words.splitlines()[0].endswith("  signs")
    assert all(KID.match(line) for line in words.splitlines())


def test_a_key_that_is_over_is_dropped_with_its_tokens(pair: Product, ann: Client) -> None:
    old, old_kid = issued(pair.base_url, ann)
    wait_for("all to take it", lambda: statuses(pair, old) == {200})
    rotate(pair)
    path = pair.data / "public.pem"
    over = [
        replace(key, until=datetime.now(UTC)) if key.kid == old_kid else key
        for key in read_public(path.read_bytes())
    ]
    keyfiles.write(path, written(over))
    wait_for("all to refuse it", lambda: statuses(pair, old) == {401})
    for url in everywhere(pair):
        assert old_kid not in {key["kid"] for key in published(url)}
    assert old_kid not in {line["kid"] for line in listed(pair)}
    assert statuses(pair, issued(pair.base_url, ann)[0]) == {200}


def test_what_a_stolen_key_has_signed_ends_with_it(pair: Product, ann: Client) -> None:
    old, _ = issued(pair.base_url, ann)
    assert statuses(pair, old) == {200}
    signs = rotate(pair, "--stolen", wait=2)
    wait_for("all to refuse it", lambda: statuses(pair, old) == {401})

    def all_published() -> list[list[str]]:
        return [[key["kid"] for key in published(url)] for url in everywhere(pair)]

    # The stolen one is published as long as it signs, and each API looks for itself.
    wait_for("the new one alone", lambda: all_published() == [[signs]] * len(everywhere(pair)))
    assert statuses(pair, issued(pair.base_url, ann)[0]) == {200}


def test_an_ended_api_key_is_dead_in_every_process_at_once(pair: Product, ann: Client) -> None:
    for _ in range(5):
        asked = {"name": "a program", "scopes": ["images:read"]}
        made = ann.post("/v1/auth/keys", json=asked).json()
        assert statuses(pair, made["key"]) == {200}
        assert ann.delete(f"/v1/auth/keys/{made['id']}").status_code == 204
        assert statuses(pair, made["key"]) == {401}


def private_numbers(path: Path) -> list[str]:
    """The secret ones of a key, in every form in which they may be told."""
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    numbers = key.private_numbers()
    secret = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    raw = [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in secret]
    lines = path.read_text().splitlines()[1:-1]
    return [*map(str, secret), *map(b64, raw), *(part.hex() for part in raw), *lines[8:]]


def test_nothing_that_is_private_is_ever_told(pair: Product, ann: Client) -> None:
    secrets = private_numbers(pair.data / "private.pem")
    for path in (
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/.well-known/private.pem",
        "/private.pem",
        "/openapi.json",
        "/",
        "/v1/auth/me",
        "/v1/auth/keys",
        "/health/ready",
        "/nothing",
    ):
        for answer in (ann.get(path), plain_http.get(f"{pair.base_url}{path}")):
            assert not [part for part in (*secrets, "PRIVATE KEY") if part in answer.text], path
    [key, *_] = published(pair.base_url)
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert (key["kty"], key["use"], key["alg"], key["e"]) == ("RSA", "sig", "RS256", "AQAB")
    _, words = pair.run("keys", "list", "--json")
    for text in (pair.log.read_text(), words, json.dumps(published(pair.base_url))):
        assert not [part for part in (*secrets, *PRIVATE_PARTS) if part in text]


def test_keys_that_can_not_be_used_change_nothing(pair: Product, ann: Client) -> None:
    code, words = pair.run("keys", "rotate", "--wait", "-1")
    assert code == 2, words
    for arguments in (("rotate", "--wait", "0"), ("list",)):
        code, words = pair.run("keys", *arguments, "--data-dir", str(pair.data / "nowhere"))
        assert code == 1
        assert "nowhere" in words
    assert_problem(plain_http.get(f"{pair.base_url}/v1/images"), 401, "unauthenticated")
    assert ann.get("/v1/images").status_code == 200
