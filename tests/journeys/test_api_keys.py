"""API keys: programs come in an account's name and do what their scopes say, nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import PASSWORD, Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, said_of, wrong_fields
from tests.journeys.credentials import NEW_PASSWORD, pair_of, refresh
from tests.product import Product

READ, WRITE = "images:read", "images:write"
RANDOM_ID = "0190a5c0-1234-7abc-8def-0123456789ab"
FILLED = {"image_id": RANDOM_ID, "key_id": RANDOM_ID, "what": "thumb", "name": "mine"}
NEW = {"name": "a program", "scopes": [READ, WRITE]}

Json = dict[str, Any]


def make(client: Client, **fields: Any) -> Json:
    answer = client.post("/v1/auth/keys", json=NEW | fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@contextmanager
def program(client: Client, key: str) -> Iterator[Client]:
    """Somebody who has nothing but a key."""
    with Client(str(client.base_url)) as other:
        other.headers["Authorization"] = f"Bearer {key}"
        yield other


def test_a_key_is_shown_once_and_listed_without_what_is_secret(ann: Client) -> None:
    later = "2100-01-02T03:04:05.678+02:00"
    answer = ann.post("/v1/auth/keys", json=NEW | {"expires_at": later})
    first = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    second = make(ann, name="  another  ", scopes=[READ])
    assert first["key"].startswith("sl_")
    assert len({first["key"], second["key"]}) == 2
    for made in (first, second):
        assert made["hint"] == made["key"][: len(made["hint"])]
        assert len(made["key"]) - len(made["hint"]) > 30
    assert first["expires_at"] == "2100-01-02T01:04:05.678Z"
    assert (second["name"], second["scopes"], second["expires_at"]) == ("another", [READ], None)

    listed = ann.get("/v1/auth/keys")
    assert listed.json() == {
        "items": [{n: v for n, v in made.items() if n != "key"} for made in (first, second)]
    }
    assert set(second) == {"id", "name", "scopes", "hint", "created_at", "expires_at", "key"}


def test_a_key_does_everything_with_pictures_that_its_owner_does(
    ann: Client, photograph: bytes
) -> None:
    made = make(ann)
    with program(ann, made["key"]) as robot:
        image = robot.upload_and_wait(photograph)
        address = f"/v1/images/{image['id']}"
        assert robot.patch(address, json={"name": "by a robot"}).status_code == 200
        assert robot.get(f"/i/{image['id']}/original").content == photograph
        assert robot.post(
            f"{address}/links", json={"variant": "thumb", "expires_in": 60}
        ).is_success
        assert robot.get("/v1/auth/me").json()["usage"]["images"] == 1
        assert [i["name"] for i in ann.all_images()] == ["by a robot"]
        assert robot.delete(address).status_code == 204

        assert ann.delete(f"/v1/auth/keys/{made['id']}").status_code == 204
        assert_problem(robot.get("/v1/images"), 401, "unauthenticated")
    assert_problem(ann.delete(f"/v1/auth/keys/{made['id']}"), 404, "key-not-found")
    assert ann.get("/v1/auth/keys").json() == {"items": []}


def test_delivered_bytes_are_for_keys_that_may_read(ann: Client, bob: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg())
    keys = [make(ann, scopes=[READ]), make(ann, scopes=[WRITE]), make(bob)]
    for path in (f"/i/{image['id']}/original", f"/i/{image['id']}/thumb"):
        answers = []
        for made in keys:
            with program(ann, made["key"]) as robot:
                answers.append(robot.get(path))
        assert [answer.status_code for answer in answers] == [200, 403, 404]
        assert_problem(answers[1], 403, "insufficient-scope")
        assert_problem(answers[2], 404, "image-not-found")


def _operations(client: Client) -> list[tuple[str, str, set[str]]]:
    """Every operation for an account, and the scopes of which a key needs all."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path, {s for one in o["security"] for v in one.values() for s in v})
        for path, operations in paths.items()
        for method, o in operations.items()
        if o.get("security")
    ]


def test_every_route_says_what_a_key_needs_and_takes_no_other(ann: Client) -> None:
    operations = _operations(ann)
    of_images = [scopes for _, path, scopes in operations if not path.startswith("/v1/auth")]
    assert len(of_images) > 10
    assert all(scopes in ({READ}, {WRITE}) for scopes in of_images)
    changes = [m for m, p, s in operations if s == {READ} and m not in ("GET", "HEAD")]
    assert changes == ["POST"], "of what changes nothing only links are made by POST"
    for scope in (READ, WRITE):
        with program(ann, make(ann, scopes=[scope])["key"]) as robot:
            for method, path, scopes in operations:
                answer = robot.request(method, path.format(**FILLED))
                if scopes == {scope}:
                    assert answer.status_code not in (401, 403), (method, path)
                elif method == "HEAD":
                    assert answer.status_code == 403
                else:
                    assert_problem(answer, 403, "insufficient-scope")
                    assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_a_key_never_manages_its_account(ann: Client, bob: Client) -> None:
    made, of_bob = make(ann), make(bob)
    with program(ann, made["key"]) as robot:
        for answer in (
            robot.post("/v1/auth/keys", json=NEW),
            robot.get("/v1/auth/keys"),
            robot.delete(f"/v1/auth/keys/{made['id']}"),
            robot.delete(f"/v1/auth/keys/{of_bob['id']}"),
        ):
            assert_problem(answer, 403, "insufficient-scope")
    assert [k["id"] for k in ann.get("/v1/auth/keys").json()["items"]] == [made["id"]]


