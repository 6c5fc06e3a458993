"""What is wrong on the machine is said in one clear line, with exit code 1."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.commands import SAFELIGHT
from tests.product import PATIENCE, Product

embedded = pytest.mark.parametrize("make", ["embedded"], indirect=True)


def _complaint(folder: Path, *arguments: str | Path, **settings: str) -> str:
    """The one line that `safelight up` says before it gives up."""
    return _complaint_of("up", folder, *arguments, **settings)


def _complaint_of(command: str, folder: Path, *arguments: str | Path, **settings: str) -> str:
    done = subprocess.run(
        [SAFELIGHT, command, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("safelight: ")
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


@embedded
def test_a_port_that_is_taken_is_named(product: Product, tmp_path: Path) -> None:
    port = str(urlsplit(product.base_url).port)
    said = _complaint(tmp_path, "--port", port, "--data-dir", "here")
    assert port in said
    assert "--port" in said


@embedded
def test_a_folder_that_another_product_uses_is_named(product: Product, tmp_path: Path) -> None:
    said = _complaint(tmp_path, "--port", "0", "--data-dir", product.data)
    assert str(product.data) in said
    assert "--data-dir" in said


@pytest.mark.parametrize("below", [".", "deep/er"])
def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    said = _complaint(tmp_path, "--port", "0", "--data-dir", f"file/{below}")
    assert "file" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    for name in ("locked", "locked/deeper"):
        assert "locked" in _complaint(tmp_path, "--port", "0", "--data-dir", name)


def test_a_file_in_the_place_of_the_objects_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "objects").touch()
    assert "objects" in _complaint(tmp_path, "--port", "0")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SAFELIGHT_PORT", "http"),
        ("SAFELIGHT_QUOTA_BYTES", "-1"),
        ("SAFELIGHT_LINK_SECRET", "short"),
        ("SAFELIGHT_LOG_FORMAT", "xml"),
        ("SAFELIGHT_CHILDREN", "many"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, setting: str, value: str) -> None:
    said = _complaint(tmp_path, **{setting: value})
    assert setting in said
    assert "short" not in said.partition(setting)[2].replace("shorter", "")


@embedded
def test_a_key_that_others_may_read_is_named(install: Callable[..., Product]) -> None:
    product = install()
    product.start()
    assert product.stop() == 0
    key = product.data / "private.pem"
    for secret in (key, product.data / "link.secret"):
        assert secret.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    said = _complaint(product.data.parent, "--port", "0", "--data-dir", product.data)
    assert "private.pem" in said


@embedded
def test_a_database_that_is_none_is_named(install: Callable[..., Product]) -> None:
    product = install()
    product.data.mkdir()
    (product.data / "safelight.db").write_bytes(b"not a database " * 500)
    said = _complaint(product.data.parent, "--port", "0", "--data-dir", product.data)
    assert "safelight.db" in said


def test_there_is_nothing_to_verify_where_nothing_was_ever_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [SAFELIGHT, "verify", "--data-dir", tmp_path / "nothing"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


@pytest.mark.parametrize("url", ["postgresql://host/name", "host:6379", "redis://host:port/0"])
def test_a_place_for_accounts_that_is_no_redis_is_named(tmp_path: Path, url: str) -> None:
    said = _complaint(tmp_path, "--port", "0", SAFELIGHT_ACCOUNTS_URL=url)
    assert "SAFELIGHT_ACCOUNTS_URL" in said


POSTGRES = {"SAFELIGHT_DATABASE_URL": "postgresql://localhost:1/none"}
KAFKA = {"SAFELIGHT_BROKER_URL": "kafka://localhost:1"}


@pytest.mark.parametrize(
    ("command", "settings", "named"),
    [
        ("api", {}, "SAFELIGHT_DATABASE_URL"),
        ("api", KAFKA, "SAFELIGHT_DATABASE_URL"),
        ("api", POSTGRES, "SAFELIGHT_BROKER_URL"),
        ("api", POSTGRES | KAFKA, "safelight certs"),
        ("api", POSTGRES | KAFKA | {"SAFELIGHT_CACHE_URL": "memory"}, "SAFELIGHT_CACHE_URL"),
        ("processor", {}, "SAFELIGHT_BROKER_URL"),
        ("processor", {"SAFELIGHT_BROKER_URL": "localhost"}, "SAFELIGHT_BROKER_URL"),
        ("processor", KAFKA | {"SAFELIGHT_OBJECTS_URL": "nowhere://bucket"}, "object store"),
        ("up", KAFKA, "SAFELIGHT_BROKER_URL"),
        ("migrate", POSTGRES, "database"),
        ("verify", POSTGRES, "database"),
    ],
)
def test_what_a_part_of_a_scaled_product_lacks_is_named(
    tmp_path: Path, command: str, settings: dict[str, str], named: str
) -> None:
    assert named in _complaint_of(command, tmp_path, **settings)
