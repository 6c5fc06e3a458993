"""The load generator as its users see it, and the bare server beside the product."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

CONNECTIONS = 8


class Load(NamedTuple):
    """What came back."""

    answers: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire; `line` is such as `GET /v1/images`."""
    lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Generator:
    """Sends requests that lie in files, from another process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.api.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, name: str, *requests: bytes) -> Path:
        """A file of requests as they go over the wire: one with a body, or many without."""
        path = self._folder / name
        path.write_bytes(b"".join(requests))
        return path

    def run(
        self,
        base_url: str,
        requests: Path,
        seconds: float,
        status: int = 200,
        connections: int = CONNECTIONS,
        again: bool = True,
    ) -> Load:
        """Ask for so long; `again` begins anew when all is asked. Raises RuntimeError for an
        answer of another status.
        """
        command = {
            "port": urlsplit(base_url).port,
            "requests": str(requests),
            "seconds": seconds,
            "status": status,
            "connections": connections,
            "again": again,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator failed; it says why above")
        return Load(**json.loads(line))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def generating(folder: Path) -> Iterator[Generator]:
    generator = Generator(folder)
    try:
        yield generator
    finally:
        generator.end()


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """The address of a bare server that serves the files of the folder."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.api.bare", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "SAFELIGHT_LOG_LEVEL": "error"},
    )
    assert server.stdout
    try:
        yield server.stdout.readline().split()[1]
    finally:
        server.kill()
        server.wait()
