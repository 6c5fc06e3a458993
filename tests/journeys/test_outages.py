"""Whatever starts first, and whoever leads: the rest of what may go away is in `tests/faults`."""

from collections.abc import Iterator

import httpx
import pytest

from tests import plain_http
from tests.client import Client
from tests.journeys import pictures
from tests.product import wait_for
from tests.scaled import ScaledProduct, Servers, servers_of_its_own
from tests.servers import Noida, Server, chosen_broker

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
        for part in 2 * product.parts:
            assert plain_http.get(f"{part.base_url}/health/live").status_code == 200
            ready = plain_http.get(f"{part.base_url}/health/ready", timeout=30)
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
        assert 0 < said.count('"away; waiting for it"') == said.count('"there again"') <= 3
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
