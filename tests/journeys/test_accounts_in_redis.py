"""An installation that keeps accounts and sessions in Redis: the same product to its users."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import plain_http
from tests.client import PASSWORD, Client
from tests.product import Product, running
from tests.servers import Valkey


@pytest.fixture
def apart(own_valkey: Valkey) -> Iterator[Product]:
    """A product whose accounts are in that server."""
    with running(SAFELIGHT_ACCOUNTS_URL=own_valkey.create()) as product:
        yield product


@pytest.fixture
def ann(apart: Product) -> Iterator[Client]:
    with Client(apart.base_url) as client:
        yield client.sign_up()


def signed_in(client: Client) -> httpx.Response:
    form = {"grant_type": "password", "username": client.username, "password": PASSWORD}
    return client.post("/v1/auth/token", data=form)


def refreshed(client: Client, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return client.post("/v1/auth/token", data=form)


def ready(product: Product) -> tuple[int, dict[str, Any]]:
    answer = plain_http.get(f"{product.base_url}/health/ready")
    return answer.status_code, answer.json()["checks"]


def test_from_registration_to_usage_with_nobody_in_the_database(
    apart: Product, ann: Client, photograph: bytes
) -> None:
    again = {"username": ann.username, "email": "other@example.com", "password": PASSWORD}
    assert ann.post("/v1/auth/register", json=again).json()["type"] == "/problems/username-taken"
    again = {"username": "other", "email": f"{ann.username}@example.com", "password": PASSWORD}
    assert ann.post("/v1/auth/register", json=again).json()["type"] == "/problems/email-taken"

    image = ann.upload_and_wait(photograph)
    pair = signed_in(ann).json()
    next_pair = refreshed(ann, pair["refresh_token"]).json()
    ann.headers["Authorization"] = f"Bearer {next_pair['access_token']}"
    me = ann.get("/v1/auth/me").json()
    assert (me["username"], me["email"]) == (ann.username, f"{ann.username}@example.com")
    assert (me["usage"]["images"], me["usage"]["bytes"]) == (1, len(photograph))
    assert refreshed(ann, pair["refresh_token"]).json()["type"] == "/problems/invalid-refresh-token"
    assert refreshed(ann, next_pair["refresh_token"]).status_code == 401, "its family has ended"

    assert ready(apart)[1]["accounts"] == "ok"
    with sqlite3.connect(apart.data / "safelight.db") as database:
        for table in ("accounts", "refresh_tokens"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    database.close()

    assert ann.delete(f"/v1/images/{image['id']}").status_code == 204
    assert ann.get("/v1/auth/me").json()["usage"]["images"] == 0


def test_api_keys_are_there_too_and_without_redis_they_open_nothing(
    apart: Product, ann: Client, own_valkey: Valkey
) -> None:
    asked = {"name": "a program", "scopes": ["images:read"]}
    made, ended = (ann.post("/v1/auth/keys", json=asked).json() for _ in range(2))
    assert ann.delete(f"/v1/auth/keys/{ended['id']}").status_code == 204
    assert [key["id"] for key in ann.get("/v1/auth/keys").json()["items"]] == [made["id"]]
    with Client(apart.base_url) as robot:
        robot.headers["Authorization"] = f"Bearer {ended['key']}"
        assert robot.get("/v1/images").status_code == 401
        robot.headers["Authorization"] = f"Bearer {made['key']}"
        assert robot.get("/v1/images").status_code == 200
        assert robot.delete(f"/v1/images/{made['id']}").status_code == 403
        own_valkey.kill()
        assert robot.get("/v1/images").json()["type"] == "/problems/service-unavailable"
        own_valkey.start()
        assert robot.get("/v1/images").status_code == 200
    with sqlite3.connect(apart.data / "safelight.db") as database:
        assert database.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)
    database.close()


def test_without_redis_nobody_signs_in_and_whoever_has_reads_on(
    apart: Product, ann: Client, own_valkey: Valkey, photograph: bytes
) -> None:
    image = ann.upload_and_wait(photograph)
    own_valkey.kill()
    for refusal in (signed_in(ann), ann.offer(photograph), ann.get("/v1/auth/me")):
        assert refusal.status_code == 503
        assert refusal.json()["type"] == "/problems/service-unavailable"
        assert refusal.headers["Retry-After"]
    status, checks = ready(apart)
    assert (status, checks["accounts"], checks["database"]) == (503, "down", "ok")
    assert ann.image(image["id"])["status"] == "ready"

    own_valkey.start()
    assert signed_in(ann).status_code == 200
    assert ann.get("/v1/auth/me").json()["usage"]["images"] == 1
    assert ready(apart)[0] == 200
