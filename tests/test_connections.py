"""What a client may do with a connection, on the server itself with the smallest of apps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from safelight.connections import HEAD_BYTES, HEADERS, LINGERING, Bounds, protocol

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HASTE = Bounds(connections=3, head=0.3, keep_alive=0.3, stall=0.3)
ROOMY = Bounds(connections=200, head=5, keep_alive=5)
LARGE = 32 << 20
PATIENCE = 10.0

Dial = Callable[[], Any]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the path, and with how much of a body came; `/slow` takes a while."""
    size, more = 0, True
    if scope["path"] == "/early":
        more = False
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    names = ",".join(name.decode() for name, _ in scope["headers"])
    body = f"{scope['method']} {scope['path']} {size} {names}\n".encode()
    if scope["path"] == "/large":
        body = bytes(LARGE)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Line:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, *said: bytes) -> bytes:
        """Everything that comes until the other side closes."""
        for part in said:
            self.writer.write(part)
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def answer(self, said: bytes = b"") -> bytes:
        """The body of one answer."""
        self.writer.write(said)
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            return await self.reader.readexactly(length)


@asynccontextmanager
async def serving(bounds: Bounds) -> AsyncIterator[Dial]:
    """A server with these bounds; dial it for a connection."""
    config = uvicorn.Config(
        app, http=protocol(bounds), access_log=False, log_config=None, ws="none"
    )
    state = ServerState()

    def connect() -> asyncio.Protocol:
        made: Any = config.http_protocol_class
        connection: asyncio.Protocol = made(config=config, server_state=state, app_state={})
        return connection

    config.load()
    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AsyncExitStack() as open_lines:

        async def dial() -> Line:
            line = Line(*await asyncio.open_connection("127.0.0.1", port))
            open_lines.callback(line.writer.close)
            return line

        yield dial
    server.close()


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    async with serving(ROOMY) as dial:
        yield dial


@pytest.fixture
async def hasty() -> AsyncIterator[Dial]:
    async with serving(HASTE) as dial:
        yield dial


def refusal(received: bytes) -> tuple[int, str]:
    """Status and code of a refusal, which is whole and closes the connection."""
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"x-content-type-options: nosniff" in head
    assert b"content-type: application/problem+json" in head
    document = json.loads(body)
    assert f"x-request-id: {document['request_id']}".encode() in head
    assert head.startswith(f"HTTP/1.1 {document['status']} ".encode())
    return document["status"], document["type"].removeprefix("/problems/")


async def test_requests_sent_in_one_go_are_answered_in_their_order(dial: Dial) -> None:
    line = await dial()
    post = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    line.writer.write(post + GET + GET.replace(b"/ ", b"/last "))
    assert (await line.answer()).startswith(b"POST /slow 3 ")
    assert (await line.answer()).startswith(b"GET / 0 ")
    assert (await line.answer()).startswith(b"GET /last 0 ")


@pytest.mark.parametrize("count", [0, HEAD_BYTES], ids=["requests", "a body"])
async def test_a_head_is_not_too_large_because_of_what_came_before_it(
    dial: Dial, count: int
) -> None:
    line = await dial()
    first = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (count, bytes(count))
    more = 0 if count else HEAD_BYTES // len(GET)
    line.writer.write(first + GET * more + GET[:9])
    for expected in (b"POST / %d " % count, *[b"GET / 0 "] * more):
        assert (await line.answer()).startswith(expected)
    assert (await line.answer(GET[9:])).startswith(b"GET / 0 ")


async def test_a_head_may_come_byte_by_byte(dial: Dial) -> None:
    line = await dial()
    for byte in GET[:-1]:
        line.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await line.answer(GET[-1:])).startswith(b"GET / 0 host")


async def test_what_makes_no_sense_is_refused_after_what_did(dial: Dial) -> None:
    line = await dial()
    received = await line.ask(GET.replace(b"/ ", b"/slow ") + b"nonsense\r\n\r\n")
    first, _, rest = received.partition(b"GET /slow 0 host\n")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert refusal(rest) == (400, "malformed-request")


async def test_a_body_that_makes_no_sense_is_refused(dial: Dial) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"
    assert refusal(await (await dial()).ask(chunked)) == (400, "malformed-request")


async def test_a_trailer_is_no_header_and_has_an_end(dial: Dial) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    line = await dial()
    answer = await line.answer(chunked + b"Authorization: x\r\n\r\n")
    assert answer == b"POST / 3 host,transfer-encoding\n"
    endless = (b"X%d: %s\r\n" % (n, b"y" * 900) for n in range(100))
    assert refusal(await line.ask(chunked, *endless)) == (431, "headers-too-large")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * HEAD_BYTES + b"\r\n\r\n",
        b"GET /" + b"y" * HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * HEADERS + b"\r\n",
    ],
    ids=["a long header", "a long address", "many headers"],
)
async def test_a_head_that_is_too_large_is_refused(dial: Dial, head: bytes) -> None:
    assert refusal(await (await dial()).ask(head)) == (431, "headers-too-large")