def test_another_account_s_key_is_no_key(ann: Client, bob: Client) -> None:
    made = make(ann)
    refused = [bob.delete(f"/v1/auth/keys/{id_}") for id_ in (made["id"], RANDOM_ID, "no-id")]
    for answer in refused:
        assert_problem(answer, 404, "key-not-found")
    assert said_of(refused[0]) == said_of(refused[1]) == said_of(refused[2])
    assert bob.get("/v1/auth/keys").json() == {"items": []}
    with program(ann, made["key"]) as robot:
        assert robot.get("/v1/images").status_code == 200


def test_what_is_wrong_with_a_key_is_told_by_nothing(ann: Client) -> None:
    ended, soon = make(ann), (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    expired = make(ann, expires_at=soon)
    ann.delete(f"/v1/auth/keys/{ended['id']}")
    with program(ann, expired["key"]) as robot:
        while robot.get("/v1/images").status_code == 200:
            time.sleep(0.1)
    answers = []
    for wrong in (
        expired["key"],
        ended["key"],
        "sl_" + "a" * 43,
        ended["key"].upper(),
        ended["key"] + "a",
        ended["key"][:-1],
        "sl_",
        "sl_' OR 1=1 --",
        expired["id"],
    ):
        with program(ann, wrong) as robot:
            answers.append(robot.get("/v1/images"))
            assert_problem(answers[-1], 401, "unauthenticated")
            assert_problem(robot.post("/v1/auth/keys", json=NEW), 401, "unauthenticated")
    assert all(said_of(answer) == said_of(answers[0]) for answer in answers)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "  "}, {"name"}),
        ({"name": "a" * 101}, {"name"}),
        ({"name": "two\nlines"}, {"name"}),
        ({"name": None}, {"name"}),
        ({"scopes": []}, {"scopes"}),
        ({"scopes": [READ, READ]}, {"scopes"}),
        ({"scopes": ["images:delete"]}, {"scopes.0"}),
        ({"scopes": READ}, {"scopes"}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at"}),
        ({"expires_at": "2100-01-01T00:00:00"}, {"expires_at"}),
        ({"expires_at": "soon"}, {"expires_at"}),
        ({"expires_at": 4102444800}, {"expires_at"}),
        ({"expires_at": "4102444800"}, {"expires_at"}),
        ({"expires_at": "2100-01-01 00:00Z"}, {"expires_at"}),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, {"expires_at"}),
        ({"id": RANDOM_ID}, {"id"}),
        ({"key": "sl_mine"}, {"key"}),
    ],
    ids=str,
)
def test_a_key_that_makes_no_sense_is_refused(ann: Client, fields: Json, wrong: set[str]) -> None:
    assert wrong_fields(ann.post("/v1/auth/keys", json=NEW | fields)) == wrong
    assert ann.get("/v1/auth/keys").json() == {"items": []}


def test_an_account_has_fifty_keys_at_most(ann: Client) -> None:
    made = [make(ann) for _ in range(50)]
    assert_problem(ann.post("/v1/auth/keys", json=NEW), 403, "quota-exceeded")
    assert ann.delete(f"/v1/auth/keys/{made[7]['id']}").status_code == 204
    make(ann)
    assert len(ann.get("/v1/auth/keys").json()["items"]) == 50


def test_a_stolen_token_makes_no_key_that_would_outlive_it(ann: Client, bob: Client) -> None:
    with program(ann, pair_of(ann, ann.username)["access_token"]) as thief:
        make(thief)
        changed = {"current": PASSWORD, "new": NEW_PASSWORD}
        assert ann.post("/v1/auth/me/password", json=changed).status_code == 204
        for late in (thief, ann):
            assert_problem(late.post("/v1/auth/keys", json=NEW), 401, "unauthenticated")
            assert late.get("/v1/auth/keys").json() == {"items": []}
    pair = pair_of(ann, ann.username, NEW_PASSWORD)
    for signed_in in (pair, refresh(ann, pair["refresh_token"]).json()):
        with program(ann, signed_in["access_token"]) as owner:
            make(owner)
    make(bob)


def test_no_key_is_ever_logged(product: Product, ann: Client) -> None:
    made = make(ann)
    with program(ann, made["key"]) as robot:
        robot.get("/v1/auth/keys")
        robot.get("/v1/images", params={"access_token": made["key"]})
        robot.headers["Authorization"] += "x"
        robot.get("/v1/images")
    ann.delete(f"/v1/auth/keys/{made['id']}")
    assert made["key"][len(made["hint"]) :] not in product.log.read_text()
