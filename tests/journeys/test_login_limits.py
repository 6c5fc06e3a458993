"""Passwords that are guessed by the thousand: limits, by name and by address, that lock out nobody.

On Linux every address of 127.0.0.0/8 is this machine, so each story comes from its own.
"""

import re
import time
from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest

from tests import plain_http
from tests.client import PASSWORD
from tests.journeys.answers import assert_problem, first_refusal
from tests.journeys.credentials import at_once, delete_account, pair_of, refresh, register, sign_in
from tests.product import Product

OF_NAME, OF_ADDRESS, WINDOW = 4, 12, 6
MANY = 2 * OF_ADDRESS + 2
REGISTRATIONS = 5
PROXY = "127.0.9.9"
WRONG = "not the password"

From = Callable[..., httpx.Client]
_numbers = count(1)


@pytest.fixture(scope="module")
def strict(stocked: Callable[..., Product]) -> Product:
    """A product whose limits are soon reached, and soon over."""
    return stocked(
        SAFELIGHT_LIMIT_REGISTER=f"{REGISTRATIONS}/{WINDOW} seconds",
        SAFELIGHT_LIMIT_LOGIN=f"{OF_NAME}/{WINDOW} seconds",
        SAFELIGHT_LIMIT_LOGIN_ADDRESS=f"{OF_ADDRESS}/{WINDOW} seconds",
        SAFELIGHT_TRUSTED_PROXIES=f"{PROXY}, 10.0.0.0/8",
    )


@pytest.fixture
def come_from(strict: Product) -> Iterator[From]:
    """Clients at an address of their own, or at the one that is given."""
    clients = []

    def come(address: str = "") -> httpx.Client:
        address = address or f"127.0.1.{next(_numbers)}"
        transport = httpx.HTTPTransport(verify=plain_http.NO_TLS, local_address=address)
        clients.append(httpx.Client(base_url=strict.base_url, transport=transport, timeout=60))
        return clients[-1]

    yield come
    for client in clients:
        client.close()


@pytest.fixture
def victim(come_from: From) -> str:
    """The name of somebody who has an account."""
    name = f"victim-{next(_numbers)}"
    assert register(come_from(), name).status_code == 201
    return name


def assert_limited(answers: list[httpx.Response], most: int) -> None:
    """So many were looked at and the others refused. Twice as many may be, where Redis was too
    slow for a moment and the API counted by itself.
    """
    refused = [answer for answer in answers if answer.status_code == 429]
    for answer in refused:
        assert_problem(answer, 429, "too-many-requests")
        assert 1 <= int(answer.headers["retry-after"]) <= WINDOW
    assert len(answers) > 2 * most
    assert most <= len(answers) - len(refused) <= 2 * most


def test_many_guesses_at_one_name_are_refused_and_its_owner_is_not_locked_out(
    come_from: From, victim: str
) -> None:
    thief, owner = come_from(), come_from()
    guesses = [f"{WRONG} {number}" for number in range(OF_ADDRESS)]
    for _ in range(3):  # the window may be over by then, or an API count by itself
        answers = at_once(lambda guess: sign_in(thief, victim, guess), guesses)
        assert_limited(answers, OF_NAME)
        refused = sign_in(owner, victim.upper())
        if refused.status_code == 429:
            break
        time.sleep(WINDOW)
    assert_problem(refused, 429, "too-many-requests")
    assert_problem(sign_in(owner, "somebody-else"), 401, "invalid-credentials")
    time.sleep(int(refused.headers["retry-after"]))
    assert sign_in(owner, victim).status_code == 200


def test_one_guess_at_many_names_is_refused_for_its_address_alone(
    come_from: From, victim: str
) -> None:
    names = [victim, *(f"name-{number}" for number in range(MANY))]
    thief = come_from()
    answers = at_once(lambda name: sign_in(thief, name, WRONG), names)
    assert_limited(answers, OF_ADDRESS)
    assert sign_in(come_from(), victim).status_code == 200