async def test_a_head_without_end_is_refused_before_it_ends(dial: Dial) -> None:
    parts = (b"X%d: %s\r\n" % (n, b"y" * 900) for n in range(60))
    assert refusal(await (await dial()).ask(GET[:-2], *parts)) == (431, "headers-too-large")


async def test_a_head_that_is_just_small_enough_is_taken(dial: Dial) -> None:
    head = GET[:-2] + b"X: y\r\n" * (HEADERS - 2) + b"Y: " + b"z" * (HEAD_BYTES - 600) + b"\r\n\r\n"
    assert (await (await dial()).answer(head)).startswith(b"GET / 0 host,x,x")


async def test_a_head_that_takes_too_long_is_refused(hasty: Dial) -> None:
    assert refusal(await (await hasty()).ask(GET[:9])) == (408, "request-timeout")
    line = await hasty()
    await line.answer(GET)
    assert refusal(await line.ask(GET[:9])) == (408, "request-timeout")


async def test_a_head_does_not_wait_longer_because_its_bytes_trickle(hasty: Dial) -> None:
    line = await hasty()

    async def trickle() -> None:
        for byte in GET:
            line.writer.write(bytes([byte]))
            await asyncio.sleep(0.1)

    trickling = asyncio.create_task(trickle())
    started = asyncio.get_running_loop().time()
    assert refusal(await line.ask()) == (408, "request-timeout")
    assert asyncio.get_running_loop().time() - started < 2
    trickling.cancel()


@pytest.mark.parametrize("said", [b"", b"\r\n", GET, GET + b"\r\n"])
async def test_a_connection_that_asks_nothing_is_closed_without_a_word(
    hasty: Dial, said: bytes
) -> None:
    received = await (await hasty()).ask(said)
    assert received.count(b"HTTP/1.1") == said.count(b"HTTP/1.1")


async def test_an_answer_may_take_longer_than_a_head(hasty: Dial) -> None:
    line = await hasty()
    slow = GET.replace(b"/ ", b"/slow ")
    assert await line.answer(slow + GET[:9]) == b"GET /slow 0 host\n"
    assert await line.answer(GET[9:]) == b"GET / 0 host\n"


async def test_a_body_that_nobody_wants_keeps_no_connection_open(hasty: Dial) -> None:
    line = await hasty()
    await line.answer(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")

    async def trickle() -> None:
        for _ in range(8):
            line.writer.write(b"x")
            await asyncio.sleep(0.1)

    trickling = asyncio.create_task(trickle())
    assert await line.ask() == b""
    trickling.cancel()


async def _is_refused(dial: Dial) -> bool:
    """Whether there is no room for another connection."""
    body = await (await dial()).answer(GET)
    return bool(body != b"GET / 0 host\n")


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"], ids=["and stays", "and goes"])
async def test_who_does_not_read_the_answer_is_not_waited_for(hasty: Dial, last: bytes) -> None:
    for _ in range(HASTE.connections):
        line = await hasty()
        line.writer.write(GET.replace(b"/ ", b"/large ")[:-2] + last + b"\r\n")
    async with asyncio.timeout(PATIENCE):
        while await _is_refused(hasty):
            await asyncio.sleep(0.1)


async def test_who_reads_slowly_gets_all_of_it() -> None:
    # Longer than between two of the pieces, of some megabytes, that a socket takes at once.
    async with serving(replace(HASTE, stall=1)) as dial:
        line = await dial()
        line.writer.write(GET.replace(b"/ ", b"/large "))
        await line.reader.readuntil(b"\r\n\r\n")
        for number in range(LARGE >> 16):
            await line.reader.readexactly(1 << 16)
            if number < 200:
                await asyncio.sleep(0.01)


async def test_beyond_the_most_connections_one_is_told_so_and_finds_room_later(
    hasty: Dial,
) -> None:
    lines = [await hasty() for _ in range(HASTE.connections)]
    for line in lines:
        await line.answer(GET)
    received = await (await hasty()).ask()
    assert refusal(received) == (503, "service-unavailable")
    assert b"retry-after: " in received
    assert await lines[0].answer(GET) == b"GET / 0 host\n"
    lines[0].writer.close()
    await asyncio.sleep(0.05)
    assert await (await hasty()).answer(GET) == b"GET / 0 host\n"


async def test_far_beyond_them_one_is_told_nothing(hasty: Dial) -> None:
    lines = [await hasty() for _ in range(HASTE.connections + LINGERING + 10)]
    told = await asyncio.gather(*(line.ask() for line in lines), return_exceptions=True)
    refused = [text for text in told if isinstance(text, bytes) and b" 503 " in text]
    assert len(refused) == LINGERING
    assert await (await hasty()).answer(GET) == b"GET / 0 host\n"


async def test_who_asks_for_another_protocol_gets_an_answer_in_this_one(dial: Dial) -> None:
    asking = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    received = await (await dial()).ask(asking)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"GET / 0 host,connection,upgrade\n")
