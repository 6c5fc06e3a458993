"""Renderers at other addresses, seen from whoever asks them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest

from safelight.backends.objects import StoreUnavailable
from safelight.backends.rendering import (
    Renderer,
    RendererBusy,
    RendererUnavailable,
    RenderRefused,
)
from safelight.backends.rendering.http import HttpRenderer
from safelight.contract.messages import Fault, Job, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.asgi import Receive, Scope, Send, begin
from safelight.image_process_app.counter import Counter
from tests.backends.rendering.serving import served
from tests.image_app.delivered.given import CONTENT, Darkroom
from tests.servers.server import free_port

TOKEN = "a-token-of-at-least-thirty-two-characters"
FAULT = Fault(code="variant-failed", detail="Nicht möglich")
JOB = Job(
    id="01938a6e-0000-7000-8000-00000000000a",
    account_id="01938a6e-0000-7000-8000-00000000000b",
    image_id="01938a6e-0000-7000-8000-00000000000c",
    content_type="image/jpeg",
    size=10,
    sha256="ab" * 32,
    variants=[WantedVariant(name="it", transformation=Transformation(width=3, format="webp"))],
)

Asks = Callable[..., HttpRenderer]


@pytest.fixture
async def asks() -> AsyncIterator[Asks]:
    """Makes renderers that ask at these URLs."""
    made: list[HttpRenderer] = []

    def make(*urls: str, token: str = TOKEN) -> HttpRenderer:
        made.append(HttpRenderer(urls, token))
        return made[-1]

    yield make
    for renderer in made:
        await renderer.close()


@pytest.fixture
def darkroom() -> Darkroom:
    return Darkroom()


@pytest.fixture
async def station(darkroom: Darkroom) -> AsyncIterator[str]:
    async with served(Counter(darkroom, TOKEN)) as url:
        yield url


@pytest.fixture
def nowhere() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


async def picture(renderer: Renderer) -> bytes:
    async with renderer.rendered(JOB) as made:
        chunks = b"".join([chunk async for chunk in made.chunks])
        assert made.size == len(chunks)
        assert (made.content_type, made.width, made.height) == ("image/webp", 10, 20)
        return chunks


async def test_a_picture_comes_as_it_was_rendered(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    renderer = asks(station)
    for _ in range(3):
        assert await picture(renderer) == CONTENT
    assert darkroom.jobs == [JOB] * 3


async def test_a_refusal_comes_with_its_reason(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    darkroom.failure = RenderRefused(FAULT)
    with pytest.raises(RenderRefused) as refusal:
        await picture(asks(station))
    assert refusal.value.fault == FAULT


@pytest.mark.parametrize(
    ("failure", "heard"),
    [
        (RendererBusy(), RendererBusy),
        (StoreUnavailable("s3 secret words"), StoreUnavailable),
        (ValueError("secret words"), RendererUnavailable),
    ],
)
async def test_a_failure_is_heard_as_what_it_is(
    station: str, darkroom: Darkroom, asks: Asks, failure: Exception, heard: type[Exception]
) -> None:
    darkroom.failure = failure
    with pytest.raises(heard) as known:
        await picture(asks(station))
    assert "secret" not in str(known.value)


async def test_without_the_right_token_nothing_is_rendered(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    for token in ("", "another token of thirty-two characters", TOKEN[:-1]):
        with pytest.raises(RendererUnavailable):
            await picture(asks(station, token=token))
    assert not darkroom.jobs


async def test_the_next_one_is_asked_where_one_is_away_or_busy(
    station: str, darkroom: Darkroom, asks: Asks, nowhere: str
) -> None:
    busy = Darkroom()
    busy.failure = RendererBusy()
    async with served(Counter(busy, TOKEN)) as busy_url:
        renderer = asks(nowhere, busy_url, station)
        for _ in range(6):
            assert await picture(renderer) == CONTENT
        with pytest.raises(RendererBusy):
            await picture(asks(nowhere, busy_url))


async def test_they_are_asked_in_turn(station: str, darkroom: Darkroom, asks: Asks) -> None:
    other = Darkroom()
    async with served(Counter(other, TOKEN)) as other_url:
        renderer = asks(station, other_url)
        for _ in range(6):
            await picture(renderer)
    assert len(darkroom.jobs) == len(other.jobs) == 3


async def test_a_picture_that_can_not_be_made_is_not_tried_elsewhere(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    other = Darkroom()
    darkroom.failure = other.failure = RenderRefused(FAULT)
    async with served(Counter(other, TOKEN)) as other_url:
        with pytest.raises(RenderRefused):
            await picture(asks(station, other_url))
    assert len(darkroom.jobs) + len(other.jobs) == 1


async def test_nobody_renders_where_nobody_is(asks: Asks, nowhere: str) -> None:
    for renderer in (asks(), asks(nowhere)):
        with pytest.raises(RendererUnavailable):
            await picture(renderer)


async def test_bytes_that_end_early_are_a_failure(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    darkroom.broken = ValueError()
    with pytest.raises(RendererUnavailable):
        await picture(asks(station))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, b"pixels"),
        (200, {"x-width": "ten", "x-height": "20"}, b"pixels"),
        (204, {}, b""),
        (302, {"location": "http://127.0.0.1/"}, b""),
        (404, {}, b"not here"),
        (422, {}, b"not JSON"),
        (422, {}, b'{"fault": {"code": 1}}'),
        (500, {}, b"x" * 1_000_000),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_failure(
    asks: Asks, status: int, headers: dict[str, str], body: bytes
) -> None:
    async def nonsense(scope: Scope, receive: Receive, send: Send) -> None:
        await begin(send, status, "image/webp", len(body), headers)
        await send({"type": "http.response.body", "body": body})

    async with served(nonsense) as url:
        with pytest.raises(RendererUnavailable):
            await picture(asks(url))


async def test_a_connection_that_was_just_closed_is_no_reason_to_give_up(
    station: str, darkroom: Darkroom, asks: Asks
) -> None:
    """The first connection ends without a word, as one does that was idle for too long."""
    closed = 0
    behind = urlsplit(station)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal closed
        request = await reader.read(1 << 16)
        if closed:
            other_reader, other = await asyncio.open_connection(behind.hostname, behind.port)
            other.write(request)
            writer.write(await other_reader.read(1 << 16))
            await writer.drain()
            other.close()
        closed += 1
        writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await picture(asks(f"http://127.0.0.1:{port}")) == CONTENT
    assert closed == 2


async def test_whoever_takes_too_long_is_given_up(
    station: str, darkroom: Darkroom, asks: Asks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.backends.rendering.http.DEADLINE", 0.2)
    darkroom.open.clear()
    with pytest.raises(RendererUnavailable):
        await picture(asks(station))
    darkroom.open.set()


async def test_whoever_took_too_long_is_asked_last_for_a_while(
    station: str, darkroom: Darkroom, asks: Asks, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = Darkroom()
    frozen.open.clear()
    async with served(Counter(frozen, TOKEN)) as frozen_url:
        renderer = asks(frozen_url, station)
        with monkeypatch.context() as patch:
            patch.setattr("safelight.backends.rendering.http.DEADLINE", 0.2)
            with pytest.raises(RendererUnavailable):
                await picture(renderer)
        asked = len(frozen.jobs)
        for _ in range(4):
            assert await picture(renderer) == CONTENT
        assert len(frozen.jobs) == asked
        darkroom.failure = RendererBusy()
        frozen.open.set()
        for _ in range(2):  # it is well again, and takes its turn
            assert await picture(renderer) == CONTENT
    assert len(frozen.jobs) == asked + 2


@pytest.mark.parametrize(
    "url", ["processor:10101", "ftp://processor", "http://", "http://a/render", "http://a:port"]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        HttpRenderer([url], TOKEN)


async def test_a_name_as_containers_have_it_is_an_address() -> None:
    await HttpRenderer(["http://image_process_app:10101"], TOKEN).close()
