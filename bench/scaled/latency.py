"""From upload to four ready variants: in parts against all in one, and where the time goes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.client import Client, form
from bench.scaled.product import scaled
from bench.table import Row
from tests.product import Product, running
from tests.scaled import Servers

ROUNDS = 21
WHAT = "upload → four variants ready, 12 MP"


@dataclass(frozen=True)
class Times:
    """Of one picture, in milliseconds."""

    whole: float
    upload: float
    """Until the upload was answered."""
    work: float
    """From the moment the processor takes the job until its outcome is delivered."""

    @property
    def way(self) -> float:
        """What is left: the promise on its way out, the outcome on its way in, the asking."""
        return self.whole - self.upload - self.work


def measure(servers: Servers, path: Path) -> list[Row]:
    """Medians of rounds taken in turn, so that a busy machine slows both alike."""
    body = form(path.read_bytes(), path.name)
    with running() as embedded, scaled(servers, processors=1) as parts:
        one, other = _rounds([embedded, parts], body)

    def row(what: str, value: Callable[[Times], float]) -> Row:
        reference, measured = median(map(value, one)), median(map(value, other))
        ratio = f" = {measured / reference:.2f}" if reference >= 1 else ""
        return Row(what, f"{reference:.0f} ms embedded", f"{measured:.0f} ms{ratio}")

    return [
        row(f"{WHAT}, in parts over embedded", lambda times: times.whole),
        row("– of it until the upload is answered", lambda times: times.upload),
        row("– of it the processor's work", lambda times: times.work),
        row("– of it the way between them", lambda times: times.way),
    ]


def _rounds(products: list[Product], body: bytes) -> list[list[Times]]:
    clients = [Client(product.base_url) for product in products]
    for client in clients:
        client.sign_up("latency")
        client.wait_until_processed(client.upload(body))
    taken = [[_round(client, body) for client in clients] for _ in range(ROUNDS)]
    works = [_works(product) for product in products]
    return [
        [Times(whole, upload, works[n][id_]) for id_, whole, upload in column]
        for n, column in enumerate(zip(*taken, strict=True))
    ]


def _round(client: Client, body: bytes) -> tuple[str, float, float]:
    """The image's id, milliseconds until it is ready, and until the upload was answered."""
    started = time.perf_counter()
    image_id = client.upload(body)
    answered = time.perf_counter()
    image = client.wait_until_processed(image_id)
    ready = time.perf_counter()
    assert image["status"] == "ready"
    return image_id, (ready - started) * 1000, (answered - started) * 1000


def _works(product: Product) -> dict[str, float]:
    """Milliseconds of work by image id, as the processor logged them."""
    lines = (json.loads(line) for line in product.log.read_text().splitlines())
    return {line["image_id"]: line["ms"] for line in lines if line.get("event") == "processed"}
