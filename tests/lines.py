"""Connections to the server itself, with the smallest of apps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from safelight.connections import Bounds, protocol

LARGE = 32 << 20
"""Bytes of the body at `/large`."""
PATIENCE = 60.0

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
