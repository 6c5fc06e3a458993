"""Variants that no preset makes."""

from typing import Any

import numpy as np
import pytest

from safelight.contract.presets import BUILT_IN
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields
from tests.journeys.leftovers import assert_nothing_is_left
from tests.product import Product, wait_for

Json = dict[str, Any]
CLEARLY, HARDLY = 20, 2
"""Mean differences of levels: one photograph beside another, and one encoded twice."""


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg())


def ask(client: Client, image: Json, name: str, **transformation: Any) -> Any:
    body = {"name": name, "transformation": transformation}
    return client.post(f"/v1/images/{image['id']}/variants", json=body)


def test_a_variant_is_made_delivered_and_deleted(owner: Client, image: Json) -> None:
    answer = ask(owner, image, "banner", width=90, height=20, fit="cover", format="jpeg")
    assert answer.status_code == 202, answer.text
    assert answer.headers["etag"]
    fresh = answer.json()
    assert (fresh["id"], fresh["status"]) == (image["id"], "processing")
    assert [v["name"] for v in fresh["variants"]] == [*BUILT_IN, "banner"]
    assert fresh["variants"][-1]["status"] == "pending"
    assert fresh["variants"][:-1] == image["variants"]
    ready = owner.processed(image["id"])
    assert ready["status"] == "ready"
    banner = ready["variants"][-1]
    assert (banner["content_type"], banner["width"], banner["height"]) == ("image/jpeg", 90, 20)
    assert pictures.opened(owner.variant(ready, "banner")).size == (90, 20)
    assert_problem(ask(owner, image, "banner", width=9), 409, "variant-exists")

    path = f"/v1/images/{image['id']}/variants/banner"
    gone = owner.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_problem(owner.delete(path), 404, "variant-not-found")
    assert_problem(owner.get(f"/i/{image['id']}/banner"), 404, "variant-not-found")
    assert [v | {"url": ""} for v in owner.image(image["id"])["variants"]] == [
        v | {"url": ""} for v in image["variants"]
    ]


def test_what_is_wrong_is_refused_by_name(owner: Client, image: Json) -> None:
    path = f"/v1/images/{image['id']}/variants"
    for body, field in (
        ({"name": "x", "transformation": {"width": 0}}, "transformation.width"),
        ({"name": "x", "transformation": {"crop": [480, 0, 9, 9]}}, "transformation.crop"),
        ({"name": "x", "transformation": {"blub": 0}}, "transformation.blub"),
        ({"name": "original", "transformation": {}}, "name"),
        ({"name": "A", "transformation": {}}, "name"),
        ({"name": "a" * 33, "transformation": {}}, "name"),
        ({"name": "a\n", "transformation": {}}, "name"),
        ({"name": None, "transformation": {}}, "name"),
        ({"name": "x"}, "transformation"),
        ({"name": "x", "transformation": {}, "position": 0}, "position"),
    ):
        assert wrong_fields(owner.post(path, json=body)) == {field}
    assert_problem(owner.post(path, content=b"{"), 415, "unsupported-media-type")
    headers = {"Content-Type": "application/json"}
    assert_problem(owner.post(path, content=b"{", headers=headers), 400, "malformed-json")
    assert owner.image(image["id"])["status"] == "ready"


def test_a_preset_s_name_is_for_what_the_preset_makes(owner: Client, image: Json) -> None:
    owner.put("/v1/presets/own", json={"transformation": {"width": 9}, "on_upload": False})
    answer = ask(owner, image, "own", width=10)
    assert wrong_fields(answer) == {"name"}
    assert "reprocess" in answer.json()["errors"][0]["message"]
    assert_problem(ask(owner, image, "thumb", width=10), 409, "variant-exists")


def test_an_image_that_is_not_there_comes_before_the_body(ann: Client, image: Json) -> None:
    for image_id in (image["id"], "no-id", "0190a5c0-1234-7abc-8def-0123456789ab"):
        for path in ("variants", "reprocess"):
            answer = ann.post(f"/v1/images/{image_id}/{path}", content=b"{")
            assert_problem(answer, 404, "image-not-found")
        answer = ann.delete(f"/v1/images/{image_id}/variants/thumb")
        assert_problem(answer, 404, "image-not-found")


