"""Somebody who listens where no picture should ever make the product go."""

import socket
from threading import Event, Thread

MOMENT, PATIENCE = 0.1, 10.0


class Canary:
    """While the block runs, counts whoever connects to its port of this machine."""

    def __init__(self, port: int = 0) -> None:
        self._listening = socket.create_server(("127.0.0.1", port))
        self._listening.settimeout(MOMENT)
        self._ended = Event()
        self._thread = Thread(target=self._listen, daemon=True)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/canary"
        self.calls: list[bytes] = []

    def __enter__(self) -> "Canary":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._listening.close()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    self.calls.append(connection.recv(1000))
                except OSError:
                    self.calls.append(b"")
