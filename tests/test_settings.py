"""Every environment variable, typed, with its default."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from safelight.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that whoever runs the tests has set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SAFELIGHT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_everything_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.resolved_database_url() == f"sqlite:///{tmp_path}/data/safelight.db"
    assert settings.resolved_objects_url() == (tmp_path / "data" / "objects").as_uri()
    assert settings.resolved_private_key() == Path("data/private.pem")
    assert settings.resolved_public_key() == Path("data/public.pem")


def test_a_variable_is_read_in_its_own_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "8123",
        "DATA_DIR": "/srv/photos",
        "DECODE_SECONDS": "2.5",
        "PRIVATE_KEY": "/keys/a.pem",
        "LOG_FORMAT": "json",
    }.items():
        monkeypatch.setenv(f"SAFELIGHT_{name}", value)
    settings = Settings()
    assert (settings.port, settings.decode_seconds) == (8123, 2.5)
    assert settings.data_dir == Path("/srv/photos")
    assert settings.resolved_private_key() == Path("/keys/a.pem")
    assert settings.resolved_public_key() == Path("/srv/photos/public.pem")
    assert settings.log_format == "json"


def test_what_is_given_in_code_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAFELIGHT_PORT", "8123")
    assert Settings(port=9000).port == 9000


def test_a_place_that_is_named_wins_over_the_data_folder() -> None:
    settings = Settings(database_url="sqlite:////elsewhere/db", objects_url="file:///elsewhere")
    assert settings.resolved_database_url() == "sqlite:////elsewhere/db"
    assert settings.resolved_objects_url() == "file:///elsewhere"


def test_a_folder_with_odd_characters_is_named_rightly() -> None:
    settings = Settings(data_dir=Path("/srv/my photos %20"))
    assert settings.resolved_objects_url() == "file:///srv/my%20photos%20%2520/objects"


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_OF_TOMORROW", "1")
    monkeypatch.setenv("PORT", "1")
    assert Settings().port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65536),
        ("port", -1),
        ("port", "http"),
        ("children", -1),
        ("children", 257),
        ("decode_seconds", 0),
        ("decode_bytes", 0),
        ("file_bytes", 0),
        ("file_bytes", "25 MB"),
        ("queue_limit", 0),
        ("drain_seconds", -1),
        ("log_format", "xml"),
        ("log_level", "loud"),
        ("link_secret", "x" * 31),
        ("processor_token", "x" * 31),
        ("processor_token", "x" * 32 + " "),
        ("processor_token", "é" * 32),
        ("cors_origins", "null"),
        ("cors_origins", "photos.example"),
        ("cors_origins", "https://photos.example/"),
        ("cors_origins", "https://*.example"),
        ("cors_origins", "https://a.example https://b.example"),
        ("public_url", "photos.example"),
        ("public_url", "https:///photos"),
        ("public_url", "https://photos.example/?a=b"),
        ("connections", 0),
        ("header_seconds", 0),
        ("keep_alive_seconds", 0),
        ("metrics_port", 0),
        ("notice_seconds", -1),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(**{name: value})
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


def test_origins_are_a_list_or_all() -> None:
    given = "https://a.example, http://localhost:5173,http://[::1]:80"
    assert Settings(cors_origins=given).allowed_origins() == {
        *("https://a.example", "http://localhost:5173", "http://[::1]:80"),
    }
    assert Settings(cors_origins="*").allowed_origins() == {"*"}
    assert Settings().allowed_origins() == frozenset()


@pytest.mark.parametrize(
    "url", ["https://photos.example", "HTTP://localhost:8000/", "https://[::1]:80/our/photos"]
)
def test_the_address_of_the_api_may_have_a_port_and_a_path(url: str) -> None:
    assert Settings(public_url=url).public_url == url


def test_a_secret_is_not_shown() -> None:
    secret = "x" * 32
    assert secret not in repr(Settings(link_secret=secret, processor_token=secret))


def test_settings_do_not_change_once_they_are_read() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc] # it is what must not be done


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
