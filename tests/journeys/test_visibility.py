"""Who sees what of a public picture, and for how long."""

from typing import Any

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.product import wait_for

PRESETS = ("thumb", "small", "preview", "grayscale")
OTHERS = ("original", "width=64", "preset=thumb", "own")

Json = dict[str, Any]


def _see(image: Json, visibility: str, owner: Client) -> None:
    change = {"visibility": visibility}
    answer = owner.patch(f"/v1/images/{image['id']}", json=change)
    assert (answer.status_code, answer.json()["visibility"]) == (200, visibility)


def test_a_public_picture_is_for_anyone_as_presets_make_it_and_private_again_at_once(
    ann: Client, bob: Client, stranger: Client
) -> None:
    image = ann.upload_and_wait(pictures.jpeg((320, 240)))
    path = f"/v1/images/{image['id']}"
    own = {"name": "own", "transformation": {"width": 16}}
    assert ann.post(f"{path}/variants", json=own).status_code == 202
    wait_for("the variant", lambda: ann.image(image["id"])["status"] == "ready")
    for _ in range(2):
        for what in (*PRESETS, *OTHERS):
            address = f"/i/{image['id']}/{what}"
            assert_problem(stranger.get(address), 401, "unauthenticated")
            assert_problem(bob.get(address), 404, "image-not-found")
        _see(image, "public", ann)
        for what in PRESETS:
            for anyone in (stranger, bob):
                answer = anyone.get(f"/i/{image['id']}/{what}")
                assert answer.status_code == 200
                assert answer.headers["cache-control"] == "public, max-age=60"
        for what in OTHERS:
            assert_problem(stranger.get(f"/i/{image['id']}/{what}"), 401, "unauthenticated")
            assert_problem(bob.get(f"/i/{image['id']}/{what}"), 404, "image-not-found")
        assert_problem(bob.get(path), 404, "image-not-found")
        assert bob.all_images() == []
        etag = {"If-None-Match": answer.headers["etag"]}
        assert bob.get(f"/i/{image['id']}/grayscale", headers=etag).status_code == 304
        _see(image, "private", ann)
        address = f"/i/{image['id']}/grayscale"
        assert_problem(bob.get(address, headers=etag), 404, "image-not-found")
        assert_problem(stranger.get(address, headers=etag), 401, "unauthenticated")
        owners = ann.get(address)
        assert owners.headers["cache-control"] == "private, max-age=60"


def test_a_picture_may_be_public_from_its_upload_on(ann: Client, stranger: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg((64, 48)), visibility="public", presets="thumb")
    assert image["visibility"] == "public"
    assert stranger.get(f"/i/{image['id']}/thumb").status_code == 200
    _see(image, "private", ann)
    assert_problem(stranger.get(f"/i/{image['id']}/thumb"), 401, "unauthenticated")


def test_a_public_picture_that_is_deleted_is_there_for_nobody(
    ann: Client, stranger: Client
) -> None:
    image = ann.upload_and_wait(pictures.jpeg((64, 48)), visibility="public", presets="thumb")
    address = f"/i/{image['id']}/thumb"
    assert stranger.get(address).status_code == 200
    assert ann.delete(f"/v1/images/{image['id']}").status_code == 204
    assert_problem(stranger.get(address), 401, "unauthenticated")
    assert_problem(ann.get(address), 404, "image-not-found")
