"""How a command of the product is started: as its users do, or already loaded.

A start of Python with all libraries takes seconds of a core, and the stories start hundreds of
commands. So most are forked from one process that has loaded the product and done nothing yet:
each is a real process all the same, with arguments, an environment, signals and an exit code of its
own. What Python does before the product is loaded and after it has ended is not seen so.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from typing import IO, Protocol

SAFELIGHT = Path(sys.executable).with_name("safelight")
PARTS = "safelight.composition"
LOADED = [
    *("safelight.cli", f"{PARTS}.embedded", f"{PARTS}.api", f"{PARTS}.processor"),
    *(f"{PARTS}.verifying", f"{PARTS}.commands", f"{PARTS}.letters", f"{PARTS}.signing"),
    *(f"{PARTS}.doctor.examination", "safelight.image_app.verification.repair"),
]
"""Where what the commands import begins; what is not named here is loaded by each of them."""
LOOK_SECONDS = 1.0
Arguments = tuple[str | Path, ...]

_forking = get_context("forkserver")
_one_at_a_time = Lock()
"""Whoever asks first how a process has ended is told, and each start asks of all of them."""
_forking.set_forkserver_preload(LOADED)


class Command(Protocol):
    """A process; standard output is a pipe, and what it says besides is added to the log."""

    stdout: IO[str]

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; None as long as it runs."""

    def wait(self, timeout: float) -> int:
        """As `poll`, once it has ended; an exception when that takes too long."""

    def send_signal(self, number: int) -> None: ...


class Start(Protocol):
    """`Started` or `Forked`."""

    def __call__(self, arguments: Arguments, environment: dict[str, str], log: Path) -> Command: ...


class Started:
    """As its users start it."""

    def __init__(self, arguments: Arguments, environment: dict[str, str], log: Path) -> None:
        with log.open("a") as file:
            self._process = subprocess.Popen(
                [SAFELIGHT, *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        assert self._process.stdout is not None
        self.stdout = self._process.stdout
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, timeout: float) -> int:
        return self._process.wait(timeout)

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)


class Forked:
    """From a process that has loaded the product."""

    def __init__(self, arguments: Arguments, environment: dict[str, str], log: Path) -> None:
        told = [name for name in environment if name.startswith(("PYTHON", "LD_"))]
        assert not told, f"{told} are for Python, which is not started here"
        reader, writer = _forking.Pipe(duplex=False)
        with reader, writer:
            words = ["safelight", *map(str, arguments)]
            self._process = _forking.Process(
                target=_run, args=(words, environment, writer, log), daemon=True
            )
            with _one_at_a_time:
                self._process.start()
            self.stdout: IO[str] = os.fdopen(os.dup(reader.fileno()))
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        with _one_at_a_time:
            return self._process.exitcode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} has not ended within {timeout} s")
            wait([self._process.sentinel], LOOK_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and nobody was told yet
                os.kill(self.pid, number)


def _run(words: list[str], environment: dict[str, str], output: Connection, log: Path) -> None:
    """What the command does, in the forked process."""
    os.dup2(output.fileno(), 1)
    output.close()
    with log.open("a") as file:
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    sys.orig_argv = [sys.executable, str(SAFELIGHT), *words[1:]]
    from safelight.cli import main

    main()
