"""Bodies that come too slowly are waited for no longer than may be."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace

import pytest
from starlette.types import Message, Receive, Scope, Send

from safelight.image_app import errors, slow_bodies
from safelight.image_app.errors import Problem
from safelight.image_app.slow_bodies import SlowBodies

RATE = 1000
PATIENCE = 60.0
GRACE = 0.1

Clock = list[float]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What time it is for those who must not be refused, however late a busy machine wakes them."""
    clock = [0.0]
    monkeypatch.setattr(slow_bodies, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    return clock


async def read(
    pauses: Iterable[float],
    size: int,
    seconds: float = 60,
    answered: bool = False,
    clock: Clock | None = None,
) -> int:
    """How many bytes an application reads that get there in chunks, one after each pause, which
    passes on that clock where one is given.
    """
    coming = iter(pauses)
    read: list[bytes] = []

    async def receive() -> Message:
        pause = next(coming, None)
        if pause is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        if clock is None:
            await asyncio.sleep(pause)
        else:
            clock[0] += pause
            await asyncio.sleep(0)
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    async def send(_message: Message) -> None:
        pass

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        if answered:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            message = await receive()
            read.append(message["body"])
            if not message["more_body"]:
                return

    await SlowBodies(app, seconds, RATE, GRACE)({"type": "http"}, receive, send)
    return len(b"".join(read))


async def test_a_body_that_comes_fast_enough_is_read_to_its_end(clock: Clock) -> None:
    assert await read([0.01] * 15, 20, clock=clock) == 300


async def test_a_body_may_pause_for_a_moment(clock: Clock) -> None:
    assert await read([0, 0.05, 0, 0.05, 0], 20, clock=clock) == 100


@pytest.mark.parametrize(
    ("pauses", "size"),
    [([3600], 1), ([0.01] * 500, 1), ([0, 0, 3600], 1000)],
    ids=["nothing comes", "crumbs come", "it stalls after a good start"],
)
async def test_a_body_that_comes_too_slowly_is_refused(pauses: list[float], size: int) -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Problem) as refusal:
            await read(pauses, size)
    assert refusal.value.kind is errors.REQUEST_TIMEOUT


async def test_a_body_has_an_end_however_fast_it_comes() -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Problem) as refusal:
            await read([0.01] * 500, 1000, seconds=0.2)
    assert refusal.value.kind is errors.REQUEST_TIMEOUT


async def test_what_nobody_waits_for_any_more_may_come_as_it_likes() -> None:
    assert await read([0.3], 1, answered=True) == 1
