"""What a process has loaded is what it can be attacked through: each part loads its own alone."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.commands import SAFELIGHT, Started
from tests.scaled import ScaledProduct, Servers

BROKER = {"SAFELIGHT_BROKER_URL": "kafka://localhost:1"}
SECRETS = {
    "SAFELIGHT_DATABASE_URL": "postgresql://localhost:1/none",
    "SAFELIGHT_CACHE_URL": "redis://localhost:1/0",
    "SAFELIGHT_ACCOUNTS_URL": "redis://localhost:1/1",
}
COMPOSE = """
import sys
from safelight.composition.{part} import {part}
from safelight.settings import Settings
{part}(Settings())
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
PIXELS = {"pyvips"}
DATABASE_ACCOUNTS_AND_CACHE = {
    *("sqlalchemy", "asyncpg", "aiosqlite", "alembic", "redis", "cachetools"),
    *("jwt", "cryptography", "argon2", "pwdlib", "fastapi", "starlette"),
}


def loaded_by(part: str, folder: Path, **settings: str) -> set[str]:
    """Packages that a process has imported which has everything it needs to serve."""
    environment = {"PATH": os.environ["PATH"], "SAFELIGHT_DATA_DIR": str(folder), **BROKER}
    environment |= settings
    subprocess.run([SAFELIGHT, "certs"], env=environment, check=True, capture_output=True)
    script = COMPOSE.format(part=part)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_the_api_loads_no_codec(tmp_path: Path) -> None:
    loaded = loaded_by("api", tmp_path, **SECRETS)
    assert {"sqlalchemy", "asyncpg", "redis", "aiokafka"} <= loaded
    assert not loaded & PIXELS


def test_the_processor_loads_nothing_of_database_accounts_and_cache(tmp_path: Path) -> None:
    loaded = loaded_by("processor", tmp_path)
    assert {"aiokafka", "obstore", "prometheus_client"} <= loaded
    assert not loaded & (DATABASE_ACCOUNTS_AND_CACHE | PIXELS)


def test_a_look_at_everything_loads_no_more_than_it_reads_with() -> None:
    script = "import safelight.composition.verifying, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"sqlalchemy", "obstore"} <= loaded
    assert not loaded & {"fastapi", "alembic", "redis", "aiokafka", "httpx"}


def libraries_of(process: psutil.Process) -> str:
    """Paths of everything that is mapped into it."""
    return "\n".join(region.path for region in process.memory_maps())


@pytest.mark.skipif(sys.platform != "linux", reason="needs to see another process's memory map")
def test_started_processes_have_mapped_and_know_no_more(tmp_path: Path, servers: Servers) -> None:
    product = ScaledProduct(tmp_path, servers)
    product.begin = Started
    more = {"SAFELIGHT_LINK_SECRET": "LINK" * 8, "safelight_private_key": str(tmp_path)}
    product.processor_environment = product.environment | more
    try:
        product.start()
        api, processor = (psutil.Process(part.process.pid) for part in product.parts)
        assert "vips" not in libraries_of(api)
        assert "asyncpg" in libraries_of(api)
        for package in ("asyncpg", "sqlalchemy", "cryptography", "argon2", "vips"):
            assert package not in libraries_of(processor)
        for decoder in product.decoders():
            with suppress(psutil.AccessDenied):  # nobody but root may look into one
                assert "vips" in libraries_of(decoder)
                assert not any(name.startswith(("SAFELIGHT", "AWS")) for name in decoder.environ())
        told = str(processor.environ())
        for secret in ("postgresql", "redis", "private_key", "LINK"):
            assert secret not in told
        assert "starting anew without what a processor has no use for" in product.log.read_text()
        assert product.stop() == 0
    finally:
        product.end()
