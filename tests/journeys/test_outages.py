"""The servers of a scaled product go away and come back: nothing is lost, nothing half done."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.product import wait_for
from tests.scaled import ScaledProduct, Servers, servers_of_its_own
from tests.servers import Noida, Server, chosen_broker

AWAY_SECONDS = 30

pytestmark = pytest.mark.skipif(
    chosen_broker() is Noida, reason="groups that change need Apache Kafka: `make test-kafka`"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers that nobody else uses."""
    with servers_of_its_own(tmp_path_factory.mktemp("servers"), chosen_broker()) as servers:
        yield servers


@pytest.fixture(scope="module")
def pair(own: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaledProduct]:
    """Two APIs and a processor. Whatever was done to their servers, nothing is amiss."""
    product = ScaledProduct(tmp_path_factory.mktemp("pair"), own, apis=2)
    try:
        product.start()
        yield product
        assert product.stop() == 0
        code, words = product.verify()
        assert code == 0, words
    finally:
        product.end()


@pytest.fixture(scope="module")
def ann(pair: ScaledProduct) -> Iterator[Client]:
    with Client(pair.base_url) as client:
        yield client.sign_up()


@pytest.fixture(scope="module")
def elsewhere(pair: ScaledProduct, ann: Client) -> Iterator[Client]:
    """The same person at the other API."""
    with Client(pair.apis[1].base_url) as client:
        client.headers["Authorization"] = ann.headers["Authorization"]
        yield client


@pytest.fixture(autouse=True)
def _all_is_well_before_and_after(pair: ScaledProduct, own: Servers) -> Iterator[None]:
    yield
    for server in own.all():
        server.ensure()
    wait_for("everything to be ready again", pair.is_ready)


def checks_of(client: Client) -> dict[str, str]:
    found: dict[str, str] = client.get("/health/ready").json()["checks"]
    return found


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_without_the_object_store_uploads_are_refused_and_leave_nothing(
    pair: ScaledProduct, own: Servers, ann: Client, how: str
) -> None:
    kept = ann.upload_and_wait(pictures.jpeg())
    before = len(ann.all_images())
    getattr(own.s3, how)()
    if how == "kill":
        assert_problem(ann.offer(pictures.jpeg(number=1)), 503, "storage-unavailable")
        assert_problem(ann.offer(pictures.jpeg((1600, 1200))), 503, "storage-unavailable")
    wait_for("it to be said", lambda: checks_of(ann)["objects"] == "down")
    assert ann.get("/health/live").status_code == 200
    assert ann.image(kept["id"])["status"] == "ready"
    own.s3.ensure()
    wait_for("it to be ready again", pair.is_ready)
    assert len(ann.all_images()) == before
    assert ann.upload_and_wait(pictures.jpeg(number=2))["status"] == "ready"
    wait_for("nothing to be left", lambda: pair.uploads_under_way() == 0)


def test_without_the_database_every_request_is_refused_and_nothing_is_half_done(
    pair: ScaledProduct, own: Servers, ann: Client
) -> None:
    images = ann.all_images()
    own.postgres.stop()
    for answer in (
        ann.get("/v1/images", params={"limit": "7"}),
        ann.offer(pictures.jpeg(number=3)),
        ann.patch(f"/v1/images/{images[0]['id']}", json={"name": "other"}),
        ann.delete(f"/v1/images/{images[0]['id']}"),
        ann.post(
            "/v1/auth/token", data={"grant_type": "password", "username": "a", "password": "b"}
        ),
    ):
        assert_problem(answer, 503, "service-unavailable")
    assert checks_of(ann)["database"] == "down"
    own.postgres.start()
    wait_for("it to be ready again", pair.is_ready)
    assert [image["id"] for image in ann.all_images()] == [image["id"] for image in images]
    assert ann.image(images[0]["id"])["name"] == images[0]["name"]
    assert ann.upload_and_wait(pictures.jpeg(number=4))["status"] == "ready"


