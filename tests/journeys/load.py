"""Several clients that upload at once and write down what they were promised."""

import json
import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx

from tests.client import Client
from tests.journeys import pictures
from tests.product import Product, wait_for

CLIENTS = 4
SIDES = ((640, 480), (320, 240), (480, 360), (1200, 900))


class Ledger:
    """What the product promised: on disk before it is believed, never changed afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        path.touch()

    def write(self, client: int, image: dict[str, Any], digest: str) -> None:
        line = json.dumps([client, image["id"], digest])
        with self._lock, self._path.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[tuple[int, str, str]]:
        """Client, image and SHA-256 of everything that was promised."""
        return [tuple(json.loads(line)) for line in self._path.read_text().splitlines()]

    def holds(self, count: int) -> bool:
        """Whether so many promises were made."""
        return len(self.lines()) >= count


class Load:
    """Clients that send so many different pictures, each until it is promised."""

    def __init__(
        self,
        product: Product,
        ledger: Ledger,
        count: int,
        clients: int = CLIENTS,
    ) -> None:
        self.product = product
        self.ledger = ledger
        self.clients = [Client(product.base_url) for _ in range(clients)]
        self.refusals: Counter[str] = Counter()
        self.broken = 0
        self.up = Event()
        self.up.set()
        self._ended = Event()
        self._numbers = iter(range(count))
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(clients)
        self._running: list[Future[None]] = []

    def __enter__(self) -> "Load":
        for client in self.clients:
            client.sign_up()
        self._running = [self._pool.submit(self._send, n) for n in range(len(self.clients))]
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for client in self.clients:
            client.close()

    def wait(self) -> None:
        """Until everything is sent."""
        for sender in self._running:
            sender.result()

    def end(self) -> None:
        """Send no more, whatever is left."""
        self._ended.set()
        self.up.set()
        self._pool.shutdown()

    def _next(self) -> int | None:
        with self._lock:
            return None if self._ended.is_set() else next(self._numbers, None)

    def _send(self, who: int) -> None:
        while (number := self._next()) is not None:
            content = pictures.jpeg(SIDES[number % len(SIDES)], number)
            while not self._promised(who, content):
                self.up.wait()
                if self._ended.is_set():
                    return

    def _promised(self, who: int, content: bytes) -> bool:
        client = self.clients[who]
        client.base_url = httpx.URL(self.product.base_url)
        try:
            answer = client.offer(content)
        except httpx.TransportError:
            self.broken += 1
            return False
        if answer.status_code != httpx.codes.CREATED:
            self.refusals[f"{answer.status_code} {answer.text}"] += 1
            return False
        self.ledger.write(who, answer.json(), sha256(content).hexdigest())
        return True


def lost(load: Load) -> list[str]:
    """Every broken promise, in words. Waits until everything is processed."""
    promised = load.ledger.lines()
    found = []
    for who, client in enumerate(load.clients):
        client.base_url = httpx.URL(load.product.base_url)
        client.sign_in()
        with suppress(AssertionError):
            wait_for("the queue to empty", partial(_all_done, client), 0.1)
        images = {image["id"]: image for image in client.all_images()}
        mine = {image_id: digest for owner, image_id, digest in promised if owner == who}
        found += [f"{image_id} is not listed" for image_id in mine if image_id not in images]
        for image in images.values():
            fault = _fault(client, image, mine.get(image["id"], image["sha256"]))
            found += [f"{image['id']} {fault}"] if fault else []
        usage = client.get("/v1/auth/me").json()["usage"]
        kept = {"images": len(images), "bytes": sum(i["size"] for i in images.values())}
        if {name: usage[name] for name in kept} != kept:
            found.append(f"usage is {usage} and not {kept}")
    return found


def _all_done(client: Client) -> bool:
    return all(image["status"] != "processing" for image in client.all_images())


def _fault(client: Client, image: dict[str, Any], digest: str) -> str:
    if image["status"] != "ready":
        # Not even a reason would excuse it: all of these pictures are good.
        return f"is {image['status']}: {image['error']}"
    original = client.get(image["url"])
    if original.status_code != httpx.codes.OK or sha256(original.content).hexdigest() != digest:
        return "has another original"
    for variant in image["variants"]:
        answer = client.get(variant["url"])
        if variant["status"] != "ready" or answer.status_code != httpx.codes.OK:
            return f"has no {variant['name']}"
        if pictures.opened(answer.content).size != (variant["width"], variant["height"]):
            return f"has another {variant['name']}"
    return ""
