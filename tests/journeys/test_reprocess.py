"""Pictures processed again: by the present presets, after a failure, under many hands."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from safelight.contract.presets import BUILT_IN
from tests import plain_http
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields
from tests.journeys.leftovers import assert_nothing_is_left
from tests.product import Product, wait_for

Json = dict[str, Any]


def reprocess(client: Client, image: Json, *names: str) -> Json:
    body = {"presets": list(names)} if names else None
    answer = client.post(f"/v1/images/{image['id']}/reprocess", json=body)
    assert answer.status_code == 202, answer.text
    taken: Json = answer.json()
    return taken


def preset(client: Client, name: str, **transformation: Any) -> None:
    body = {"transformation": transformation, "on_upload": False}
    assert client.put(f"/v1/presets/{name}", json=body).is_success


def width(client: Client, image: Json, name: str) -> int:
    size: tuple[int, int] = pictures.opened(client.variant(image, name)).size
    return size[0]


def test_a_changed_preset_is_made_anew_and_the_old_stays_until_then(
    place: Product, client: Client
) -> None:
    preset(client, "own", width=50, format="jpeg")
    image = client.upload_and_wait(pictures.jpeg(), presets=["own", "thumb"])
    old = next(v["url"] for v in image["variants"] if v["name"] == "own")
    preset(client, "own", width=60, format="jpeg")
    decoders = place.decoders()
    for decoder in decoders:
        decoder.suspend()
    try:
        taken = reprocess(client, image)
        assert taken["status"] == "processing"
        assert {v["status"] for v in taken["variants"]} == {"ready"}
        assert width(client, taken, "own") == 50
    finally:
        for decoder in decoders:
            decoder.resume()
    ready = client.processed(image["id"])
    assert width(client, ready, "own") == 60
    new = next(v["url"] for v in ready["variants"] if v["name"] == "own")
    assert new != old
    assert pictures.opened(plain_http.get(f"{client.base_url}{old}").content).size[0] == 60
    wait_for("the replaced to go", lambda: len(place.objects()) == 3)
    client.delete(f"/v1/images/{image['id']}")
    assert_nothing_is_left(place, client)


def test_presets_that_are_missing_are_added(ann: Client) -> None:
    preset(ann, "own", width=50)
    image = ann.upload_and_wait(pictures.jpeg(), presets=["small"])
    taken = reprocess(ann, image, "own", "thumb")
    assert [v["name"] for v in taken["variants"]] == ["thumb", "small", "own"]
    ready = ann.processed(image["id"])
    assert {v["status"] for v in ready["variants"]} == {"ready"}
    answer = ann.post(f"/v1/images/{image['id']}/reprocess", json={"presets": ["nothing"]})
    assert_problem(answer, 422, "unknown-preset")


def test_a_refused_picture_can_be_tried_again(ann: Client) -> None:
    image = ann.processed(ann.upload(pictures.jpeg()[:3000])["id"])
    assert image["status"] == "failed"
    taken = reprocess(ann, image)
    assert (taken["status"], taken["error"]) == ("processing", None)
    assert {(v["status"], v["error"]) for v in taken["variants"]} == {("pending", None)}
    again = ann.processed(image["id"])
    assert (again["status"], again["error"]) == ("failed", image["error"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"presets": []}, "presets"),
        ({"presets": "thumb"}, "presets"),
        ({"presets": [1]}, "presets.0"),
        ({"variants": ["thumb"]}, "variants"),
        ([], "body"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(owner: Client, body: Any, field: str) -> None:
    images = owner.all_images() or [owner.upload_and_wait(pictures.jpeg())]
    answer = owner.post(f"/v1/images/{images[0]['id']}/reprocess", json=body)
    assert wrong_fields(answer) == {field}


def test_a_body_may_be_empty_or_an_empty_object(owner: Client) -> None:
    image = owner.upload_and_wait(pictures.jpeg(number=1))
    path = f"/v1/images/{image['id']}/reprocess"
    assert owner.post(path).status_code == 202
    assert owner.post(path, json={}).status_code == 202
    assert owner.post(path, json={"presets": None}).status_code == 202
    wrong = owner.post(path, content=b"presets=thumb")
    assert_problem(wrong, 415, "unsupported-media-type")
    assert owner.processed(image["id"])["status"] == "ready"


def test_many_hands_leave_one_picture_of_each_name(place: Product, client: Client) -> None:
    image = client.upload(pictures.jpeg((200, 150)))

    def disturb(number: int) -> None:
        preset(client, "own", width=20 + number % 3)
        reprocess(client, image, *(["own"] if number % 2 else []))
        if number % 4 == 0:
            client.delete(f"/v1/images/{image['id']}/variants/own")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(disturb, range(16)))
    preset(client, "own", width=33)
    reprocess(client, image, "own")
    ready = client.processed(image["id"])
    assert ready["status"] == "ready"
    assert [v["name"] for v in ready["variants"]] == [*BUILT_IN, "own"]
    assert {v["status"] for v in ready["variants"]} == {"ready"}
    assert width(client, ready, "own") == 33
    wait_for("the replaced to go", lambda: len(place.objects()) == 6)
    assert place.stop() == 0
    code, words = place.verify()
    assert code == 0, words
    place.start()
