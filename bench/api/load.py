"""A load generator in a process of its own, cheap enough not to be what is measured.

Reads commands as JSON lines and answers each with one: how many answers came in how many seconds,
and the latency of each in milliseconds. Requests are ready bytes; answers are counted when they
are whole and have the status that is expected.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "


class Connection(asyncio.Protocol):
    """Asks one thing after the other until its time is over or nothing is left to ask."""

    def __init__(self, requests: Iterator[bytes], status: bytes, until: float) -> None:
        self._requests, self._status, self._until = requests, status, until
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self._received = b""
        self._asked = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._until else None
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._asked = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        end = received.find(HEAD_END)
        if end < 0 or len(received) < end + len(HEAD_END) + _body_length(received[: end + 2]):
            return
        if not received.startswith(self._status, 9):
            self.done.set_exception(RuntimeError(received[:500].decode(errors="replace")))
            self._transport.close()
            return
        self._received = b""
        self.latencies.append(time.perf_counter() - self._asked)
        self._ask()

    def connection_lost(self, failure: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(failure or RuntimeError("the server closed the connection"))


def _body_length(head: bytes) -> int:
    at = head.lower().find(LENGTH)
    if at < 0:
        return 0
    start = at + len(LENGTH)
    return int(head[start : head.index(b"\r\n", start)])


def _requests(file: Path) -> list[bytes]:
    """A file holds one request with a body, or any number without."""
    written = file.read_bytes()
    if not written.startswith(b"GET "):
        return [written]
    return [request + HEAD_END for request in written.split(HEAD_END)[:-1]]


async def run(command: dict[str, Any]) -> dict[str, Any]:
    written = _requests(Path(command["requests"]))
    requests = cycle(written) if command["again"] else iter(written)
    started = time.perf_counter()
    until = started + command["seconds"]
    status = str(command["status"]).encode()
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(command["connections"]):
        made = await loop.create_connection(
            lambda: Connection(requests, status, until), "127.0.0.1", command["port"]
        )
        connections.append(made[1])
    await asyncio.gather(*(connection.done for connection in connections))
    seconds = time.perf_counter() - started
    latencies = [latency for connection in connections for latency in connection.latencies]
    return {"answers": len(latencies), "seconds": seconds, "latencies": latencies}


async def main() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await run(json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
