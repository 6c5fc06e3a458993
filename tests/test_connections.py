"""What a client may do with a connection, on the server itself with the smallest of apps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from safelight.connections import HEAD_BYTES, HEADERS, LINGERING, Bounds
from tests.lines import LARGE, PATIENCE, Dial, Line, refusal, serving

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HASTE = Bounds(connections=3, head=0.3, keep_alive=0.3, stall=0.3)
ROOMY = Bounds(connections=200, head=60, keep_alive=60)
FEW = replace(ROOMY, connections=3)


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    async with serving(ROOMY) as dial:
        yield dial


@pytest.fixture
async def hasty() -> AsyncIterator[Dial]:
    async with serving(HASTE) as dial:
        yield dial


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
    assert refusal(await line.ask()) == (408, "request-timeout")
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
    said = b""
    with suppress(ConnectionResetError):  # a byte that comes just then is not read
        said = await line.ask()
    assert said == b""
    trickling.cancel()


async def until_there_is_room(dial: Dial) -> None:
    """Wait until another connection is taken."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                if await (await dial()).answer(GET) == b"GET / 0 host\n":
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"], ids=["and stays", "and goes"])
async def test_who_does_not_read_the_answer_is_not_waited_for(hasty: Dial, last: bytes) -> None:
    for _ in range(HASTE.connections):
        line = await hasty()
        line.writer.write(GET.replace(b"/ ", b"/large ")[:-2] + last + b"\r\n")
    await until_there_is_room(hasty)


async def test_who_reads_slowly_gets_all_of_it() -> None:
    # Longer than between two of the pieces, of some megabytes, that a socket takes at once.
    async with serving(replace(HASTE, stall=1)) as dial:
        for last in (False, False, True):  # a busy machine may well stand still for that long
            try:
                await _read_slowly(await dial())
            except (asyncio.IncompleteReadError, ConnectionError):
                if last:
                    raise
            else:
                return


async def _read_slowly(line: Line) -> None:
    line.writer.write(GET.replace(b"/ ", b"/large "))
    await line.reader.readuntil(b"\r\n\r\n")
    for number in range(LARGE >> 16):
        await line.reader.readexactly(1 << 16)
        if number < 200:
            await asyncio.sleep(0.01)


async def test_beyond_the_most_connections_one_is_told_so_and_finds_room_later() -> None:
    async with serving(FEW) as dial:
        lines = [await dial() for _ in range(FEW.connections)]
        for line in lines:
            await line.answer(GET)
        received = await (await dial()).ask()
        assert refusal(received) == (503, "service-unavailable")
        assert b"retry-after: " in received
        assert await lines[0].answer(GET) == b"GET / 0 host\n"
        lines[0].writer.close()
        await until_there_is_room(dial)


async def test_far_beyond_them_one_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.connections.LINGER_SECONDS", 60.0)
    async with serving(FEW) as dial:
        lines = [await dial() for _ in range(FEW.connections + LINGERING + 10)]
        asking = [line.ask() for line in lines[FEW.connections :]]
        told = await asyncio.gather(*asking, return_exceptions=True)
        refused = [text for text in told if isinstance(text, bytes) and b" 503 " in text]
        assert len(refused) == LINGERING
        for line in lines:
            line.writer.close()
        await until_there_is_room(dial)


async def test_who_asks_for_another_protocol_gets_an_answer_in_this_one(dial: Dial) -> None:
    asking = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    received = await (await dial()).ask(asking)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"GET / 0 host,connection,upgrade\n")
