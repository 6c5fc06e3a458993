"""What happened to a picture."""

from datetime import datetime
from typing import Any

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.product import wait_for

DOCUMENT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
SECRETS = ("password", "hash", "email", "originals/", "variants/", "signature")

Json = dict[str, Any]


def _history(client: Client, image: Json) -> list[Json]:
    answer = client.get(f"/v1/images/{image['id']}/events")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"items"}
    items: list[Json] = answer.json()["items"]
    return items


def test_a_history_tells_everything_from_the_upload_on(ann: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg((64, 48)), "harbour.jpg")
    path = f"/v1/images/{image['id']}"
    assert ann.patch(path, json={"name": "port.jpg"}).status_code == 200
    assert ann.patch(path, json={"name": "port.jpg"}).status_code == 200
    wanted = {"name": "tiny", "transformation": {"width": 8}}
    assert ann.post(f"{path}/variants", json=wanted).status_code == 202
    wait_for("the variant", lambda: ann.image(image["id"])["status"] == "ready")
    assert ann.delete(f"{path}/variants/tiny").status_code == 204
    told = _history(ann, image)
    types = [event["type"] for event in told]
    assert types[:3] == ["image.uploaded", "image.ready", "image.updated"]
    assert {"variant.ready", "variant.deleted"} <= set(types[3:])
    times = [datetime.fromisoformat(event["time"]) for event in told]
    assert times == sorted(times)
    assert len({event["id"] for event in told}) == len(told)
    assert (told[0]["data"]["name"], told[2]["data"]["version"]) == ("harbour.jpg", 2)


def test_a_history_tells_nothing_of_anything_else(ann: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg((64, 48)), "harbour.jpg")
    account = ann.get("/v1/auth/me").json()
    other = ann.upload_and_wait(pictures.jpeg((64, 48), 1))
    for event in _history(ann, image):
        assert set(event) == DOCUMENT
        assert event["subject"] == event["data"]["image_id"] == image["id"]
        assert event["data"]["account_id"] == account["id"]
        assert (event["specversion"], event["source"]) == ("1.0", "/safelight")
        text = str(event)
        assert not [word for word in (*SECRETS, account["email"], other["id"]) if word in text]


def test_a_picture_that_failed_says_so_in_its_history(ann: Client) -> None:
    broken = pictures.jpeg((640, 480))
    image = ann.processed(ann.upload(broken[: len(broken) // 3])["id"])
    uploaded, failed = _history(ann, image)
    assert (uploaded["type"], failed["type"]) == ("image.uploaded", "image.failed")
    assert failed["data"]["error"] == image["error"]


def test_the_history_of_what_is_deleted_or_another_s_is_not_there(
    ann: Client, bob: Client, stranger: Client
) -> None:
    image = ann.upload_and_wait(pictures.jpeg((64, 48)))
    path = f"/v1/images/{image['id']}/events"
    assert_problem(bob.get(path), 404, "image-not-found")
    assert_problem(stranger.get(path), 401, "unauthenticated")
    assert ann.delete(f"/v1/images/{image['id']}").status_code == 204
    assert_problem(ann.get(path), 404, "image-not-found")
