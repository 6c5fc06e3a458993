"""Pictures that are deleted while somebody is at work on them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
from sqlalchemy import Table, select

from safelight.image_app.models import images, renderings, variants
from tests import plain_http
from tests.faults.customer import Customer
from tests.faults.fault import BOTH, EMBEDDED, SCALED, Fault
from tests.faults.ground import Ground
from tests.faults.processes import kill_a_processor, kill_an_api, kill_everything
from tests.journeys import pictures

Json = dict[str, Any]
MOMENTS = 10
"""Pictures that are deleted, each at another moment of their processing."""
LONGEST = 0.6
"""Seconds in which most pictures are processed."""
HANDS = 4
SIDES = (1200, 900)
"""Sides of a picture that takes a while."""


def delete_while_processed(ground: Ground) -> None:
    """At any moment between the `201` and the end of the work."""
    ann = ground.client()
    gone = []
    for number in range(MOMENTS):
        image = _taken(ann, number)
        ground.wait_a_moment(LONGEST)
        assert delete(ground, ann, image["id"]) == httpx.codes.NO_CONTENT
        gone.append(image)
    _all_is_gone(ground, ann, gone)


def die_after_the_answer(kill: Callable[[Ground], None], ground: Ground) -> None:
    """The process is killed with the answer hardly sent; what was answered stays so."""
    ann = ground.client()
    images = [_taken(ann, number) for number in range(HANDS)]
    for image in images:
        assert delete(ground, ann, image["id"]) == httpx.codes.NO_CONTENT
    kill(ground)
    ground.recover()
    _all_is_gone(ground, ann, images)


def race(ground: Ground) -> None:
    """Delete against delete, change, reprocess and rendering: one of the deletes wins, and
    nobody brings the picture back.
    """
    ann = ground.client()
    gone = []
    for number in range(MOMENTS):
        image = _taken(ann, number)
        path = f"/v1/images/{image['id']}"
        ground.ledger.reprocessed(image["id"])
        ground.ledger.leaving(image["id"])
        if number % 2:
            ann.processed(image["id"])
        acts: list[Callable[[], httpx.Response]] = [
            partial(ann.delete, path),
            partial(ann.delete, path),
            partial(ann.patch, path, json={"name": "other"}),
            partial(ann.post, f"{path}/reprocess"),
            partial(ann.get, f"/i/{image['id']}/width={20 + number},format=jpeg"),
            partial(ann.get, image["url"]),
        ]
        ground.random.shuffle(acts)
        with ThreadPoolExecutor(len(acts)) as pool:
            answers = [answer.result() for answer in [pool.submit(act) for act in acts]]
        deletes = [a.status_code for a in answers if a.request.method == "DELETE"]
        assert sorted(deletes) == [204, 404], deletes
        ground.ledger.gone(image["id"])
        gone.append(image)
    _all_is_gone(ground, ann, gone)


def delete_a_watermark(ground: Ground) -> None:
    """The picture that others wear goes, while it is laid over them: they are ready or say which
    variant could not be made, and are made anew without it.
    """
    ann = ground.client()
    mark = _taken(ann, 0)
    ann.processed(mark["id"])
    wanted = {"width": 300, "watermark": {"image_id": mark["id"]}}
    body = {"transformation": wanted, "on_upload": True}
    assert ann.put("/v1/presets/worn", json=body).is_success
    wearing = [_taken(ann, number + 1)["id"] for number in range(HANDS)]
    ground.wait_a_moment(LONGEST)
    assert delete(ground, ann, mark["id"]) == httpx.codes.NO_CONTENT
    for image_id in wearing:
        image = ann.processed(image_id)
        assert image["status"] == "ready", image["error"]
        for variant in image["variants"]:
            is_well = variant["status"] == "ready"
            assert is_well or (variant["name"] == "worn" and variant["error"]["detail"]), variant
        # The load's checks know no variant that may fail.
        assert delete(ground, ann, image_id) == httpx.codes.NO_CONTENT
    _all_is_gone(ground, ann, [mark])


def delete(ground: Ground, ann: Customer, image_id: str) -> int:
    """What is answered; noted before it is asked, and again once it is answered."""
    ground.ledger.leaving(image_id)
    status = ann.delete(f"/v1/images/{image_id}").status_code
    if status == httpx.codes.NO_CONTENT:
        ground.ledger.gone(image_id)
    return status


def _taken(ann: Customer, number: int) -> Json:
    """A picture that has just been promised, with the links to all that will be of it."""
    return ann.image(ann.surely(pictures.camera_jpeg(SIDES) + str(number).encode()))


def _all_is_gone(ground: Ground, ann: Customer, gone: list[Json]) -> None:
    """For whoever asks, at once and from every API; and in a moment without a byte left."""
    for image in gone:
        for url in (image["url"], *(variant["url"] for variant in image["variants"])):
            _is_not_there(plain_http.get(f"{ground.product.base_url}{url}"), url)
        for _ in ground.apis:
            ann.turn += 1
            path = f"/v1/images/{image['id']}"
            _is_not_there(ann.get(path), path)
            _is_not_there(ann.get(f"/i/{image['id']}/width=33,format=jpeg"), "a rendering")
    listed = {image["id"] for image in ann.all_images()}
    ids = {image["id"] for image in gone}
    assert not listed & ids
    ground.until("the last objects to go", lambda: not _objects_of(ground, ids))
    ground.until("the last rows to go", lambda: not _rows_of(ground, ids))


def _is_not_there(answer: httpx.Response, what: str) -> None:
    assert answer.status_code == httpx.codes.NOT_FOUND, f"{answer.status_code} to {what}"


def _objects_of(ground: Ground, ids: set[str]) -> list[str]:
    return [key for key in ground.product.objects() if ids & set(key.split("/"))]


def _rows_of(ground: Ground, ids: set[str]) -> list[tuple[Any, ...]]:
    tables: dict[Table, Any] = {images: "id", variants: "image_id", renderings: "image_id"}
    return [
        row
        for table, name in tables.items()
        for row in ground.product.rows(select(table.c[name]).where(table.c[name].in_(ids)))
    ]


FAULTS = [
    Fault("deleted while it is processed", BOTH, delete_while_processed),
    Fault("deleted, and all is killed", EMBEDDED, partial(die_after_the_answer, kill_everything)),
    Fault("deleted, and the API is killed", SCALED, partial(die_after_the_answer, kill_an_api)),
    Fault(
        "deleted, and a processor is killed",
        SCALED,
        partial(die_after_the_answer, kill_a_processor),
        needs="kafka",
    ),
    Fault("deleted by many hands", BOTH, race),
    Fault("deleted while others wear it", BOTH, delete_a_watermark),
]
