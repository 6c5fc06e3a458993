"""A started product: what its users start, or the same forked, as process trees of their own."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from threading import Timer
from typing import Any, TypeVar

import httpx
import psutil
from sqlalchemy import Select, select

from safelight.backends.database import Database, DatabaseUnavailable
from safelight.image_app.models import uploads
from tests import plain_http
from tests.commands import Arguments, Start, Started

T = TypeVar("T")
P = TypeVar("P", bound="Product")

PATIENCE = 60.0
ENDING = 120.0
"""More than a part lets itself take (`safelight.overdue`) with the drain that is the default, so
that it says what held it up; `pytest` lets a story take 180 s."""
LONGEST_WORDS = 20_000


def wait_for(what: str, look: Callable[[], T | None], pause: float = 0.05) -> T:
    """What `look` finds, as soon as it finds something; AssertionError after a minute."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError(f"waited in vain for {what}")


class Part:
    """One started command, with the processes that it starts itself."""

    def __init__(
        self, start: Start, arguments: Arguments, environment: dict[str, str], log: Path
    ) -> None:
        self.kind = str(arguments[0])
        self._log = log
        self.process = start(arguments, environment, log)
        first_line = self.process.stdout.readline().split()
        assert len(first_line) > 1, log.read_text()[-3000:]
        self.base_url = first_line[1].removesuffix("/v1").removesuffix("/health/ready")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-3000:]
        try:
            answer = plain_http.get(f"{self.base_url}/health/ready", timeout=10)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def children(self) -> list[psutil.Process]:
        """What it has started; nothing any more once it has ended."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def ask_to_stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        began = time.monotonic()
        code = self.process.wait(ENDING)
        self.process.stdout.close()
        in_time = time.monotonic() - began < PATIENCE
        assert in_time, f"it took too long to end: {self._log.read_text()[-LONGEST_WORDS:]}"
        assert code != 1, self._log.read_text()[-LONGEST_WORDS:]
        return code

    def kill(self) -> None:
        """SIGKILL for every process of the tree."""
        children = self.children()
        self.process.send_signal(signal.SIGKILL)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self.wait()
        psutil.wait_procs(children, timeout=PATIENCE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.kill()


class Product:
    """One installation, embedded: a data folder, and the process tree that serves it.

    `begin` is how that and its commands are started.
    """

    begin: Start = Started

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.base_url = ""
        self.environment = {
            "PATH": os.environ["PATH"],
            "SAFELIGHT_LOG_FORMAT": "json",
            "SAFELIGHT_DATA_DIR": str(self.data),
            "SAFELIGHT_LIMIT_REGISTER": "100000/minute",
            "SAFELIGHT_LIMIT_LOGIN": "100000/minute",
            # The stories ask for more at once than people do.
            "SAFELIGHT_LIMIT_UPLOAD": "100000/minute",
            "SAFELIGHT_LIMIT_JOBS": "100000/minute",
            **settings,
        }
        self.parts: list[Part] = []

    def start(self) -> None:
        """Start and wait until it is ready."""
        self.parts = [self.part("up", "--port", "0")]
        self.base_url = self.parts[0].base_url
        wait_for("the product to be ready", self.is_ready)

    def part(self, *arguments: str) -> Part:
        """A started command of this installation."""
        return Part(self.begin, arguments, self.environment, self.log)

    def is_ready(self) -> bool:
        return all(part.is_ready() for part in self.parts)

    def decoders(self) -> list[psutil.Process]:
        """The processes that open pictures."""
        return [child for part in self.parts for child in part.children()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; 0 when every part ended well."""
        for part in self.parts:
            part.ask_to_stop(number)
        return max([abs(part.wait()) for part in self.parts])

    def kill(self) -> None:
        """SIGKILL for every process of the product."""
        for part in self.parts:
            part.kill()

    def verify(self) -> tuple[int, str]:
        """Exit code and words of `safelight verify`."""
        return self.run("verify")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and words of a command that ends."""
        with NamedTemporaryFile() as besides:
            command = self.begin(arguments, self.environment, Path(besides.name))
            watch = Timer(PATIENCE, command.send_signal, [signal.SIGKILL])
            watch.start()
            try:
                with command.stdout as output:
                    said = output.read()
                code = command.wait(PATIENCE)
            finally:
                watch.cancel()
            said += besides.read().decode()
        assert code != -signal.SIGKILL, f"{' '.join(arguments)} has not ended in time: {said}"
        return code, said

    def objects(self) -> list[str]:
        """Every object, half-written ones too."""
        folder = self.data / "objects"
        # `os.walk`, unlike `rglob`, lets a folder be removed while it looks.
        files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
        return [str(path.relative_to(folder)) for path in files]

    def database_url(self) -> str:
        return f"sqlite:///{self.data / 'safelight.db'}"

    def uploads_under_way(self) -> int:
        """How many uploads have begun and not ended."""
        return len(self.rows(select(uploads.c.id)))

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """What the database answers, perhaps not at once."""

        async def ask() -> list[tuple[Any, ...]]:
            database = Database(self.database_url())
            try:
                async with database.reading() as connection:
                    return [tuple(row) for row in await connection.execute(query)]
            finally:
                await database.close()

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return asyncio.run(ask())
            except DatabaseUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        for part in self.parts:
            part.end()


@contextmanager
def serving(product: P) -> Iterator[P]:
    """The product, started; stopped when the block ends, and gone whatever happens."""
    try:
        product.start()
        yield product
        product.stop()
    finally:
        product.end()


@contextmanager
def running(**settings: str) -> Iterator[Product]:
    """A product in a folder of its own, stopped and forgotten when the block ends."""
    with TemporaryDirectory() as folder, serving(Product(Path(folder), **settings)) as product:
        yield product
