"""The product as its users start it, in a folder of its own."""

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SAFELIGHT = Path(sys.executable).with_name("safelight")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Product:
    """A running Safelight."""

    base_url: str
    pid: int


@contextmanager
def running() -> Iterator[Product]:
    """Start the product on a free port; stop it, and forget its data, when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [SAFELIGHT, "up", "--port", "0", "--data-dir", f"{folder}/data"]
        environment = {"PATH": os.environ["PATH"], "SAFELIGHT_LOG_LEVEL": "error"}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, cwd=folder
        )
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            base_url = process.stdout.readline().split()[1].removesuffix("/v1")
            _wait_until_ready(base_url)
            yield Product(base_url, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=START_SECONDS)


def _wait_until_ready(base_url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection(base_url.removeprefix("http://"))
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the product did not become ready")
