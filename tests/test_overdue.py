"""A process that is asked to stop and can't."""

import signal
import subprocess
import sys

import pytest

NEVER_ENDS = """
import asyncio
import sys
from safelight import logs, serving

async def hold_on_for_ever():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue

async def app(scope, receive, send):
    await receive()
    if sys.argv[1] == "task":
        app.task = asyncio.create_task(hold_on_for_ever())
    print("up", flush=True)
    while sys.argv[1] == "start":
        await asyncio.sleep(0.1)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if sys.argv[1] == "lifespan":
        await hold_on_for_ever()
    await send({"type": "lifespan.shutdown.complete"})

logs.configure("console", "info")
server = serving.Server(app, drain_seconds=0, last_seconds=float(sys.argv[2]))
listener = serving.bind("127.0.0.1", 0)
assert server.serve_on(listener)
"""
PATIENCE = 60


def ended(held_by: str, seconds: float) -> tuple[int, str]:
    """Exit code and words of a server that is asked to stop while it is held by that."""
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_ENDS, held_by, str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            process.send_signal(signal.SIGTERM)
            _, words = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, words


@pytest.mark.parametrize("held_by", ["start", "task", "lifespan"])
def test_what_holds_up_an_end_is_told_and_the_end_is_made(held_by: str) -> None:
    code, words = ended(held_by, 0.5)
    assert code == 1
    assert "asked to stop, and can't" in words
    assert f"in {'sleep' if held_by == 'start' else 'hold_on_for_ever'}" in words
    assert "in serve_on" in words


def test_an_end_that_comes_is_left_alone() -> None:
    assert ended("nothing", 30) == (0, "")