def test_a_restart_of_the_database_under_load_loses_nothing_that_was_promised(
    own: Servers, ann: Client
) -> None:
    promised = []
    for number in range(30):
        if number == 10:
            own.postgres.restart()
        answer = ann.offer(pictures.jpeg((320, 240), number))
        if answer.status_code == httpx.codes.CREATED:
            promised.append(answer.json()["id"])
        else:
            assert_problem(answer, 503, "service-unavailable")
    assert len(promised) >= 20
    assert {ann.processed(image_id)["status"] for image_id in promised} == {"ready"}


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_without_the_cache_everything_works_and_its_return_brings_nothing_back(
    own: Servers, ann: Client, elsewhere: Client, how: str
) -> None:
    image = ann.upload_and_wait(pictures.jpeg(number=5))
    assert elsewhere.image(image["id"]) == ann.image(image["id"])
    getattr(own.valkey, how)()
    for number in range(3):
        path = f"/v1/images/{image['id']}"
        assert ann.patch(path, json={"name": f"without {number}"}).status_code == 200
        for client in (ann, elsewhere):
            assert client.image(image["id"])["name"] == f"without {number}"
    assert ann.upload_and_wait(pictures.jpeg(number=6))["status"] == "ready"
    ready = ann.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"]["cache"]) == (200, "degraded")
    own.valkey.ensure()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for client in (elsewhere, ann):
            assert client.image(image["id"])["name"] == "without 2"
    wait_for("the cache to be back", lambda: checks_of(ann)["cache"] == "ok")


def test_without_the_broker_uploads_are_taken_and_all_become_ready_later(
    pair: ScaledProduct, own: Servers, ann: Client
) -> None:
    own.broker.kill()
    until, taken = time.monotonic() + AWAY_SECONDS, []
    for number in range(20):
        taken.append(ann.upload(pictures.jpeg((320, 240), number))["id"])
    while time.monotonic() < until:
        taken.append(ann.upload(pictures.jpeg((320, 240), len(taken)))["id"])
        time.sleep(1)
    assert checks_of(ann)["broker"] == "down"
    own.broker.start()
    assert {ann.processed(image_id)["status"] for image_id in taken} == {"ready"}
    wait_for("everything to be ready again", pair.is_ready)


@pytest.mark.parametrize("first", range(4))
def test_the_order_in_which_things_start_does_not_matter(
    own: Servers, tmp_path_factory: pytest.TempPathFactory, first: int
) -> None:
    """The product comes up while all are away; each comes back in turn, another one first."""
    folder = tmp_path_factory.mktemp("early")
    product = ScaledProduct(folder, own)
    product.prepare()
    servers: list[Server] = [*own.all()[first:], *own.all()[:first]]
    for server in servers:
        server.kill()
    try:
        product.launch()
        for part in product.parts:
            assert httpx.get(f"{part.base_url}/health/live").status_code == 200
            ready = httpx.get(f"{part.base_url}/health/ready", timeout=30)
            assert ready.status_code == 503
            assert "down" in ready.json()["checks"].values()
        for server in servers:
            server.start()
        wait_for("the product to be ready", product.is_ready)
        with Client(product.base_url) as client:
            client.sign_up().upload_and_wait(pictures.jpeg())
        assert product.stop() == 0
        said = product.log.read_text()
        assert "Traceback" not in said
        # However often somebody asked: the API of database and objects, the processor of objects.
        assert said.count('"away; waiting for it"') == said.count('"there again"') <= 3
    finally:
        product.end()


def test_when_the_api_that_leads_dies_another_one_delivers(
    pair: ScaledProduct, ann: Client, elsewhere: Client
) -> None:
    """Whichever it is that leads, one of the two kills hits it."""
    for victim, survivor in ((0, elsewhere), (1, ann)):
        pair.apis[victim].kill()
        image = survivor.upload(pictures.jpeg(number=victim))
        assert survivor.processed(image["id"])["status"] == "ready"
        pair.revive_api(victim)
        client = (ann, elsewhere)[victim]
        client.base_url = httpx.URL(pair.apis[victim].base_url)
    wait_for("everything to be ready again", pair.is_ready)
