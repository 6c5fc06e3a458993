"""One server: a child process with a port and a folder of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def free_port() -> int:
    """A port below those that the kernel gives to outgoing connections, so that a server finds
    its own again after a restart.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker % 2 * 6_000 + os.getpid() * 37 % 4_000
    for port in range(first, 32_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise RuntimeError("no port is free")


_given: set[int] = set()


class Server:
    """Subclasses say how it is started, and when it is up."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def user(self) -> int | None:
        """Whom to run as, when not whoever runs the tests."""
        return None

    def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> None:
        """Start, and wait until it answers."""
        log_path = self.folder / "log"
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=self.user(),
                group=self.user(),
                extra_groups=None if self.user() is None else [],
                cwd=self.folder,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command()[0]} did not start: {_end_of(log_path)}")
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, for it and for what it started."""
        if self._process is None:
            return
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(STOP_SECONDS)
        self._process = None

    def pause(self) -> None:
        """Freeze it: its connections stay, and nothing answers."""
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def ensure(self) -> None:
        """Up and running, whatever was done to it."""
        if self._process is None:
            self.start()
        else:
            self.resume()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _tree(self) -> list[psutil.Process]:
        assert self._process is not None
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
