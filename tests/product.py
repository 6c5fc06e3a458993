"""A started product: what its users start, as a process tree of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import httpx
import psutil

T = TypeVar("T")

SAFELIGHT = Path(sys.executable).with_name("safelight")
PATIENCE = 60.0


def wait_for(what: str, look: Callable[[], T | None], pause: float = 0.02) -> T:
    """What `look` finds, as soon as it finds something; AssertionError after a minute."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError(f"waited in vain for {what}")


class Product:
    """One installation: a data folder, and the process tree that serves it when started."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.base_url = ""
        self._environment = {
            "PATH": os.environ["PATH"],
            "SAFELIGHT_LOG_FORMAT": "json",
            **settings,
        }
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it is ready."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [SAFELIGHT, "up", "--port", "0", "--data-dir", self.data],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        first_line = self._process.stdout.readline()
        assert first_line.startswith("API"), self.log.read_text()[-3000:]
        self.base_url = first_line.split()[1].removesuffix("/v1")
        wait_for("the product to be ready", self._is_ready)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate(timeout=PATIENCE)
        return self._process.returncode

    def kill(self) -> None:
        """SIGKILL for every process of the tree."""
        assert self._process is not None
        children = psutil.Process(self.pid).children(recursive=True)
        self._process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._process.communicate(timeout=PATIENCE)
        psutil.wait_procs(children, timeout=PATIENCE)

    def verify(self) -> tuple[int, str]:
        """Exit code and words of `safelight verify`."""
        done = subprocess.run(
            [SAFELIGHT, "verify", "--data-dir", self.data],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def files(self) -> list[Path]:
        """Every file of the object store, half-written ones too."""
        return [path for path in (self.data / "objects").rglob("*") if path.is_file()]

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.base_url}/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@contextmanager
def running(**settings: str) -> Iterator[Product]:
    """A product in a folder of its own, stopped and forgotten when the block ends."""
    with TemporaryDirectory() as folder:
        product = Product(Path(folder), **settings)
        try:
            product.start()
            yield product
            product.stop()
        finally:
            product.end()
