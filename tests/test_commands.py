"""Commands as users start them, and that those which are forked end as those do."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.commands import LOADED, Forked, Start, Started
from tests.product import PATIENCE, Product

starts = pytest.mark.parametrize("start", [Started, Forked])


def test_every_command_that_ends_is_there_when_python_starts_with_it(tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.begin = Started
    for words, said in {
        "certs": "Made",
        "migrate": "up to date",
        "keys list": "signs",
        "dead-letters list": "There is none.",
        "verify": "0 images, 0 promises, 0 differences",
        "verify --repair": "0 images, 0 promises, 0 differences",
        "doctor": "0 faults",
    }.items():
        code, told = product.run(*words.split())
        assert code == 0, told
        assert said in told


@pytest.mark.parametrize("name", LOADED)
def test_what_is_to_be_loaded_before_is_there(name: str) -> None:
    assert find_spec(name) is not None


@starts
def test_a_command_is_told_its_arguments_and_an_environment(tmp_path: Path, start: Start) -> None:
    os.environ["SAFELIGHT_DATA_DIR"] = str(tmp_path / "another")
    try:
        environment = {"PATH": os.environ["PATH"]}
        command = start(
            ("verify", "--data-dir", tmp_path / "nothing"), environment, tmp_path / "log"
        )
        assert command.wait(PATIENCE) == 1
    finally:
        del os.environ["SAFELIGHT_DATA_DIR"]
    assert command.stdout.read() == ""
    assert str(tmp_path / "nothing") in (tmp_path / "log").read_text()


@starts
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_and_is_told(tmp_path: Path, start: Start, number: int) -> None:
    environment = {"PATH": os.environ["PATH"], "SAFELIGHT_DATA_DIR": str(tmp_path / "data")}
    command = start(("up", "--port", "0"), environment, tmp_path / "log")
    assert command.stdout.readline().startswith("API")
    assert command.poll() is None
    command.send_signal(number)
    assert command.wait(PATIENCE) == (0 if number == signal.SIGTERM else -number)
    command.send_signal(number)
    assert command.poll() == command.wait(0)
    command.stdout.close()


def test_what_is_for_python_is_refused_where_python_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="PYTHONPATH"):
        Forked(("doctor",), {"PYTHONPATH": str(tmp_path)}, tmp_path / "log")
