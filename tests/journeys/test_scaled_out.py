"""Many APIs and processors at once, some of them killed: nothing lost, nothing done twice."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from safelight.image_app.models import events, variants
from tests.journeys.load import Ledger, Load, lost
from tests.product import wait_for
from tests.scaled import ScaledProduct, Servers

SEED = 5
UPLOADS = 500
CLIENTS = 16
KILLS = 6


@pytest.fixture
def product(tmp_path: Path, servers: Servers, buries_the_dead: None) -> Iterator[ScaledProduct]:
    product = ScaledProduct(
        tmp_path, servers, apis=2, processors=3, SAFELIGHT_CHILDREN="1", SAFELIGHT_LOG_LEVEL="info"
    )
    try:
        product.start()
        yield product
    finally:
        product.end()


def doubled(product: ScaledProduct) -> list[str]:
    """Whatever happened twice to an image, or lies twice in the store."""
    told = select(events.c.image_id, events.c.type).where(
        events.c.type.in_(["image.uploaded", "image.ready", "image.failed"])
    )
    happened = Counter(product.rows(told))
    made = Counter(product.rows(select(variants.c.image_id, variants.c.name)))
    objects = Counter(key.rpartition("-")[0] for key in product.objects() if key[0] == "v")
    return [str(what) for found in (happened, made, objects) for what, n in found.items() if n > 1]


@pytest.mark.timeout(600)
def test_processors_that_come_and_are_killed_lose_and_double_nothing(
    product: ScaledProduct, tmp_path: Path
) -> None:
    moments = random.Random(SEED)
    began = time.monotonic()
    ledger = Ledger(tmp_path / "ledger")
    addresses = [httpx.URL(api.base_url) for api in product.apis]
    with Load(product, ledger, UPLOADS, clients=CLIENTS, addresses=addresses) as load:
        for number in range(KILLS):
            enough = round(UPLOADS * (number + moments.random()) / (KILLS + 1))
            wait_for("more promises", partial(ledger.holds, enough))
            time.sleep(moments.uniform(0, 0.3))
            product.kill_processor()
            product.add_processor()
        load.wait()
        broken_promises = lost(load)
        kept = sum(len(client.all_images()) for client in load.clients)
    twice = doubled(product)
    assert product.stop() == 0
    code, words = product.verify()
    print(
        f"promised={len(ledger.lines())} kept={kept} clients={CLIENTS} kills={KILLS} "
        f"lost={len(broken_promises)} duplicates={len(twice)} verify={code} "
        f"seconds={time.monotonic() - began:.0f}"
    )
    assert broken_promises == []
    assert twice == []
    assert not load.refusals
    assert len(ledger.lines()) == kept == UPLOADS
    assert (code, words) == (0, f"{UPLOADS} images, 0 promises, 0 differences\n")
