"""Stands between Kafka's clients and a broker that answers a fetch at once when there is nothing.

Kafka itself waits with such an answer until there is something, or half a second has passed;
without that wait every consumer asks thousands of times a second, and the tests of a scaled
product would measure nothing else. Run as `patient.py PORT BROKER_PORT COMMAND...`.
"""

import asyncio
import struct
import sys
from contextlib import suppress

FETCH = 1
WAIT = 0.08
HOST = b"127.0.0.1"


class Conversation:
    """One client's connection, passed on frame by frame."""

    def __init__(self, port: int, broker_port: int) -> None:
        self._named = HOST + struct.pack(">i", broker_port)
        self._shown = HOST + struct.pack(">i", port)
        self._broker_port = broker_port
        self._asked: asyncio.Queue[int] = asyncio.Queue()
        self._shortest: dict[int, int] = {}
        self._in_vain = False

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        others: asyncio.StreamWriter | None = None
        with suppress(OSError, asyncio.IncompleteReadError):
            answers, others = await asyncio.open_connection("127.0.0.1", self._broker_port)
            tasks = [
                asyncio.create_task(self._ask(reader, others)),
                asyncio.create_task(self._answer(answers, writer)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, others):
            if end is not None:
                end.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            frame = await _frame(reader)
            is_fetch = struct.unpack_from(">h", frame, 4)[0] == FETCH
            if is_fetch and self._in_vain:
                await asyncio.sleep(WAIT)
            self._asked.put_nowait(len(frame) if is_fetch else 0)
            writer.write(frame)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The shortest answer to fetches of one length is the one with nothing in it."""
        while True:
            frame = await _frame(reader)
            asked = await self._asked.get()
            if asked:
                shortest = min(len(frame), self._shortest.get(asked, len(frame)))
                self._shortest[asked] = shortest
                self._in_vain = len(frame) == shortest
            writer.write(frame.replace(self._named, self._shown))


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack(">i", head)[0])


async def main(port: int, broker_port: int, command: list[str]) -> None:
    broker = await asyncio.create_subprocess_exec(*command)
    while True:
        with suppress(OSError):
            _, probe = await asyncio.open_connection("127.0.0.1", broker_port)
            probe.close()
            break
        await asyncio.sleep(0.02)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Conversation(port, broker_port).run(reader, writer)

    await asyncio.start_server(converse, "127.0.0.1", port)
    await broker.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
