"""What the product promised, and what was asked of it since: on disk before it is believed."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any


@dataclass
class Promise:
    """An image that the product said it has. `gone`: whoever asked to delete it was told that it
    is; `leaving`: was told nothing, so that both is right. `may_fail`: it need not become ready.
    `again`: it was asked to be made once more.
    """

    image_id: str
    username: str
    digest: str
    number: int
    gone: bool = False
    leaving: bool = False
    may_fail: bool = False
    again: bool = False


class Ledger:
    """Lines are only ever added, each safe on the disk before the next thing is done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._promises: dict[str, Promise] = {}
        path.touch()

    def promise(self, username: str, image_id: str, digest: str) -> None:
        """The product has answered `201` to these bytes."""
        with self._lock:
            self._write("promise", username, image_id, digest)
            number = len(self._promises)
            self._promises[image_id] = Promise(image_id, username, digest, number)

    def leaving(self, image_id: str) -> None:
        """Say it before asking to delete it: from now on it may be there or not."""
        with self._lock:
            self._write("leaving", image_id)
            self._promises[image_id].leaving = True

    def gone(self, image_id: str) -> None:
        """It was answered that it is deleted, and so it stays."""
        with self._lock:
            self._write("gone", image_id)
            self._promises[image_id].gone = True

    def may_fail(self, image_id: str) -> None:
        """It is a bad picture, or the harm was meant for it."""
        with self._lock:
            self._write("may fail", image_id)
            self._promises[image_id].may_fail = True

    def reprocessed(self, image_id: str) -> None:
        """It is made once more, and becomes ready as often."""
        with self._lock:
            self._write("again", image_id)
            self._promises[image_id].again = True

    def promises(self, since: int = 0) -> list[Promise]:
        """All of them, or those since then."""
        with self._lock:
            return [p for p in self._promises.values() if p.number >= since]

    def get(self, image_id: str) -> Promise | None:
        with self._lock:
            return self._promises.get(image_id)

    def __len__(self) -> int:
        with self._lock:
            return len(self._promises)

    def _write(self, *line: Any) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
