"""compose.yaml says what the product says: settings, ports, commands, and who may see what."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from safelight.cli import app
from safelight.settings import Settings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate", "bucket"}
OURS = {"image_app": "api", "image_process_app": "processor", "migrate": "migrate"}
PORTS = {
    "image_app": 8000,
    "image_process_app": 10101,
    "postgres": 5432,
    "redis": 6379,
    "kafka": 9092,
}
READ = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
"""A variable that compose reads, and what it says when there is none."""

every_service = pytest.mark.parametrize("name", SERVICES)
every_app = pytest.mark.parametrize("name", OURS)


def environment(name: str) -> dict[str, str]:
    """What a service is told, with some secret where one is asked for, and the rest as the example
    has it.
    """
    given = {
        name: value or "secret" * 6 for name, value in example().items() if value or is_asked(name)
    }
    return {
        key: READ.sub(lambda read: given.get(read[1], read[3]), str(value))
        for key, value in SERVICES[name].get("environment", {}).items()
    }


def example() -> dict[str, str]:
    text = (ROOT / ".env-example").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if re.match("[A-Z]", line))


def is_asked(name: str) -> bool:
    return f"${{{name}:?" in TEXT


def volumes(name: str) -> Iterator[tuple[str, str]]:
    for volume in SERVICES[name].get("volumes", []):
        source, _, target = volume.partition(":")
        yield source, target


def test_every_service_is_there_and_none_is_a_zookeeper() -> None:
    assert set(SERVICES) == {*PORTS, *ONCE, "objects"}
    assert "zookeeper" not in TEXT.lower()
    assert "controller" in SERVICES["kafka"]["environment"]["KAFKA_PROCESS_ROLES"]


@every_service
def test_an_image_is_pinned_by_an_exact_tag(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)?", repository), "named as on the default registry"
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-[a-z]+[\d.]*)?", tag)


@every_service
def test_a_service_runs_without_root_or_any_privilege(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].rpartition(":")
    assert user.startswith("${KEYS_OWNER:?") or int(user) > 0
    assert int(group) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] or name == "kafka"
    assert "privileged" not in service


@every_service
def test_a_service_that_lasts_is_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ONCE)
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize(("name", "port"), PORTS.items())
def test_a_service_is_where_everybody_looks_for_it(name: str, port: int) -> None:
    service = SERVICES[name]
    assert str(port) in [*service.get("expose", []), *(p[:4] for p in service.get("ports", []))]
    if name not in ("postgres", "redis"):  # whose tools know where they are
        assert f"127.0.0.1:{port}/" in (check := " ".join(service["healthcheck"]["test"])) or (
            f"127.0.0.1/{port}" in check
        )


def test_the_ports_of_the_apps_are_the_defaults_of_their_settings() -> None:
    ports = {name: Settings.model_fields[name].default for name in ("port", "processor_port")}
    assert ports == {"port": PORTS["image_app"], "processor_port": PORTS["image_process_app"]}
    for name in OURS:
        assert not {"SAFELIGHT_PORT", "SAFELIGHT_PROCESSOR_PORT"} & set(environment(name))


def test_only_the_api_is_published_so_that_there_can_be_many_of_the_rest() -> None:
    assert {name: s["ports"] for name, s in SERVICES.items() if "ports" in s} == {
        "image_app": ["8000:8000"]
    }


@pytest.mark.parametrize(("name", "command"), OURS.items())
def test_an_app_is_started_by_a_command_that_exists(name: str, command: str) -> None:
    known = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    assert SERVICES[name]["command"] == [command]
    assert command in known


@every_app
def test_what_an_app_is_told_are_settings_that_it_understands(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = environment(name)
    documented = set(re.findall(r"AWS_[A-Z_]+", (ROOT / "docs" / "settings.md").read_text()))
    known = {f"SAFELIGHT_{field.upper()}" for field in Settings.model_fields} | documented
    assert set(told) <= known
    for variable in known:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.database_url.startswith("postgresql://") == (name != "image_process_app")
    assert settings.broker_url == ("" if name == "migrate" else "kafka://kafka:9092")


def test_the_apps_meet_at_the_same_broker_and_objects() -> None:
    api, processor = environment("image_app"), environment("image_process_app")
    shared = {name for name in api if name.startswith("AWS_")} | {
        "SAFELIGHT_BROKER_URL",
        "SAFELIGHT_BROKER_PARTITIONS",
        "SAFELIGHT_OBJECTS_URL",
        "SAFELIGHT_PROCESSOR_TOKEN",
    }
    assert {name: api[name] for name in shared} == {name: processor[name] for name in shared}


def test_the_api_finds_the_processor_on_the_network_that_both_are_on() -> None:
    url = f"http://image_process_app:{PORTS['image_process_app']}"
    assert environment("image_app")["SAFELIGHT_PROCESSOR_URLS"] == url
    assert "SAFELIGHT_PROCESSOR_URLS" not in environment("image_process_app")
    assert set(SERVICES["image_process_app"]["networks"]) <= set(SERVICES["image_app"]["networks"])


def test_the_processor_has_nothing_that_could_be_stolen_but_the_objects() -> None:
    told = environment("image_process_app")
    known = "AWS_|SAFELIGHT_(BROKER|OBJECTS|CHILDREN|DECODER_LOCKS|PROCESSOR_TOKEN)"
    assert all(re.match(known, name) for name in told)
    assert not list(volumes("image_process_app"))
    assert "env_file" not in TEXT


def test_the_processor_reaches_neither_records_nor_the_world() -> None:
    assert SERVICES["image_process_app"]["networks"] == ["work"]
    for name in ("postgres", "redis", "migrate"):
        assert SERVICES[name]["networks"] == ["records"]
    assert all(COMPOSE["networks"][name] == {"internal": True} for name in ("records", "work"))


def test_the_keys_are_in_the_api_alone_and_nobody_writes_there() -> None:
    mounts = {name: dict(volumes(name)) for name in SERVICES}
    assert {name for name, m in mounts.items() if any("/" in source for source in m)} == {
        "image_app"
    }
    assert mounts["image_app"] == {"./certs": "/certs:ro"}
    told = environment("image_app")
    assert told["SAFELIGHT_PRIVATE_KEY"] == "/certs/private.pem"
    assert told["SAFELIGHT_PUBLIC_KEY"] == "/certs/public.pem"


def test_every_volume_is_used_and_declared() -> None:
    used = [source for name in SERVICES for source, _ in volumes(name) if "/" not in source]
    assert sorted(used) == sorted(COMPOSE["volumes"])


def test_who_waits_waits_for_somebody_who_can_come() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert (condition == "service_completed_successfully") == (other in ONCE)
            assert condition != "service_healthy" or "healthcheck" in SERVICES[other]
    assert {"migrate", "bucket"} <= set(SERVICES["image_app"]["depends_on"])


def test_the_example_names_what_compose_reads_and_nothing_else() -> None:
    assert set(example()) == {read[1] for read in READ.finditer(TEXT)}


def test_what_the_example_leaves_empty_is_asked_for_and_no_secret_is_in_it() -> None:
    for read in READ.finditer(TEXT):
        name, how, words = read.groups()
        assert how == "?" or name.startswith("SAFELIGHT_"), name
        if how == "-":
            default = Settings.model_fields[name.removeprefix("SAFELIGHT_").lower()].default
            assert words == example()[name] == str(default)
    secrets = {name for name in example() if re.search("PASSWORD|SECRET|TOKEN", name)}
    assert secrets == {name for name, value in example().items() if not value and is_asked(name)}


def test_make_up_says_what_is_missing_before_it_starts_anything(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    # As from a shell: what a `make test` around this says to its children is not for it.
    around = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in around}

    def up() -> str:
        done = subprocess.run(
            ["make", "up"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert not done.stdout
        return done.stderr.splitlines()[0]

    assert up() == "There is no .env: run `cp .env-example .env` and fill in what is empty"
    shutil.copy(ROOT / ".env-example", tmp_path / ".env")
    assert up() == "There are no keys: run `make certs DATA=./certs`"
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "private.pem").touch()
    (tmp_path / ".env").write_text("KEYS_OWNER=54321\n")
    assert up() == "Set KEYS_OWNER in .env to who owns ./certs - not root"