def test_an_address_that_somebody_makes_up_is_no_new_one(come_from: From, victim: str) -> None:
    def claimed(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"203.0.113.{number}, 203.0.113.{number + 100}"}

    thief, proxy = come_from(), come_from(PROXY)
    answers = at_once(lambda n: sign_in(thief, f"name-{n}", WRONG, **claimed(n)), range(MANY))
    assert_limited(answers, OF_ADDRESS)

    def behind(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7, 10.0.0.1"}

    answers = at_once(lambda n: sign_in(proxy, f"name-{n}", WRONG, **behind(n)), range(MANY))
    assert_limited(answers, OF_ADDRESS)
    other = {"X-Forwarded-For": "198.51.100.7, 198.51.100.8"}
    assert sign_in(proxy, victim, **other).status_code == 200


def test_registrations_of_one_address_are_limited_good_or_bad(come_from: From) -> None:
    many = come_from()
    name = f"many-{next(_numbers)}"
    answers = [
        register(many, name),
        register(many, name),
        many.post("/v1/auth/register", json={}),
        many.post("/v1/auth/register?unknown=1", json={}),
        many.post("/v1/auth/register", data={}),
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 422, 422, 415]
    answers += [many.post("/v1/auth/register", json={}) for _ in range(REGISTRATIONS + 1)]
    assert_limited(answers, REGISTRATIONS)
    policy = f'"register";q={REGISTRATIONS};w={WINDOW}'
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {policy}
    assert answers[0].headers["ratelimit"].startswith('"register";r=4;t=')
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["ratelimit"].startswith('"register";r=0;t=')
    assert register(come_from(), f"{name}-2").status_code == 201


def test_every_answer_to_a_login_tells_what_is_left(come_from: From, victim: str) -> None:
    client = come_from()
    for password in (PASSWORD, WRONG):
        answer = sign_in(client, victim, password)
        left = re.fullmatch(
            r'"login-address";r=(\d+);t=\d, "login";r=(\d+);t=\d',
            answer.headers["ratelimit"],
        )
        assert left is not None
        assert int(left[1]) in (OF_ADDRESS - 1, OF_ADDRESS - 2)
        assert int(left[2]) in (OF_NAME - 1, OF_NAME - 2)
        assert answer.headers["ratelimit-policy"] == (
            f'"login-address";q={OF_ADDRESS};w={WINDOW}, "login";q={OF_NAME};w={WINDOW}'
        )
    assert "ratelimit" not in client.get("/v1/presets").headers


def test_whoever_stays_signed_in_tries_no_password(come_from: From, victim: str) -> None:
    client = come_from()
    token = pair_of(client, victim)["refresh_token"]
    for _ in range(OF_ADDRESS + 1):
        answer = refresh(client, token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]


@pytest.mark.parametrize("way", ["change", "delete"])
def test_whoever_holds_a_token_can_not_guess_the_password_either(
    come_from: From, victim: str, way: str
) -> None:
    thief = come_from()
    pair = pair_of(thief, victim)
    thief.headers["Authorization"] = f"Bearer {pair['access_token']}"

    def guess(password: str) -> httpx.Response:
        if way == "delete":
            return delete_account(thief, password)
        change = {"current": password, "new": "a password of the thief"}
        return thief.post("/v1/auth/me/password", json=change)

    answers = at_once(guess, [WRONG] * (OF_ADDRESS - 2))
    assert_limited(answers, OF_NAME)
    for answer in answers:
        assert answer.headers["ratelimit"]
        if answer.status_code != 429:
            assert_problem(answer, 403, "wrong-password")
    first_refusal(lambda: guess(WRONG), OF_NAME)
    assert_problem(guess(PASSWORD), 429, "too-many-requests")
    assert thief.get("/v1/auth/me").status_code == 200
