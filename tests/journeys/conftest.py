"""The products of the stories: one that all share, and fresh ones for stories that end it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.product import Product
from tests.scaled import ScaledProduct, Servers
from tests.servers import Noida, chosen_broker

LOG_LINES = 12
ONE_DECODER = {"SAFELIGHT_CHILDREN": "1"}
"""Of products that are started for a few stories: most of what a start costs is its decoders."""

Make = Callable[..., Product]


@pytest.fixture(scope="session", params=["embedded", "scaled"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a product of one of the two modes in a folder; every story is told in both."""
    if request.param == "embedded":
        return Product
    servers: Servers = request.getfixturevalue("servers")
    return partial(ScaledProduct, servers=servers)


@pytest.fixture
def buries_the_dead(request: pytest.FixtureRequest) -> None:
    """For stories that kill members of a group: the small broker waits for them for ever."""
    if request.getfixturevalue("make") is not Product and chosen_broker() is Noida:
        pytest.skip("needs Apache Kafka: `make test-kafka`")


@pytest.fixture(scope="session")
def product(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product. Whatever the stories did to it, it ends well and nothing is amiss."""
    product = make(tmp_path_factory.mktemp("product"))
    try:
        product.start()
        yield product
        assert product.stop() == 0
        code, words = product.verify()
        assert code == 0, words
    finally:
        product.end()


@pytest.fixture(scope="module")
def stocked(
    make: Make, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Product]]:
    """Starts products with settings of their own, which last for the module."""
    started: list[Product] = []

    def start(**settings: str) -> Product:
        started.append(make(tmp_path_factory.mktemp("product"), **{**ONE_DECODER, **settings}))
        started[-1].start()
        return started[-1]

    try:
        yield start
        for product in started:
            product.stop()
    finally:
        for product in started:
            product.end()


@pytest.fixture
def installed() -> Iterator[list[Product]]:
    """What `install` made, ended when the story is over."""
    made: list[Product] = []
    yield made
    for product in made:
        product.end()


@pytest.fixture
def install(make: Make, tmp_path: Path, installed: list[Product]) -> Callable[..., Product]:
    """Makes products that are not started, for stories that stop, kill and start them."""

    def install(name: str = "product", **settings: str) -> Product:
        (tmp_path / name).mkdir()
        installed.append(make(tmp_path / name, **{**ONE_DECODER, **settings}))
        return installed[-1]

    return install


@pytest.fixture(scope="module")
def owner(product: Product) -> Iterator[Client]:
    """Somebody whose pictures all stories of a module share."""
    with Client(product.base_url) as client:
        yield client.sign_up()


@pytest.fixture(scope="module")
def place(stocked: Callable[..., Product]) -> Product:
    """A product in which nothing else happens, so that whatever is left can be seen."""
    return stocked()


@pytest.fixture(scope="module")
def client(place: Product) -> Iterator[Client]:
    """The only one who uses that product."""
    with Client(place.base_url) as client:
        yield client.sign_up()


@pytest.fixture
def ann(product: Product) -> Iterator[Client]:
    """Somebody who has just signed up."""
    with Client(product.base_url) as client:
        yield client.sign_up()


@pytest.fixture
def bob(product: Product) -> Iterator[Client]:
    """Somebody else who has just signed up."""
    with Client(product.base_url) as client:
        yield client.sign_up()


@pytest.fixture
def stranger(product: Product) -> Iterator[Client]:
    """Somebody without an account."""
    with Client(product.base_url) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show the end of the product's log beside a failure."""
    report = yield
    if report.failed:
        arguments = getattr(item, "funcargs", {})
        for value in [*arguments.values(), *arguments.get("installed", ())]:
            if isinstance(value, Product) and value.log.exists():
                lines = value.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
                report.sections.append((f"log of {value.data}", "\n".join(lines)))
    return report
