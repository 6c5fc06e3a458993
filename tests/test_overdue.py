"""A process that is asked to stop and can't."""

import signal
import subprocess
import sys

import pytest

NEVER_ENDS = """
import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from threading import Timer
import structlog
from safelight import logs, serving

never = asyncio.Event()  # held here, or the collector might end who waits for it

async def hold_on_for_ever():
    while True:
        try:
            await never.wait()
        except asyncio.CancelledError:
            continue

@asynccontextmanager
async def life():
    async with AsyncExitStack() as ending:
        if sys.argv[1] == "lifespan":
            ending.push_async_callback(hold_on_for_ever)
        yield

async def app(scope, receive, send):
    await receive()
    if sys.argv[1] == "task":
        app.task = asyncio.create_task(hold_on_for_ever())
    if sys.argv[1] == "call":
        # As for a signal that comes just before a call of the system, which it does not interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Timer(0.2, print, ["up"], {"flush": True}).start()
        os.read(os.pipe()[0], 1)
    print("up", flush=True)
    if sys.argv[1] == "start":
        await hold_on_for_ever()
    await send({"type": "lifespan.startup.complete"})
    async with life():
        if sys.argv[1] == "words":
            structlog.get_logger().info("x" * (1 << 20))
        await receive()
    await send({"type": "lifespan.shutdown.complete"})

logs.configure("console", "info")
notice, drain, last = map(float, sys.argv[2:])
server = serving.Server(app, drain, notice, last_seconds=last)
listener = serving.bind("127.0.0.1", 0)
assert server.serve_on(listener)
"""
NOTICE, DRAIN, LAST = 0.5, 0.25, 1.0
PATIENCE = 60


def ended(held_by: str, drain: float, *numbers: signal.Signals) -> tuple[int, str]:
    """Exit code and words of a server that is sent these signals while it is held by that."""
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_ENDS, held_by, str(NOTICE), str(drain), str(LAST)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            for number in numbers:
                process.send_signal(number)
            _, words = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, words


@pytest.mark.parametrize("held_by", ["start", "task", "lifespan"])
def test_what_holds_up_an_end_is_told_and_the_end_is_made(held_by: str) -> None:
    code, words = ended(held_by, DRAIN, signal.SIGTERM, signal.SIGINT)
    assert code == 1
    assert f"can't: ended now, as a crash would after_seconds={NOTICE + 4 * DRAIN + LAST}" in words
    assert "in hold_on_for_ever" in words
    assert "in serve_on" in words


def test_a_signal_is_heard_while_the_main_thread_hangs_in_a_call() -> None:
    code, words = ended("call", DRAIN, signal.SIGTERM)
    assert code == 1
    assert "can't: ended now" in words
    assert "in app" in words


def test_an_end_that_nobody_hears_of_is_made_all_the_same() -> None:
    """Whoever reads standard error has stopped to."""
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_ENDS, "words", "0", "0", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 1
        finally:
            process.kill()


def test_an_end_that_comes_is_left_alone() -> None:
    assert ended("nothing", 10, signal.SIGTERM) == (0, "")
