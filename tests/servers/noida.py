"""A small broker that speaks Kafka's protocol, from the binary in a wheel."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.servers.server import Server, free_port


class Noida(Server):
    """Consumer groups, rebalancing and the idempotent producer, up in a tenth of a second."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._broker_port = free_port()

    def command(self) -> Sequence[str | Path]:
        return [
            *(sys.executable, Path(__file__).with_name("patient.py")),
            *(str(self.port), str(self._broker_port)),
            *(Path(sys.executable).with_name("noida-db"), "start", "--only", "kafka"),
            *("--host", "127.0.0.1", "--kafka-port", str(self._broker_port)),
            *("--data-dir", str(self.folder / "data")),
        ]

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Its data is safe at any moment."""
        self.kill()

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"
