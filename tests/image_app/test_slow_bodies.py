"""Bodies that come too slowly are waited for no longer than may be."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive, Scope, Send

from safelight.image_app import errors
from safelight.image_app.errors import Problem
from safelight.image_app.slow_bodies import SlowBodies

RATE = 1000
GRACE, LONG_GRACE = 0.1, 1.0
"""The long one for those that must not be refused, however late a busy machine wakes them."""


async def read(
    pauses: Iterable[float],
    size: int,
    seconds: float = 60,
    answered: bool = False,
    grace: float = GRACE,
) -> int:
    """How many bytes an application reads that get there in chunks, one after each pause."""
    coming = iter(pauses)
    read: list[bytes] = []

    async def receive() -> Message:
        pause = next(coming, None)
        if pause is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(pause)
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

    await SlowBodies(app, seconds, RATE, grace)({"type": "http"}, receive, send)
    return len(b"".join(read))


async def test_a_body_that_comes_fast_enough_is_read_to_its_end() -> None:
    assert await read([0.1] * 15, 200, grace=LONG_GRACE) == 3000


async def test_a_body_may_pause_for_a_moment() -> None:
    assert await read([0, 0.5, 0, 0.5, 0], 200, grace=LONG_GRACE) == 1000


@pytest.mark.parametrize(
    ("pauses", "size"),
    [([30], 1), ([0.01] * 500, 1), ([0, 0, 30], 1000)],
    ids=["nothing comes", "crumbs come", "it stalls after a good start"],
)
async def test_a_body_that_comes_too_slowly_is_refused(pauses: list[float], size: int) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(Problem) as refusal:
            await read(pauses, size)
    assert refusal.value.kind is errors.REQUEST_TIMEOUT


async def test_a_body_has_an_end_however_fast_it_comes() -> None:
    async with asyncio.timeout(2):
        with pytest.raises(Problem) as refusal:
            await read([0.01] * 500, 1000, seconds=0.2)
    assert refusal.value.kind is errors.REQUEST_TIMEOUT


async def test_what_nobody_waits_for_any_more_may_come_as_it_likes() -> None:
    assert await read([0.3], 1, answered=True) == 1
