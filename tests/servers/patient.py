"""Stands between Kafka's clients and a broker that answers a fetch at once when there is nothing.

Kafka itself waits with such an answer until there is something, or half a second has passed;
without that wait every consumer asks thousands of times a second, and the tests of a scaled
product would measure nothing else.

And it calls a generation old as soon as one more joins the group, whom Kafka lets the others join
first. Who is told so comes back as somebody else, and the broker waits for ever for who it was.
What Kafka says while a group is put together anew has a client join again as who it is.

Run as `patient.py PORT BROKER_PORT COMMAND...`.
"""

import asyncio
import struct
import sys
from contextlib import suppress

FETCH = 1
OFFSET_COMMIT = 8
ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS = 22, 27
WAIT = 0.08
HOST = b"127.0.0.1"


class Conversation:
    """One client's connection, passed on frame by frame."""

    def __init__(self, port: int, broker_port: int) -> None:
        self._named = HOST + struct.pack(">i", broker_port)
        self._shown = HOST + struct.pack(">i", port)
        self._broker_port = broker_port
        self._asked: asyncio.Queue[tuple[int, int, int]] = asyncio.Queue()
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
            kind, version = struct.unpack_from(">hh", frame, 4)
            if kind == FETCH and self._in_vain:
                await asyncio.sleep(WAIT)
            self._asked.put_nowait((kind, version, len(frame)))
            writer.write(frame)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The shortest answer to fetches of one length is the one with nothing in it."""
        while True:
            frame = await _frame(reader)
            kind, version, asked = await self._asked.get()
            if kind == OFFSET_COMMIT:
                frame = _as_kafka_refuses(frame, version)
            elif kind == FETCH:
                shortest = min(len(frame), self._shortest.get(asked, len(frame)))
                self._shortest[asked] = shortest
                self._in_vain = len(frame) == shortest
            writer.write(frame.replace(self._named, self._shown))


def _as_kafka_refuses(answer: bytes, version: int) -> bytes:
    """The answer to a commit, with another word for a generation that is not the group's."""
    said = bytearray(answer)
    place = 12 if version >= 3 else 8  # its length and number, and how long to wait
    (topics,) = struct.unpack_from(">i", said, place)
    place += 4
    for _ in range(topics):
        (length,) = struct.unpack_from(">h", said, place)
        (partitions,) = struct.unpack_from(">i", said, place + 2 + length)
        place += 6 + length
        for _ in range(partitions):
            if struct.unpack_from(">h", said, place + 4)[0] == ILLEGAL_GENERATION:
                struct.pack_into(">h", said, place + 4, REBALANCE_IN_PROGRESS)
            place += 6
    return bytes(said)


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
