"""What somebody signs in with, and what comes of it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from tests.client import PASSWORD

A = TypeVar("A")
NEW_PASSWORD = "another correct horse"


def sign_in(
    client: httpx.Client, username: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    form = {"grant_type": "password", "username": username, "password": password}
    return client.post("/v1/auth/token", data=form, headers=headers)


def pair_of(client: httpx.Client, username: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = sign_in(client, username, password)
    assert answer.status_code == 200, answer.text
    pair: dict[str, Any] = answer.json()
    return pair


def refresh(client: httpx.Client, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return client.post("/v1/auth/token", data=form)


def revoke(client: httpx.Client, token: str, **more: str) -> httpx.Response:
    return client.post("/v1/auth/revoke", data={"token": token} | more)


def delete_account(client: httpx.Client, password: str = PASSWORD) -> httpx.Response:
    return client.request("DELETE", "/v1/auth/me", json={"password": password})


def register(
    client: httpx.Client, username: str, email: str = "", password: str = PASSWORD
) -> httpx.Response:
    account = {"username": username, "email": email or f"{username}@example.com"}
    return client.post("/v1/auth/register", json=account | {"password": password})


def at_once(call: Callable[[A], httpx.Response], given: Iterable[A]) -> list[httpx.Response]:
    """What comes of all of these calls at the same moment, in their order."""
    wanted = list(given)
    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(call, wanted))
