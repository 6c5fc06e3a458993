"""`safelight doctor` beside a product, and with things that are really broken."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from safelight.backends import keyfiles
from tests.journeys.surgery import execute
from tests.product import Product, wait_for
from tests.scaled import ScaledProduct

embedded = pytest.mark.parametrize("make", ["embedded"], indirect=True)
scaled = pytest.mark.parametrize("make", ["scaled"], indirect=True)


def findings(product: Product) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and state and words of each check."""
    code, words = product.run("doctor", "--json")
    found = json.loads(words[words.index("[") :])
    assert all(line["state"] == "ok" or line["remedy"] for line in found)
    return code, {line["check"]: (line["state"], line["words"]) for line in found}


def assert_fault(product: Product, check: str, words: str) -> None:
    code, found = findings(product)
    assert code == 1
    state, said = found[check]
    assert state == "fault", said
    assert words in said


def test_beside_a_running_product_all_is_well_and_nothing_changes(product: Product) -> None:
    before = sorted(product.objects())
    wait_for("all to be well", lambda: product.run("doctor")[0] == 0)
    code, words = product.run("doctor")
    assert code == 0, words
    assert words.splitlines()[-1].endswith("0 faults, 0 warnings") or "warning" in words
    code, found = findings(product)
    assert code == 0
    wanted = {"version", "platform", "open files", "memory", "keys", "database", "objects"}
    wanted |= {"libvips", "decoder"}
    if isinstance(product, ScaledProduct):
        wanted |= {"broker", "cache", "clock", f"processor {product.processors[0].base_url}"}
    assert wanted <= set(found)
    assert {found[check][0] for check in wanted} == {"ok"}
    assert sorted(product.objects()) == before
    assert product.is_ready()


def test_no_secret_is_ever_said(product: Product) -> None:
    for arguments in (["doctor"], ["doctor", "--json"]):
        _, words = product.run(*arguments)
        for name in ("SAFELIGHT_PROCESSOR_TOKEN", "AWS_SECRET_ACCESS_KEY"):
            assert product.environment.get(name, "-not set-") not in words
        assert (product.data / "link.secret").read_text() not in words


@pytest.fixture
def here(install: Callable[..., Product]) -> Product:
    """A product that was prepared and is not running."""
    product = install()
    if isinstance(product, ScaledProduct):
        product.prepare()
        product.environment["SAFELIGHT_PROCESSOR_URLS"] = "http://127.0.0.1:9"
    else:
        for command in ("certs", "migrate"):
            assert product.run(command)[0] == 0
    return product


def test_a_key_that_others_may_read_is_a_fault(here: Product) -> None:
    (here.data / "private.pem").chmod(0o644)
    assert_fault(here, "keys", "others may read")


def test_keys_that_are_no_pair_are_a_fault(here: Product, tmp_path: Path) -> None:
    keyfiles.make_keys(tmp_path / "private.pem", tmp_path / "public.pem")
    (here.data / "public.pem").write_bytes((tmp_path / "public.pem").read_bytes())
    assert_fault(here, "keys", "not that of")


def test_a_database_that_was_not_migrated_is_a_fault(here: Product) -> None:
    execute(here, text("DELETE FROM alembic_version"))
    assert_fault(here, "database", "has not the shape")


def test_a_store_that_is_away_is_a_fault(here: Product) -> None:
    if isinstance(here, ScaledProduct):
        here.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    else:
        (here.data / "objects").write_text("a file in its place")
    assert_fault(here, "objects", "")


@scaled
@pytest.mark.parametrize(
    ("setting", "url", "check"),
    [
        ("SAFELIGHT_DATABASE_URL", "postgresql://ann:a-password@127.0.0.1:9/x", "database"),
        ("SAFELIGHT_BROKER_URL", "kafka://127.0.0.1:9", "broker"),
        ("SAFELIGHT_ACCOUNTS_URL", "redis://:a-password@127.0.0.1:9/0", "accounts"),
        (
            "SAFELIGHT_PROCESSOR_URLS",
            "http://ann:a-password@127.0.0.1:9",
            "processor http://ann:***@127.0.0.1:9",
        ),
    ],
)
def test_a_server_that_is_away_is_a_fault_of_its_own(
    here: Product, setting: str, url: str, check: str
) -> None:
    here.environment[setting] = url
    code, words = here.run("doctor")
    assert code == 1
    assert "a-password" not in words
    assert "Traceback" not in words
    assert_fault(here, check, "")


def test_more_connections_than_files_are_warned_of(here: Product) -> None:
    here.environment["SAFELIGHT_CONNECTIONS"] = "1000000000"
    _, found = findings(here)
    assert found["open files"][0] == "warning"
    assert "SAFELIGHT_CONNECTIONS" in found["open files"][1]


@scaled
def test_without_a_cache_it_is_slower_and_no_fault(here: Product) -> None:
    here.environment["SAFELIGHT_CACHE_URL"] = "redis://127.0.0.1:9/0"
    _, found = findings(here)
    assert found["cache"][0] == "warning"


@scaled
def test_a_processor_that_is_away_or_knows_another_token_is_a_fault(product: Product) -> None:
    assert isinstance(product, ScaledProduct)
    url = product.processors[0].base_url
    right = product.environment["SAFELIGHT_PROCESSOR_TOKEN"]
    try:
        product.environment["SAFELIGHT_PROCESSOR_TOKEN"] = "another-token-than-theirs-" * 2
        assert_fault(product, f"processor {url}", "another token")
        product.environment["SAFELIGHT_PROCESSOR_TOKEN"] = right
        product.environment["SAFELIGHT_PROCESSOR_URLS"] = "http://127.0.0.1:9"
        assert_fault(product, "processor http://127.0.0.1:9", "")
    finally:
        product.environment["SAFELIGHT_PROCESSOR_TOKEN"] = right
        product.environment["SAFELIGHT_PROCESSOR_URLS"] = url


@scaled
def test_a_processor_looks_at_what_it_uses_alone(product: Product) -> None:
    assert isinstance(product, ScaledProduct)
    alone = Product(product.data.parent)
    alone.environment = product.processor_environment
    code, found = findings(alone)
    assert code == 0
    assert {"objects", "broker", "decoder"} <= set(found)
    assert not {"keys", "database", "cache", "processors"} & set(found)


@embedded
@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("SAFELIGHT_PUBLIC_URL", "http://photos.example.com", "warning"),
        ("SAFELIGHT_PUBLIC_URL", "http://localhost:8000", "ok"),
        ("SAFELIGHT_PUBLIC_URL", "https://photos.example.com", "ok"),
        ("SAFELIGHT_LINK_SECRET", "a" * 40, "fault"),
    ],
)
def test_settings_that_give_something_away_are_named(
    here: Product, name: str, value: str, state: str
) -> None:
    here.environment[name] = value
    assert findings(here)[1]["settings"][0] == state


@embedded
def test_where_nothing_was_started_yet_nothing_is_made(install: Callable[..., Product]) -> None:
    product = install()
    code, found = findings(product)
    assert code == 0
    assert {found[check][0] for check in ("data folder", "keys", "database", "objects")} == {
        "warning"
    }
    assert not product.data.exists()