def test_who_is_nobody_comes_before_the_image(stranger: Client, image: Json) -> None:
    assert_problem(ask(stranger, image, "x"), 401, "unauthenticated")
    path = f"/v1/images/{image['id']}/variants/thumb"
    assert_problem(stranger.delete(path), 401, "unauthenticated")


@pytest.mark.parametrize("name", ["nothing", "original", "%00", "a%2Fb", "é", "a" * 300])
def test_what_is_no_variant_can_not_be_deleted(owner: Client, image: Json, name: str) -> None:
    answer = owner.delete(f"/v1/images/{image['id']}/variants/{name}")
    code = "not-found" if "%2F" in name else "variant-not-found"
    assert_problem(answer, 404, code)


def test_a_picture_of_one_s_own_is_laid_over_as_long_as_it_is_there(ann: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg(number=1), presets="thumb")
    mark = ann.upload_and_wait(pictures.jpeg((64, 48)), presets="thumb")
    watermark = {"image_id": mark["id"], "scale": 0.5, "gravity": "northwest"}
    ask(ann, image, "plain", width=240, format="jpeg")
    ask(ann, image, "marked", width=240, format="jpeg", watermark=watermark)
    ready = ann.processed(image["id"])
    assert [v["status"] for v in ready["variants"]] == ["ready"] * 3
    plain, marked = (
        np.asarray(pictures.opened(ann.variant(ready, name)), dtype=float)
        for name in ("plain", "marked")
    )
    assert np.abs(plain - marked)[:30, :30].mean() > CLEARLY
    assert np.abs(plain - marked)[-30:, -30:].mean() < HARDLY
    ann.delete(f"/v1/images/{mark['id']}")
    assert ann.post(f"/v1/images/{image['id']}/reprocess").status_code == 202
    after = ann.processed(image["id"])
    assert after["status"] == "ready"
    assert ann.variant(after, "marked") == ann.variant(ready, "marked")
    path = f"/v1/images/{image['id']}/variants/marked"
    ann.delete(path)
    assert wrong_fields(ask(ann, image, "marked", watermark=watermark)) == {
        "transformation.watermark.image_id"
    }


def test_a_variant_deleted_while_it_is_made_leaves_no_byte(place: Product, client: Client) -> None:
    image = client.upload_and_wait(pictures.jpeg())
    decoders = place.decoders()
    for decoder in decoders:
        decoder.suspend()
    try:
        assert ask(client, image, "square", width=50).status_code == 202
        path = f"/v1/images/{image['id']}/variants/square"
        assert client.delete(path).status_code == 204
        assert client.image(image["id"])["status"] == "ready"
    finally:
        for decoder in decoders:
            decoder.resume()
    assert ask(client, image, "other", width=60).status_code == 202
    assert client.processed(image["id"])["status"] == "ready"
    wait_for("the deleted to go", lambda: len(place.objects()) == 6)
    client.delete(f"/v1/images/{image['id']}")
    assert_nothing_is_left(place, client)


def test_nothing_is_amiss_afterwards(place: Product, client: Client) -> None:
    image = client.upload_and_wait(pictures.jpeg())
    ask(client, image, "square", width=50)
    ask(client, image, "gone", width=60)
    client.delete(f"/v1/images/{image['id']}/variants/gone")
    assert place.stop() == 0
    code, words = place.verify()
    assert code == 0, words
    place.start()
    with Client(place.base_url) as again:
        again.headers = client.headers
        ready = again.processed(image["id"])
        assert [v["status"] for v in ready["variants"]] == ["ready"] * 5
        wait_for("the deleted to go", lambda: len(place.objects()) == 6)
    assert place.stop() == 0
    code, words = place.verify()
    assert code == 0, words
    place.start()
