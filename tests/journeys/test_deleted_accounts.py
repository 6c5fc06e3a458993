"""A deleted account is nobody's at once, and soon nothing is left of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from safelight.image_app.models import closed_accounts, events, images, presets, uploads, usage
from tests import plain_http
from tests.client import PASSWORD, Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem, wrong_fields
from tests.journeys.credentials import delete_account, pair_of, refresh, register, sign_in
from tests.product import Product, running, wait_for
from tests.scaled import ScaledProduct, Servers
from tests.servers import Valkey

Json = dict[str, Any]
LINK = {"transformation": {"width": 77, "format": "webp"}, "expires_in": 600}
NO_ID = "0190a5c0-1234-7abc-8def-0123456789ab"
CLEAN = (0, "0 images, 0 promises, 0 differences\n")


def everything_of(owner: Client) -> tuple[Json, list[str]]:
    """A picture of hers in every form, in the cache too, and the paths that anybody may open."""
    made = {"transformation": {"width": 50}, "on_upload": True}
    assert owner.put("/v1/presets/mine", json=made).status_code == 201
    image = owner.upload_and_wait(pictures.jpeg(), visibility="public")
    link = owner.post(f"/v1/images/{image['id']}/links", json=LINK).json()["url"]
    paths = [image["url"], link, f"/i/{image['id']}/thumb"]
    paths += [variant["url"] for variant in image["variants"]]
    for path in paths:
        assert plain_http.get(f"{owner.base_url}{path}").status_code == 200
    for _ in range(2):
        assert len(owner.get("/v1/images").json()["items"]) == 1
        assert owner.image(image["id"])["status"] == "ready"
    return image, paths


def assert_nobody(client: Client, image: Json) -> None:
    """Every route that takes a token refuses this one, whatever is asked."""
    paths = client.get("/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        for method, operation in operations.items():
            if not operation.get("security"):
                continue
            for image_id in (image["id"], NO_ID):
                address = path.format(image_id=image_id, what="original", name="mine", key_id=NO_ID)
                answer = client.request(method, address)
                assert answer.status_code == 401, (method, address)
                if method != "head":
                    assert_problem(answer, 401, "unauthenticated")
                asked += 1
    assert asked > 20
    for senseless in ("?limit=0", "?cursor=x", "?unknown=1", "/none", f"/{NO_ID}?unknown=1"):
        assert_problem(client.get(f"/v1/images{senseless}"), 401, "unauthenticated")
    etag = {"If-None-Match": "*"}
    assert_problem(client.get("/v1/images", headers=etag), 401, "unauthenticated")


def assert_nothing_is_left(product: Product) -> None:
    wait_for("the objects to go", lambda: not product.objects())
    for table in (images, presets, usage, events, uploads):
        count = select(func.count()).select_from(table)
        wait_for(f"{table.name} to be empty", lambda c=count: product.rows(c) == [(0,)])  # type: ignore[misc]
    left = select(closed_accounts.c.account_id).where(closed_accounts.c.erased_at.is_(None))
    wait_for("the promise to be kept", lambda: not product.rows(left))


def test_at_once_nobody_can_use_it_and_soon_nothing_is_left(
    install: Callable[..., Product],
) -> None:
    product = install()
    product.start()
    with Client(product.base_url) as owner, Client(product.base_url) as stranger:
        owner.sign_up()
        image, paths = everything_of(owner)
        session = pair_of(stranger, owner.username)["refresh_token"]
        assert_problem(delete_account(owner, "not the password"), 403, "wrong-password")
        assert wrong_fields(owner.request("DELETE", "/v1/auth/me", json={})) == {"password"}
        assert_problem(owner.delete("/v1/auth/me"), 415, "unsupported-media-type")
        assert owner.image(image["id"])["status"] == "ready"

        answer = delete_account(owner)
        assert (answer.status_code, answer.content) == (202, b"")

        assert_nobody(owner, image)
        for login in (owner.username, f"{owner.username}@example.com"):
            assert_problem(sign_in(stranger, login), 401, "invalid-credentials")
        assert_problem(refresh(stranger, session), 401, "invalid-refresh-token")
        for path in paths:
            signed = "signature=" in path
            code = (404, "image-not-found") if signed else (401, "unauthenticated")
            for headers in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-1"}):
                assert_problem(stranger.get(path, headers=headers), *code)

        assert_nothing_is_left(product)
        owner.headers.pop("Authorization")
        assert register(owner, owner.username).status_code == 201
        owner.sign_in()
        assert owner.all_images() == []
        assert owner.get("/v1/auth/me").json()["usage"]["images"] == 0
        assert delete_account(owner).status_code == 202
    assert product.stop() == 0
    assert product.verify() == CLEAN


def test_an_upload_that_is_under_way_leaves_nothing(place: Product, client: Client) -> None:
    with Client(place.base_url) as owner:
        owner.sign_up()
        body = wire.part(pictures.jpeg((1600, 1200))) + b"\r\n--b--\r\n"
        head = wire.head(
            owner, "Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(body)}"
        )
        with wire.connect(owner) as connection:
            connection.sendall(head + body[: len(body) // 2])
            wait_for("the upload to begin", place.uploads_under_way)
            assert delete_account(owner).status_code == 202
            connection.sendall(body[len(body) // 2 :])
            heard = wire.hear(connection)
        assert heard.status == 401
        assert b"/problems/unauthenticated" in heard.body
    wait_for("the upload to end", lambda: not place.uploads_under_way())
    assert client.get("/v1/auth/me").status_code == 200
    assert_only_strangers_are_gone(place)


def assert_only_strangers_are_gone(place: Product) -> None:
    """In a product in which nobody else keeps anything."""
    wait_for("the objects to go", lambda: not place.objects())
    assert place.rows(select(images.c.id)) == []


@pytest.mark.timeout(180)
def test_a_kill_right_after_the_answer_leaves_nothing(
    install: Callable[..., Product], buries_the_dead: None
) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="2")
    product.start()
    with Client(product.base_url) as owner:
        owner.sign_up()
        for number in range(8):
            owner.upload(pictures.jpeg((64, 48), number))
        assert delete_account(owner).status_code == 202
        product.kill()
    product.start()
    assert_nothing_is_left(product)
    with Client(product.base_url) as stranger:
        assert_problem(sign_in(stranger, owner.username), 401, "invalid-credentials")
    assert product.stop() == 0
    assert product.verify() == CLEAN


@pytest.fixture(scope="module")
def pair(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaledProduct]:
    """Two APIs, which know of each other what the stores tell them."""
    product = ScaledProduct(tmp_path_factory.mktemp("pair"), servers, apis=2)
    try:
        product.start()
        yield product
        product.stop()
    finally:
        product.end()


@pytest.mark.parametrize("make", ["scaled"], indirect=True)
def test_no_other_api_takes_the_token_of_a_deleted_account(make: Any, pair: ScaledProduct) -> None:
    clients = [Client(part.base_url) for part in pair.apis]
    one, other = clients
    one.sign_up()
    other.headers["Authorization"] = one.headers["Authorization"]
    image, _ = everything_of(one)
    for _ in range(2):
        assert other.image(image["id"])["status"] == "ready"
        assert other.get("/v1/images").status_code == 200
    session = pair_of(one, one.username)["refresh_token"]
    assert delete_account(one).status_code == 202
    for client in clients:
        assert_nobody(client, image)
        assert_problem(refresh(client, session), 401, "invalid-refresh-token")
        client.close()


@pytest.mark.parametrize("make", ["embedded"], indirect=True)
def test_where_accounts_are_apart_they_end_all_the_same(make: Any, own_valkey: Valkey) -> None:
    with running(SAFELIGHT_ACCOUNTS_URL=own_valkey.create()) as product:
        with Client(product.base_url) as owner:
            owner.sign_up()
            image, _ = everything_of(owner)
            session = pair_of(owner, owner.username)["refresh_token"]
            change = {"current": PASSWORD, "new": PASSWORD[::-1]}
            assert owner.post("/v1/auth/me/password", json=change).status_code == 204
            assert_problem(refresh(owner, session), 401, "invalid-refresh-token")
            session = pair_of(owner, owner.username, PASSWORD[::-1])["refresh_token"]
            own_valkey.kill()
            refused = delete_account(owner, PASSWORD[::-1])
            assert_problem(refused, 503, "service-unavailable")
            own_valkey.start()
            assert owner.image(image["id"])["status"] == "ready"
            assert delete_account(owner, PASSWORD[::-1]).status_code == 202
            assert_nobody(owner, image)
            assert_problem(refresh(owner, session), 401, "invalid-refresh-token")
        assert_nothing_is_left(product)
