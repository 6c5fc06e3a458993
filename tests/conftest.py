"""Real parts for the tests of the parts: SQLite files, folders of objects, photographs."""

import shutil
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

from safelight import logs
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.migrations import migrate

# A slow moment of a busy machine is no failure: what has to be fast is a benchmark.
hypothesis.settings.register_profile("safelight", deadline=None)
hypothesis.settings.load_profile("safelight")

logs.configure("console", "error")


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
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest shape, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "safelight.db"
    database = Database(f"sqlite:///{path}")
    await migrate(database)
    await database.close()
    return path


@pytest.fixture
async def database(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    """A database of its own, migrated and empty."""
    path = tmp_path / "safelight.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
def objects_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(objects_folder: Path) -> Objects:
    """An object store of its own, in files."""
    return Objects(objects_folder.as_uri())
