"""Real parts for the tests of the parts: servers, databases, stores of objects, photographs."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

from safelight import logs
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.migrations import migrate
from tests.commands import Forked
from tests.product import Product
from tests.scaled import Servers
from tests.servers import S3, Broker, Postgres, Server, Valkey, chosen_broker

T = TypeVar("T", bound=Server)

# A slow moment of a busy machine is no failure: what has to be fast is a benchmark.
hypothesis.settings.register_profile("safelight", deadline=None)
hypothesis.settings.load_profile("safelight")

MODES = ("scaled", "embedded", "")
"""In the order in which their tests are begun."""

HOUR, LONG_ENOUGH = 3600, 30.0
"""Seconds; most tests that compare answers need a tenth of the latter at most."""

logs.configure("console", "error")
Product.begin = Forked


def pytest_runtest_setup() -> None:
    """Signed addresses, and tags with them, are others from the next full hour on: whoever compares
    two answers asks for both on the same side of it.
    """
    left = HOUR - time.time() % HOUR
    if left < LONG_ENOUGH:
        time.sleep(left)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs in one worker: a file, or all stories of one mode, which share a product. Those
    come first, since they are the longest, and the files fill up what is left of the time.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_mode(item) or str(item.path)))
    items.sort(key=lambda item: MODES.index(_mode(item)))


def _mode(item: pytest.Item) -> str:
    """In which a story is told; nothing for other tests."""
    told = getattr(item, "callspec", None)
    mode = told.params.get("make") if told else ""
    return mode if mode in MODES else ""


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder of photographs that scikit-image ships; it is found without being imported."""
    found = find_spec("skimage")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def photograph(photographs: Path) -> bytes:
    """A JPEG of 640 x 427 pixels as a camera's software wrote it."""
    return (photographs / "rocket.jpg").read_bytes()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[type[T]], T]]:
    """Starts servers, which last as long as the tests do."""
    with ExitStack() as running:

        def start(kind: type[T]) -> T:
            server = kind(tmp_path_factory.mktemp(kind.__name__))
            running.callback(server.kill)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def postgres(serve: Callable[[type[Postgres]], Postgres]) -> Postgres:
    return serve(Postgres)


@pytest.fixture(scope="session")
def valkey(serve: Callable[[type[Valkey]], Valkey]) -> Valkey:
    return serve(Valkey)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server for one test to mistreat."""
    server = Valkey(tmp_path / "valkey")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def s3(serve: Callable[[type[S3]], S3]) -> S3:
    return serve(S3)


@pytest.fixture(scope="session")
def broker(serve: Callable[[type[Broker]], Broker]) -> Broker:
    return serve(chosen_broker())


@pytest.fixture(scope="session")
def servers(postgres: Postgres, valkey: Valkey, s3: S3, broker: Broker) -> Servers:
    """What all scaled products share, each with databases, a bucket and topics of its own."""
    return Servers(postgres, valkey, s3, broker)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest shape, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "safelight.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_name(postgres: Postgres) -> str:
    """The same on PostgreSQL."""
    name = postgres.create()
    asyncio.run(_migrate(postgres.url(name)))
    return name


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own, migrated and empty."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "safelight.db")
        return f"sqlite:///{tmp_path / 'safelight.db'}"
    template = request.getfixturevalue("migrated_name")
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.create(template))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def objects_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(objects_folder: Path) -> Objects:
    """An object store of its own, in files."""
    return Objects(objects_folder.as_uri())
