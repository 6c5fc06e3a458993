"""The servers under a scaled product: stopped, killed, frozen, and started in any order."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import httpx

from tests import plain_http
from tests.faults.customer import Customer
from tests.faults.fault import SCALED, Fault
from tests.faults.ground import Ground
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.product import wait_for
from tests.servers import Server

LONG_SECONDS = 30.0
"""For which the broker is away without anybody's upload being refused, and the others without any
picture failing.
"""
SLOWLY = 2.0
"""Seconds between two pictures of a client meanwhile: what waits has to be done afterwards."""
FROZEN_SECONDS = 3.0
AFTERWARDS_SECONDS = 2.0
"""For which nobody may be told what the cache had before it went away."""
HANDFUL = 6
"""Pictures that take longer to be processed than to be uploaded."""
LARGE = (1600, 1200)
"""Sides of a picture that is several parts for the object store."""
NAME = "as it was"
WAITING, BACK = '"away; waiting for it"', '"there again"'
DATABASE, OBJECTS, CACHE, BROKER = "database", "objects", "cache", "broker"
"""As `/health/ready` calls them."""


def servers(ground: Ground) -> dict[str, Server]:
    """By the names that health has for them."""
    four = ground.servers
    return {DATABASE: four.postgres, OBJECTS: four.s3, CACHE: four.valkey, BROKER: four.broker}


def take_away(check: str, ground: Ground) -> None:
    """Stopped, killed and frozen: without this server requests are refused, or go on without it,
    and its return brings nothing back.
    """
    ann = ground.client()
    image_id = ann.surely(pictures.jpeg(number=1), NAME)
    assert ann.processed(image_id)["status"] == "ready"
    for how in WAYS[check]:
        kept = len(ann.all_images())
        _take_away(ground, check, how, ann, image_id)
        assert len(ann.all_images()) == kept + (check in (CACHE, BROKER)), how
        until = time.monotonic() + (AFTERWARDS_SECONDS if check == CACHE else 0)
        while True:
            for _ in ground.apis:
                ann.turn += 1
                assert ann.image(image_id)["name"] == NAME, how
            if time.monotonic() > until:
                break


def _take_away(ground: Ground, check: str, how: str, ann: Customer, image_id: str) -> None:
    with _away(ground, how, servers(ground)[check]):
        if how != "pause" or check in (CACHE, BROKER):
            PROBES[check](ann, image_id)
        # Whoever needs one of the others waits until it goes on, and is answered then.
        _wait_until_told(ground, check)
        time.sleep(FROZEN_SECONDS if how == "pause" else 0)


def keep_the_broker_away(ground: Ground) -> None:
    """For as long as this, uploads are taken. Then all of them become ready."""
    pace, ground.load.pace = ground.load.pace, SLOWLY
    with _away(ground, "kill", ground.servers.broker):
        before, until = len(ground.ledger), time.monotonic() + LONG_SECONDS
        while time.monotonic() < until:
            ground.promise_more(3)
        assert not ground.answers.refusals, ground.answers.refusals
        taken = len(ground.ledger) - before  # first: the load goes on
        assert ground.count_promised() >= taken
    ground.load.pace = pace


def keep_rows_and_bytes_away(ground: Ground) -> None:
    """In the midst of much work, and for longer than all five tries of a message take: it is
    done afterwards.
    """
    ann, large = ground.client(), pictures.camera_jpeg()
    for _ in range(HANDFUL):
        ann.surely(large)
    ground.until("work to be under way", lambda: ground.count_processing() or not ann.surely(large))
    with _away(ground, "kill", ground.servers.postgres, ground.servers.s3):
        time.sleep(LONG_SECONDS)


def restart_everything_below(ground: Ground) -> None:
    """All four are killed in the same moment, and come back in any order."""
    gone = list(servers(ground).values())
    ground.random.shuffle(gone)
    with _away(ground, "kill", *gone):
        assert all(
            plain_http.get(f"{part.base_url}/health/live").is_success for part in ground.apis
        )


def start_before_the_servers(ground: Ground) -> None:
    """The product is killed with all that it stands on, and started before it."""
    gone = list(servers(ground).values())
    ground.random.shuffle(gone)
    ground.product.kill()
    ground.kills += len(ground.product.parts)
    offset = ground.log_size()
    with _away(ground, "kill", *gone):
        ground.scaled.launch()
        for part in 2 * ground.product.parts:
            assert plain_http.get(f"{part.base_url}/health/live").status_code == httpx.codes.OK
            ready = plain_http.get(f"{part.base_url}/health/ready", timeout=30)
            assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert "down" in ready.json()["checks"].values()
    said = ground.log_since(offset)
    # However often somebody asked: an API of database and objects, a processor of objects.
    most = len(ground.apis) * 2 + len(ground.processors)
    assert 0 < said.count(WAITING) == said.count(BACK) <= most, said[-3000:]


def _probe_database(ann: Customer, image_id: str) -> None:
    """Whatever is asked is refused, and is not half done."""
    path = f"/v1/images/{image_id}"
    form = {"grant_type": "password", "username": "a", "password": "b"}
    for answer in (
        ann.get("/v1/images", params={"limit": "7"}),
        ann.offer(pictures.jpeg(number=2)),
        ann.patch(path, json={"name": "other"}),
        ann.delete(path),
        ann.post("/v1/auth/token", data=form),
    ):
        assert_problem(answer, 503, "service-unavailable")


def _probe_objects(ann: Customer, image_id: str) -> None:
    """Nothing is taken; what is known is still told."""
    assert_problem(ann.offer(pictures.jpeg(number=2)), 503, "storage-unavailable")
    assert_problem(ann.offer(pictures.camera_jpeg(LARGE)), 503, "storage-unavailable")
    assert ann.image(image_id)["status"] == "ready"


def _probe_cache(ann: Customer, image_id: str) -> None:
    """Everything works, and each API tells what was written at the other."""
    for name in ("other", NAME):
        rename(ann, image_id, name)
    _probe_broker(ann, image_id)


def rename(ann: Customer, image_id: str, name: str) -> None:
    """Whichever API is asked from now on, that is its name."""
    answer = ann.patch(f"/v1/images/{image_id}", json={"name": name})
    assert answer.status_code == httpx.codes.OK, answer.text
    for _ in range(2):
        ann.turn += 1
        told = ann.image(image_id)["name"]
        assert told == name, f"{told} is told, and {name} was written"


def _probe_broker(ann: Customer, image_id: str) -> None:
    """Uploads are taken, and wait."""
    ann.surely(pictures.jpeg(number=2))


WAYS = {
    DATABASE: ("stop", "kill", "pause"),
    CACHE: ("stop", "kill", "pause"),
    # Asked kindly, it takes half a minute.
    OBJECTS: ("kill", "pause"),
    BROKER: ("stop", "kill", "pause"),
}
PROBES: dict[str, Callable[[Customer, str], None]] = {
    DATABASE: _probe_database,
    OBJECTS: _probe_objects,
    CACHE: _probe_cache,
    BROKER: _probe_broker,
}
"""What holds of an account with one image while this server is away."""


def _wait_until_told(ground: Ground, check: str) -> None:
    """The first API says that it is away, and that it lives itself."""
    said = "degraded" if check == CACHE else "down"
    url = ground.apis[0].base_url

    def is_told() -> bool:
        ready = plain_http.get(f"{url}/health/ready", timeout=30)
        assert ready.is_success == (ready.json()["status"] != "down")
        return bool(ready.json()["checks"][check] == said)

    wait_for(f"{check} to be {said}", is_told, 0.1)
    assert plain_http.get(f"{url}/health/live", timeout=30).status_code == httpx.codes.OK


@contextmanager
def _away(ground: Ground, how: str, *gone: Server) -> Iterator[None]:
    """They are stopped, killed or frozen now, and come back in this order when the block ends."""
    for server in gone:
        getattr(server, how)()
    ground.kills += len(gone) if how == "kill" else 0
    try:
        yield
    finally:
        for server in gone:
            server.ensure()
    ground.harm_ends()
    ground.recover()


FAULTS = [
    Fault("the database is stopped, killed, frozen", SCALED, partial(take_away, DATABASE)),
    Fault("the cache is stopped, killed, frozen", SCALED, partial(take_away, CACHE)),
    Fault("the object store is killed, frozen", SCALED, partial(take_away, OBJECTS)),
    Fault(
        "the broker is stopped, killed, frozen", SCALED, partial(take_away, BROKER), needs="kafka"
    ),
    Fault("the broker is away for long", SCALED, keep_the_broker_away, needs="kafka"),
    Fault("database and object store are away for long", SCALED, keep_rows_and_bytes_away),
    Fault("all servers are killed", SCALED, restart_everything_below, needs="kafka"),
    Fault("it starts before its servers", SCALED, start_before_the_servers, needs="kafka"),
]
