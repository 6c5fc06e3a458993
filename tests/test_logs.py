"""Structured logs, looked at where their readers get them: on standard error of a process."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import asyncio, logging, sys
import structlog
from safelight import logs
from safelight.image_app.middleware import Surroundings

logs.configure(sys.argv[1], sys.argv[2])
log = structlog.get_logger()


async def app(scope, receive, send):
    password = "open sesame"
    log.debug("a small thing")
    log.info("a thing", count=3)
    logging.getLogger("a.library").warning("a warning of a library")
    if scope["path"] == "/fails":
        raise RuntimeError("on purpose")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message):
    if message["type"] == "http.response.start":
        print(message["status"])


def scope(path):
    headers = [(b"x-request-id", b"request-1")]
    return {"type": "http", "method": "POST", "path": path, "headers": headers}


asyncio.run(Surroundings(app)(scope(sys.argv[3]), receive, send))
"""


def run(form: str, level: str = "info", path: str = "/") -> tuple[str, list[str]]:
    """What a process that answers one request prints, and the lines it logs."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form, level, path],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr.splitlines()


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def succeeded() -> list[dict[str, Any]]:
    return parsed(run("json")[1])


@pytest.fixture(scope="module")
def failed() -> tuple[str, list[str]]:
    return run("json", path="/fails")


def test_every_line_is_json_with_time_level_and_the_id_of_its_request(
    succeeded: list[dict[str, Any]],
) -> None:
    assert [line["event"] for line in succeeded] == [
        "a thing",
        "a warning of a library",
        "request",
    ]
    for line in succeeded:
        assert line["request_id"] == "request-1"
        assert line["timestamp"].endswith("Z")
        assert line["level"] in ("info", "warning")
    assert succeeded[0]["count"] == 3


def test_a_request_is_one_line_with_its_status_and_time(succeeded: list[dict[str, Any]]) -> None:
    last = succeeded[-1]
    assert (last["method"], last["path"], last["status"]) == ("POST", "/", 200)
    assert last["ms"] >= 0


def test_a_failure_is_answered_and_is_in_the_log_with_its_traceback_on_one_line(
    failed: tuple[str, list[str]],
) -> None:
    printed, lines = failed
    assert printed.strip() == "500"
    [line] = [line for line in parsed(lines) if line["event"] == "unexpected failure"]
    assert line["level"] == "error"
    assert line["request_id"] == "request-1"
    [raised] = line["exception"]
    assert (raised["exc_type"], raised["exc_value"]) == ("RuntimeError", "on purpose")


def test_the_log_of_a_failure_has_no_values_of_variables(failed: tuple[str, list[str]]) -> None:
    assert "open sesame" not in "".join(failed[1])


def test_what_is_less_severe_than_the_level_is_not_logged() -> None:
    assert parsed(run("json", "debug")[1])[0]["event"] == "a small thing"
    events = [line["event"] for line in parsed(run("json", "warning")[1])]
    assert events == ["a warning of a library"]


def test_the_console_form_is_a_line_for_each_thing_without_colours() -> None:
    _, lines = run("console", path="/a\nb\rc")
    assert len(lines) == 3
    assert all("request-1" in line for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_line_break_in_a_path_makes_no_second_line_in_json() -> None:
    _, lines = run("json", path="/a\nb\rc\u2028d")
    assert parsed(lines)[-1]["path"] == "/a\nb\rc\u2028d"
